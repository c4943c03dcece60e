//! Pays a provider's balance out, under their account's lock.

use custody::{DecisionContext, MovementId, Payout, PayoutStep, PayoutWrites, ProviderMoney};
use platform::{
    columns, outbox, row,
    sql::{Columns, Statement, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId};

use super::{
    StepContext, Store, StoreError,
    admin_decisions::{load_fee_policies, open_case},
    for_update,
    journals::book_journals,
    money_events::payout_event,
    parse_column, parse_pending_call, update_row,
};

const BALANCE: &str = "SELECT balance_minor FROM accounts \
    WHERE account = 'provider' AND owner_id = ? AND currency = ?";
const OWED: &str = "SELECT owner_id, currency FROM accounts \
    WHERE account = 'provider' AND (owner_id > ? OR (owner_id = ? AND currency > ?)) AND balance_minor <= ? \
    ORDER BY owner_id, currency LIMIT ?";
/// Batch size.
const BATCH: usize = 200;

row! {
    #[derive(Debug, Clone)]
    pub struct PayoutRow in payouts {
        pub id: Uuid,
        pub provider_id: UserId,
        pub amount_minor: i64,
        pub currency: Currency,
        pub status: String,
        ask: String,
        tries: u32,
        ask_at: UnixMillis,
        pub created_at: UnixMillis,
        pub updated_at: UnixMillis,
    }
}

columns! {
    /// The mutable columns of a payout.
    pub struct PayoutChange in payouts {
        status: &'static str,
        ask: &'static str,
        tries: u32,
        ask_at: UnixMillis,
        updated_at: UnixMillis,
    }
}

impl Store {
    /// `None` if nothing changes.
    pub async fn apply_payout_step(
        &self,
        provider: UserId,
        currency: Currency,
        step: PayoutStep,
    ) -> Result<Option<PayoutWrites>, StoreError> {
        self.apply_payout_step_at(provider, currency, step, self.new_step_context())
            .await
    }

    /// The same, with a given time and id.
    pub async fn apply_payout_step_at(
        &self,
        provider: UserId,
        currency: Currency,
        step: PayoutStep,
        context: StepContext,
    ) -> Result<Option<PayoutWrites>, StoreError> {
        transact!(self.sql, tx => {
            self.apply_payout_step_in(tx, provider, currency, step, context).await
        })
    }

    /// The providers after `after` with enough balance for a payout, at most one batch.
    pub async fn list_owed_providers(
        &self,
        after: Option<(UserId, Currency)>,
    ) -> Result<Vec<(UserId, Currency)>, StoreError> {
        let least = -self.limits.payout_least_minor;
        let (owner, currency) = after.map_or((UserId(Uuid::nil()), ""), |(owner, currency)| {
            (owner, currency.as_str())
        });
        Ok(self
            .sql
            .fetch_all(OWED, vals![owner, owner, currency, least, BATCH])
            .await?)
    }

    async fn apply_payout_step_in(
        &self,
        tx: &mut Tx,
        provider: UserId,
        currency: Currency,
        step: PayoutStep,
        StepContext { now, fresh }: StepContext,
    ) -> Result<Option<PayoutWrites>, StoreError> {
        let text = for_update(tx, Statement::new(BALANCE));
        let balance: Option<i64> = tx.fetch_optional(text, vals![provider, currency]).await?;
        let Some(balance) = balance else {
            return Ok(None);
        };
        let named = match step {
            PayoutStep::HourStruck => Uuid::nil(),
            PayoutStep::Answered { payout, .. } => payout.0,
        };
        let text = PayoutRow::select(
            "WHERE provider_id = ? AND currency = ? AND (status = 'pending' OR id = ?) ORDER BY created_at, id",
        );
        let rows: Vec<PayoutRow> = tx.fetch_all(text, vals![provider, currency, named]).await?;
        let payouts = rows
            .into_iter()
            .map(PayoutRow::into_payout)
            .collect::<Result<_, _>>()?;
        let rows = ProviderMoney {
            provider_id: provider,
            currency,
            balance_minor: -balance,
            payouts,
        };
        let policies = load_fee_policies(tx).await?;
        let decision_context = DecisionContext {
            now,
            fresh,
            policies: &policies,
            limits: self.limits,
        };
        let Some(writes) = custody::decide_payout(&rows, step, &decision_context) else {
            return Ok(None);
        };
        let before = rows
            .payouts
            .iter()
            .find(|known| known.id == writes.payout.id);
        if before.is_some() {
            update_row(
                tx,
                PayoutChange::from_payout(&writes.payout, now),
                writes.payout.id,
            )
            .await?;
        } else {
            tx.insert(PayoutRow::from_payout(
                &writes.payout,
                provider,
                currency,
                now,
            ))
            .await?;
        }
        book_journals(tx, &self.clock, writes.journal.as_slice(), None, provider.0).await?;
        if let Some(case) = &writes.case {
            open_case(tx, OrderId(Uuid::nil()), case, now).await?;
        }
        if before.is_none_or(|before| before.state != writes.payout.state) {
            let told = payout_event(&self.clock, provider, currency, &writes.payout, now)?;
            outbox::add_all(tx, told.as_slice()).await?;
        }
        Ok(Some(writes))
    }
}

impl PayoutRow {
    pub fn from_payout(
        payout: &Payout,
        provider_id: UserId,
        currency: Currency,
        now: UnixMillis,
    ) -> Self {
        Self {
            id: payout.id.0,
            provider_id,
            amount_minor: payout.amount_minor,
            currency,
            status: payout.state.as_str().to_owned(),
            ask: payout.call.ask.as_str().to_owned(),
            tries: payout.call.tries,
            ask_at: payout.call.at,
            created_at: payout.created_at,
            updated_at: now,
        }
    }

    pub fn into_payout(self) -> Result<Payout, StoreError> {
        Ok(Payout {
            id: MovementId(self.id),
            amount_minor: self.amount_minor,
            state: parse_column(&self.status, "payouts.status", self.id)?,
            created_at: self.created_at,
            call: parse_pending_call(&self.ask, self.id, self.tries, self.ask_at)?,
        })
    }
}

impl PayoutChange {
    pub(super) fn from_payout(payout: &Payout, now: UnixMillis) -> Self {
        Self {
            status: payout.state.as_str(),
            ask: payout.call.ask.as_str(),
            tries: payout.call.tries,
            ask_at: payout.call.at,
            updated_at: now,
        }
    }
}
