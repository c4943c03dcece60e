//! Pays a provider's balance out, under their account's lock.

use custody::{DecisionContext, PayoutStep, PayoutWrites, ProviderMoney};
use platform::{
    outbox,
    sql::{Columns, Statement, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{Currency, OrderId, UserId};

use super::{
    StepContext, Store, StoreError, load,
    rows::{PayoutChange, PayoutRow},
    write,
};

const BALANCE: &str = "SELECT balance_minor FROM accounts \
    WHERE account = 'provider' AND owner_id = ? AND currency = ?";
const OWED: &str = "SELECT owner_id, currency FROM accounts \
    WHERE account = 'provider' AND (owner_id > ? OR (owner_id = ? AND currency > ?)) AND balance_minor <= ? \
    ORDER BY owner_id, currency LIMIT ?";

/// The largest `Amount`, because the payout's event must carry it. The rest goes with the next
/// payout.
const PAYOUT_MOST_MINOR: i64 = 9_999_999_999;
/// Batch size.
const BATCH: usize = 200;

impl Store {
    /// `None` if nothing changes.
    pub async fn pay_out(
        &self,
        provider: UserId,
        currency: Currency,
        step: PayoutStep,
    ) -> Result<Option<PayoutWrites>, StoreError> {
        self.pay_out_at(provider, currency, step, self.new_step_context())
            .await
    }

    /// The same, with a given time and id.
    pub async fn pay_out_at(
        &self,
        provider: UserId,
        currency: Currency,
        step: PayoutStep,
        occasion: StepContext,
    ) -> Result<Option<PayoutWrites>, StoreError> {
        transact!(self.sql, tx => {
            self.pay_out_in(tx, provider, currency, step, occasion).await
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

    async fn pay_out_in(
        &self,
        tx: &mut Tx,
        provider: UserId,
        currency: Currency,
        step: PayoutStep,
        StepContext { now, fresh }: StepContext,
    ) -> Result<Option<PayoutWrites>, StoreError> {
        let text = load::for_update(tx, Statement::new(BALANCE));
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
        let balance_minor = (-balance).min(PAYOUT_MOST_MINOR);
        let rows = ProviderMoney {
            provider_id: provider,
            currency,
            balance_minor,
            payouts,
        };
        let policies = load::load_fee_policies(tx).await?;
        let basis = DecisionContext {
            now,
            fresh,
            policies: &policies,
            limits: self.limits,
            disabled: None,
        };
        let Some(writes) = custody::decide_payout(&rows, step, &basis) else {
            return Ok(None);
        };
        let before = rows
            .payouts
            .iter()
            .find(|known| known.id == writes.payout.id);
        if before.is_some() {
            write::update_row(
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
        write::book_journals(tx, &self.clock, writes.journal.as_slice(), None, provider.0).await?;
        if let Some(case) = &writes.case {
            write::list(tx, OrderId(Uuid::nil()), case, now).await?;
        }
        if before.is_none_or(|before| before.state != writes.payout.state) {
            let told = write::payout_event(&self.clock, provider, currency, &writes.payout, now)?;
            outbox::store::add_all(tx, told.as_slice()).await?;
        }
        Ok(Some(writes))
    }
}
