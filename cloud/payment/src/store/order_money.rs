//! The only way to change an order's money: lock its due, load, decide, write. The decision is
//! written whole: rows, journals with postings, balances, cases and outbox events.

use custody::{
    BilledOrder, DecisionContext, MoneyCase, MoneyStep, MoneyWrites, MovementId, OrderMoney,
    Payment, RefundRequest, RequestState,
};
use platform::{
    bus::topology::PAYMENT_ORDERS,
    inbox, outbox, row,
    sql::{Columns, Tx},
    transact, vals,
};
use process::clock::Clock;
use uuid::Uuid;
use wire::{Code, CommandId, EventId, EventType, OrderId, UnixMillis, UserId};

use super::{
    StepContext, Store, StoreError,
    admin_decisions::{
        MoneyAct, RefundRequestChange, RefundRequestRow, load_fee_policies, open_case, record_act,
    },
    dues::{DueRow, load_order_locked, load_order_unlocked},
    journals::book_journals,
    money_events::{
        build_money_event, case_opened, granted_now, initiated_body, new_event, request_changed,
        request_event,
    },
    payments::{ChargebackRow, PaymentChange, PaymentRow, RefundChange, RefundRow},
    update_row,
};

/// Retries after another transaction opens the same due concurrently. One is enough; the rest is
/// margin.
const COLLISIONS_MAX: u32 = 4;
const OF_KEY: &str = "WHERE user_id = ? AND request_key = ?";
const TOLD: &str = "UPDATE dues SET told_at = ? WHERE order_id = ?";
const REVERSED: &str = "UPDATE chargebacks SET is_reversed = ? WHERE id = ?";
const USUAL_METHOD: &str = "simulated";

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
    /// The order event that caused the step. Its receipt serves operators only: repeats change
    /// nothing anyway.
    pub event: Option<EventId>,
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
    Refused(Code),
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
        self.apply_step_at(order, step, metadata, self.new_step_context())
            .await
    }

    /// The same, with a given time and id, so that a run can be replayed.
    pub async fn apply_step_at(
        &self,
        order: OrderId,
        step: &MoneyStep,
        metadata: &StepMetadata,
        context: StepContext,
    ) -> Result<StepOutcome, StoreError> {
        for _ in 0..=COLLISIONS_MAX {
            let done = transact!(self.sql, tx => {
                self.apply_step_in(tx, order, step, metadata, context).await
            });
            if let Some(outcome) = done? {
                return Ok(outcome);
            }
        }
        Err(StoreError::Contradiction(
            "the money row of an order can be neither found nor created",
        ))
    }

    /// Records an order event that changes no money.
    pub async fn record_receipt(&self, event: EventId) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            inbox::first_time(tx, PAYMENT_ORDERS.name, event, self.clock.now()).await?;
            Ok(())
        })
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

    /// The current state of an order's money, to show. It waits for no other transaction.
    pub async fn load_order_money(&self, order: OrderId) -> Result<Option<OrderMoney>, StoreError> {
        let mut tx = self.sql.begin_read_transaction().await?;
        let money = load_order_unlocked(&mut tx, order).await?;
        tx.commit().await?;
        Ok(money)
    }

    /// `None` if another transaction has just opened the due.
    async fn apply_step_in(
        &self,
        tx: &mut Tx,
        order: OrderId,
        step: &MoneyStep,
        metadata: &StepMetadata,
        context: StepContext,
    ) -> Result<Option<StepOutcome>, StoreError> {
        let stored = load_order_locked(tx, order).await?;
        if let Some(outcome) = find_stored_answer(tx, order, metadata.request).await? {
            return Ok(Some(outcome));
        }
        let (before, opens) = match (stored, step) {
            (Some(rows), _) => (rows, false),
            (None, MoneyStep::OrderHeard(heard)) => {
                (custody::open_order_money(heard.clone(), context.now), true)
            }
            (None, _) => return Ok(Some(StepOutcome::Unknown)),
        };
        let policies = load_fee_policies(tx).await?;
        let StepContext { now, fresh } = context;
        let decision_context = DecisionContext {
            now,
            fresh,
            policies: &policies,
            limits: self.limits,
        };
        let writes = match custody::decide_money_step(&before, step, &decision_context) {
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
        write_decision(tx, &self.clock, &before, &writes, metadata, now).await?;
        if !writes.events.is_empty() {
            tx.exec(TOLD, vals![now, order]).await?;
        }
        let changes = !writes.journals.is_empty() || writes.due != before.due;
        if let Some(act) = metadata.act.as_ref().filter(|_| changes) {
            record_act(tx, self.clock.new_id(), order, act, now).await?;
        }
        if let Some(event) = metadata.event {
            inbox::first_time(tx, PAYMENT_ORDERS.name, event, now).await?;
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

/// Writes everything except the due.
async fn write_decision(
    tx: &mut Tx,
    clock: &Clock,
    before: &OrderMoney,
    writes: &MoneyWrites,
    metadata: &StepMetadata,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let order = &writes.due.order;
    let begun = write_payments(tx, before, writes, metadata, now).await?;
    write_refunds(tx, before, writes, now).await?;
    write_requests(tx, before, writes, metadata, now).await?;
    for chargeback in &writes.chargebacks {
        if before
            .chargebacks
            .iter()
            .any(|known| known.id == chargeback.id)
        {
            tx.exec(REVERSED, vals![chargeback.is_reversed, chargeback.id.0])
                .await?;
        } else {
            tx.insert(ChargebackRow::from_chargeback(chargeback, order.id, now))
                .await?;
        }
    }
    book_journals(tx, clock, &writes.journals, Some(order.id), order.id.0).await?;
    let opened = insert_cases(tx, writes, now).await?;
    let mut events = Vec::new();
    for payment in begun {
        events.push(new_event(
            clock,
            EventType::PaymentInitiated,
            now,
            &initiated_body(writes, payment)?,
        )?);
    }
    for request in &writes.requests {
        let body = request_changed(before, writes, request)?;
        events.push(new_event(clock, request_event(request.state), now, &body)?);
    }
    for told in &writes.events {
        events.push(build_money_event(clock, &writes.due, told, now)?);
    }
    for case in opened {
        let body = case_opened(before, writes, case)?;
        events.push(new_event(clock, EventType::PaymentCaseOpened, now, &body)?);
    }
    Ok(outbox::add_all(tx, &events).await?)
}

async fn insert_cases<'a>(
    tx: &mut Tx,
    writes: &'a MoneyWrites,
    now: UnixMillis,
) -> Result<Vec<&'a MoneyCase>, StoreError> {
    let mut opened = Vec::new();
    for case in &writes.cases {
        if open_case(tx, writes.due.order.id, case, now).await? {
            opened.push(case);
        }
    }
    Ok(opened)
}

async fn write_payments<'a>(
    tx: &mut Tx,
    before: &OrderMoney,
    writes: &'a MoneyWrites,
    metadata: &StepMetadata,
    now: UnixMillis,
) -> Result<Vec<&'a Payment>, StoreError> {
    let method = metadata.method.as_deref().unwrap_or(USUAL_METHOD);
    let mut begun = Vec::new();
    for payment in &writes.payments {
        if before.payments.iter().any(|known| known.id == payment.id) {
            update_row(tx, PaymentChange::from_payment(payment, now), payment.id).await?;
        } else {
            tx.insert(PaymentRow::from_payment(
                payment,
                &writes.due.order,
                method,
                now,
            ))
            .await?;
            begun.push(payment);
        }
    }
    Ok(begun)
}

