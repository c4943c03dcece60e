//! The only way to change an order's money: lock its due, decide, write.

use custody::{DecisionContext, MoneyRefusal, MoneyStep, MoneyWrites, MovementId, OrderMoney};
use platform::{
    row,
    sql::{Columns, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{CommandId, OrderId, UnixMillis, UserId};

use super::{MoneyAct, StepContext, Store, StoreError, acts, load, rows::DueRow, write};

/// Retries after another transaction opens the same due concurrently. One is enough; the rest is
/// margin.
const COLLISIONS_MAX: u32 = 4;

const OF_KEY: &str = "WHERE user_id = ? AND request_key = ?";
const TOLD: &str = "UPDATE dues SET told_at = ? WHERE order_id = ?";

/// Data that a step records besides the domain's decision.
#[derive(Debug, Clone, Default)]
pub struct StepMetadata {
    /// For a payment, the adapter's token of the payment method.
    pub method: Option<String>,
    /// For a refund request.
    pub reason: Option<String>,
    pub by: Option<UserId>,
    /// For the record of admins' actions.
    pub act: Option<MoneyAct>,
    pub request: Option<KeyedRequest>,
}

/// A person's idempotency key. Its answer is kept permanently [KEY_ONCE].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedRequest {
    pub user: UserId,
    pub key: CommandId,
    pub kind: &'static str,
    /// The request's subject besides the order, if the request begins no movement.
    pub subject: Option<Uuid>,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    Done(Box<MoneyWrites>),
    /// The same request with the same key began this movement earlier.
    Repeated(MovementId),
    /// The key has already been used for a different request.
    KeyReused,
    Refused(MoneyRefusal),
    /// The order is unknown here.
    Unknown,
}

row! {
    struct KeyRow in request_keys {
        user_id: UserId,
        request_key: CommandId,
        order_id: OrderId,
        kind: String,
        amount_minor: i64,
        movement_id: Uuid,
        at: UnixMillis,
    }
}

impl Store {
    pub async fn apply_step(
        &self,
        order: OrderId,
        step: &MoneyStep,
        metadata: &StepMetadata,
    ) -> Result<StepOutcome, StoreError> {
        self.step_at(order, step, metadata, self.new_step_context())
            .await
    }

    /// The same, with a given time and id, so that a run can be replayed.
    pub async fn step_at(
        &self,
        order: OrderId,
        step: &MoneyStep,
        metadata: &StepMetadata,
        occasion: StepContext,
    ) -> Result<StepOutcome, StoreError> {
        for _ in 0..=COLLISIONS_MAX {
            let done = transact!(self.sql, tx => {
                self.step_in(tx, order, step, metadata, occasion).await
            });
            if let Some(outcome) = done? {
                return Ok(outcome);
            }
        }
        Err(StoreError::Contradiction(
            "the money row of an order can be neither found nor created",
        ))
    }

    /// Returns true if a request with this key is already done.
    pub async fn knows_key(&self, asked: &KeyedRequest) -> Result<bool, StoreError> {
        let text = KeyRow::select(OF_KEY);
        let row: Option<KeyRow> = self
            .sql
            .fetch_optional(text, vals![asked.user, asked.key])
            .await?;
        Ok(row.is_some())
    }

    /// The current state of an order's money.
    pub async fn load_order_money(&self, order: OrderId) -> Result<Option<OrderMoney>, StoreError> {
        transact!(self.sql, tx => { load::load_order_locked(tx, order).await })
    }

    /// `None` if another transaction has just opened the due.
    async fn step_in(
        &self,
        tx: &mut Tx,
        order: OrderId,
        step: &MoneyStep,
        metadata: &StepMetadata,
        occasion: StepContext,
    ) -> Result<Option<StepOutcome>, StoreError> {
        let stored = load::load_order_locked(tx, order).await?;
        if let Some(outcome) = find_stored_answer(tx, order, metadata.request).await? {
            return Ok(Some(outcome));
        }
        let (before, opens) = match (stored, step) {
            (Some(rows), _) => (rows, false),
            (None, MoneyStep::OrderHeard(heard)) => {
                (custody::open_order_money(heard.clone(), occasion.now), true)
            }
            (None, _) => return Ok(Some(StepOutcome::Unknown)),
        };
        let policies = load::load_fee_policies(tx).await?;
        let StepContext { now, fresh } = occasion;
        let basis = DecisionContext {
            now,
            fresh,
            policies: &policies,
            limits: self.limits,
            disabled: None,
        };
        let writes = match custody::decide_money_step(&before, step, &basis) {
            Ok(writes) => writes,
            Err(refusal) => return Ok(Some(StepOutcome::Refused(refusal))),
        };
        if opens && !tx.insert_new(DueRow::from_due(&writes.due, now)).await? {
            return Ok(None);
        }
        let looks = *step == MoneyStep::TimePassed;
        if !opens && (looks || writes.due != before.due) {
            let mut values = DueRow::from_due(&writes.due, now).values();
            values.push(order.into());
            tx.exec(DueRow::update("WHERE order_id = ?"), values)
                .await?;
        }
        write::write_decision(tx, &self.clock, &before, &writes, metadata, now).await?;
        if !writes.events.is_empty() {
            tx.exec(TOLD, vals![now, order]).await?;
        }
        let changes = !writes.journals.is_empty() || writes.due != before.due;
        if let Some(act) = metadata.act.as_ref().filter(|_| changes) {
            acts::record_act(tx, self.clock.new_id(), order, act, now).await?;
        }
        if let Some(key) = metadata.request {
            tx.insert(KeyRow::from_request(key, order, writes.movement, now))
                .await?;
        }
        Ok(Some(StepOutcome::Done(Box::new(writes))))
    }
}

/// The stored answer for this idempotency key.
async fn find_stored_answer(
    tx: &mut Tx,
    order: OrderId,
    asked: Option<KeyedRequest>,
) -> Result<Option<StepOutcome>, StoreError> {
    let Some(KeyedRequest {
        user,
        key,
        kind,
        subject,
        amount_minor,
    }) = asked
    else {
        return Ok(None);
    };
    let row: Option<KeyRow> = tx
        .fetch_optional(KeyRow::select(OF_KEY), vals![user, key])
        .await?;
    Ok(row.map(|row| {
        let is_alike =
            (row.order_id, row.kind.as_str(), row.amount_minor) == (order, kind, amount_minor);
        if is_alike && subject.is_none_or(|subject| subject == row.movement_id) {
            StepOutcome::Repeated(MovementId(row.movement_id))
        } else {
            StepOutcome::KeyReused
        }
    }))
}

impl KeyRow {
    fn from_request(
        request: KeyedRequest,
        order_id: OrderId,
        begun: Option<MovementId>,
        at: UnixMillis,
    ) -> Self {
        // A request may begin no movement, or only later: its key then points to the order.
        let movement_id = request
            .subject
            .or(begun.map(|movement| movement.0))
            .unwrap_or(order_id.0);
        Self {
            user_id: request.user,
            request_key: request.key,
            order_id,
            kind: request.kind.to_owned(),
            amount_minor: request.amount_minor,
            movement_id,
            at,
        }
    }
}