async fn write_refunds(
    tx: &mut Tx,
    before: &OrderMoney,
    writes: &MoneyWrites,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for refund in &writes.refunds {
        if before.refunds.iter().any(|known| known.id == refund.id) {
            update_row(tx, RefundChange::from_refund(refund, now), refund.id).await?;
        } else {
            tx.insert(RefundRow::from_refund(refund, &writes.due.order, now))
                .await?;
        }
    }
    Ok(())
}

async fn write_requests(
    tx: &mut Tx,
    before: &OrderMoney,
    writes: &MoneyWrites,
    metadata: &StepMetadata,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for request in &writes.requests {
        if before.requests.iter().any(|known| known.id == request.id) {
            let granted = granted_now(before, writes);
            let changed = RefundRequestChange {
                status: request.state.as_str(),
                granted_minor: (request.state == RequestState::Granted).then_some(granted),
                decided_by: metadata.by,
                decided_at: Some(now),
            };
            update_row(tx, changed, request.id).await?;
        } else {
            let row = new_request(request, &writes.due.order, metadata, now);
            tx.insert(row).await?;
        }
    }
    Ok(())
}

fn new_request(
    request: &RefundRequest,
    order: &BilledOrder,
    metadata: &StepMetadata,
    now: UnixMillis,
) -> RefundRequestRow {
    let reason = metadata.reason.as_deref().unwrap_or_default();
    RefundRequestRow {
        id: request.id.0,
        order_id: order.id,
        customer_id: order.customer_id,
        amount_minor: request.amount_minor,
        currency: order.currency,
        status: request.state.as_str().to_owned(),
        reason: reason.to_owned(),
        granted_minor: None,
        decided_by: None,
        decided_at: None,
        created_at: now,
    }
}
