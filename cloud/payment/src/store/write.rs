//! Writes the domain's decision: rows, journals with postings, balances, cases and outbox events.

use std::collections::BTreeMap;

use custody::{
    BilledOrder, MoneyCase, MoneyDetails, MoneyEvent, MoneyEventKind, MoneyJournal, MoneyWrites,
    MovementId, OrderMoney, Payment, Payout, PayoutState, RefundRequest, RequestState,
};
use platform::{
    columns, outbox,
    sql::{Columns, Tx},
    vals,
};
use process::{
    clock::Clock,
    trace::{self, TraceId},
};
use serde::Serialize;
use uuid::Uuid;
use wire::{
    Amount, Currency, Event, EventId, EventType, OrderId, PaymentEvent, PayoutEvent, UnixMillis,
    UserId,
};

use super::{
    StepMetadata, StoreError,
    rows::{
        self, AccountKey, ChargebackRow, PaymentChange, PaymentRow, RefundChange, RefundRow,
        RequestChange, RequestRow, account_key,
    },
};

const MOVE: &str = "UPDATE accounts SET balance_minor = balance_minor + ? \
    WHERE account = ? AND owner_id = ? AND currency = ?";
const REVERSED: &str = "UPDATE chargebacks SET is_reversed = ? WHERE id = ?";
const USUAL_METHOD: &str = "simulated";

columns! {
    struct AccountRow in accounts {
        account: &'static str,
        owner_id: Uuid,
        currency: Currency,
        balance_minor: i64,
    }
}

columns! {
    struct CaseRow in money_cases {
        order_id: OrderId,
        kind: &'static str,
        movement_id: Uuid,
        opened_at: UnixMillis,
    }
}

/// Writes everything except the due.
pub async fn write_decision(
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
        events.push(self::build_money_event(clock, order, told, now)?);
    }
    for case in opened {
        let body = case_opened(before, writes, case)?;
        events.push(new_event(
            clock,
            EventType::PaymentStatusChanged,
            now,
            &body,
        )?);
    }
    Ok(outbox::store::add_all(tx, &events).await?)
}

pub fn build_money_event(
    clock: &Clock,
    order: &BilledOrder,
    told: &MoneyEvent,
    now: UnixMillis,
) -> Result<Event, StoreError> {
    new_event(
        clock,
        event_type(told.kind),
        now,
        &build_event_body(order, told)?,
    )
}

async fn insert_cases<'a>(
    tx: &mut Tx,
    writes: &'a MoneyWrites,
    now: UnixMillis,
) -> Result<Vec<&'a MoneyCase>, StoreError> {
    let mut opened = Vec::new();
    for case in &writes.cases {
        if list(tx, writes.due.order.id, case, now).await? {
            opened.push(case);
        }
    }
    Ok(opened)
}

/// Opens a case for a person, once, and returns true if it is new. A payout case has the nil order
/// id.
pub async fn list(
    tx: &mut Tx,
    order_id: OrderId,
    case: &MoneyCase,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let kind = case.kind.as_str();
    let movement_id = case.movement.0;
    Ok(tx
        .insert_new(CaseRow {
            order_id,
            kind,
            movement_id,
            opened_at: now,
        })
        .await?)
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
            let changed = RequestChange {
                status: request.state.as_str(),
                granted_minor: (request.state == RequestState::Granted).then_some(granted),
                decided_by: metadata.by,
                decided_at: Some(now),
            };
            update_row(tx, changed, request.id).await?;
        } else {
            let row = new_request(tx, request, &writes.due.order, metadata, now);
            tx.insert(row).await?;
        }
    }
    Ok(())
}

/// An admin may grant an amount other than the requested one.
fn granted_now(before: &OrderMoney, writes: &MoneyWrites) -> i64 {
    writes.due.granted_minor - before.due.granted_minor
}

fn new_request(
    tx: &Tx,
    request: &RefundRequest,
    order: &BilledOrder,
    metadata: &StepMetadata,
    now: UnixMillis,
) -> RequestRow {
    let reason = metadata.reason.as_deref().unwrap_or_default();
    let place = RequestRow::reason_place(request.id.0);
    RequestRow {
        id: request.id.0,
        order_id: order.id,
        customer_id: order.customer_id,
        amount_minor: request.amount_minor,
        currency: order.currency,
        status: request.state.as_str().to_owned(),
        reason: tx.data_keys().seal_text(&place, reason),
        granted_minor: None,
        decided_by: None,
        decided_at: None,
        created_at: now,
    }
}

pub async fn update_row<R: Columns>(tx: &mut Tx, row: R, id: MovementId) -> Result<(), StoreError> {
    let mut values = row.values();
    values.push(id.0.into());
    tx.exec(R::update("WHERE id = ?"), values).await?;
    Ok(())
}

/// Writes journals and updates account balances. A fact booked before aborts the transaction
/// through the journals' unique key [JOURNAL_KEY], and a balance on the wrong side through the
/// accounts' constraint.
pub async fn book_journals(
    tx: &mut Tx,
    clock: &Clock,
    journals: &[MoneyJournal],
    order_id: Option<OrderId>,
    subject: Uuid,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    let mut postings = Vec::new();
    let mut moved: BTreeMap<(AccountKey, Currency), i64> = BTreeMap::new();
    for journal in journals {
        let row = rows::to_journal_row(journal, clock.new_id(), order_id);
        for posting in &journal.postings {
            let key = account_key(posting.account, subject);
            postings.push(rows::to_posting_row(&row, key, posting.minor));
            *moved.entry((key, journal.currency)).or_default() += posting.minor;
        }
        rows.push(row);
    }
    tx.insert_all(rows).await?;
    tx.insert_all(postings).await?;
    for ((key, currency), minor) in moved.into_iter().filter(|(_, minor)| *minor != 0) {
        move_balance(tx, key, currency, minor).await?;
    }
    Ok(())
}

async fn move_balance(
    tx: &mut Tx,
    AccountKey { account, owner }: AccountKey,
    currency: Currency,
    minor: i64,
) -> Result<(), StoreError> {
    let values = vals![minor, account, owner, currency];
    if tx.exec(MOVE, values.clone()).await? == 1 {
        return Ok(());
    }
    let row = AccountRow {
        account,
        owner_id: owner,
        currency,
        balance_minor: minor,
    };
    // Another transaction may have opened the account since.
    if !tx.insert_new(row).await? && tx.exec(MOVE, values).await? != 1 {
        return Err(StoreError::Contradiction(
            "an account can be neither updated nor created",
        ));
    }
    Ok(())
}

fn event_type(kind: MoneyEventKind) -> EventType {
    match kind {
        MoneyEventKind::PaymentCompleted => EventType::PaymentCompleted,
        MoneyEventKind::PaymentFailed => EventType::PaymentFailed,
        MoneyEventKind::RefundProcessed => EventType::RefundProcessed,
        MoneyEventKind::PaymentReleased => EventType::PaymentReleased,
        MoneyEventKind::PaymentStatusChanged => EventType::PaymentStatusChanged,
    }
}

fn new_event(
    clock: &Clock,
    kind: EventType,
    at: UnixMillis,
    body: &impl Serialize,
) -> Result<Event, StoreError> {
    let trace = trace::current_trace().unwrap_or_else(TraceId::random);
    Ok(Event::new(
        EventId(clock.new_id()),
        kind,
        at,
        trace.as_str(),
        body,
    )?)
}

fn build_event_body(order: &BilledOrder, told: &MoneyEvent) -> Result<PaymentEvent, StoreError> {
    let MoneyDetails {
        returning_minor,
        share_minor,
        charged_back_minor,
    } = told.details;
    Ok(PaymentEvent {
        order_id: order.id,
        customer_id: order.customer_id,
        provider_id: told.provider_id.or(order.provider_id),
        movement_id: told.movement.0,
        amount: to_amount(told.amount_minor)?,
        currency: order.currency,
        payment_status: told.status,
        money_version: told.money_version,
        held: to_amount(told.held_minor)?,
        returning: returning_minor.map(to_amount).transpose()?,
        share: share_minor.map(to_amount).transpose()?,
        charged_back: charged_back_minor.map(to_amount).transpose()?,
        order_status: charged_back_minor.map(|_| order.status),
        case: None,
    })
}

/// A new payment changes no status, so its event keeps the version.
fn initiated_body(writes: &MoneyWrites, payment: &Payment) -> Result<PaymentEvent, StoreError> {
    let due = &writes.due;
    let told = MoneyEvent {
        kind: MoneyEventKind::PaymentStatusChanged,
        movement: payment.id,
        amount_minor: payment.amount_minor,
        status: due.payment_status,
        money_version: due.money_version,
        held_minor: 0,
        provider_id: payment.provider_id,
        details: MoneyDetails::default(),
    };
    build_event_body(&due.order, &told)
}

fn request_event(state: RequestState) -> EventType {
    match state {
        RequestState::Open => EventType::RefundRequested,
        RequestState::Granted => EventType::RefundGranted,
        RequestState::Refused => EventType::RefundRefused,
    }
}

/// A refund request or decision keeps the version, too.
fn request_changed(
    before: &OrderMoney,
    writes: &MoneyWrites,
    request: &RefundRequest,
) -> Result<PaymentEvent, StoreError> {
    let due = &writes.due;
    let amount_minor = match request.state {
        RequestState::Granted => granted_now(before, writes),
        RequestState::Open | RequestState::Refused => request.amount_minor,
    };
    let told = MoneyEvent {
        kind: MoneyEventKind::PaymentStatusChanged,
        movement: request.id,
        amount_minor,
        status: due.payment_status,
        money_version: due.money_version,
        held_minor: before.held_minor(),
        provider_id: None,
        details: MoneyDetails::default(),
    };
    build_event_body(&due.order, &told)
}

/// An opened case, of which admins are notified, also keeps the version.
fn case_opened(
    before: &OrderMoney,
    writes: &MoneyWrites,
    case: &MoneyCase,
) -> Result<PaymentEvent, StoreError> {
    let due = &writes.due;
    let held_minor = writes
        .events
        .last()
        .map_or(before.held_minor(), |told| told.held_minor);
    let told = MoneyEvent {
        kind: MoneyEventKind::PaymentStatusChanged,
        movement: case.movement,
        amount_minor: due.order.price_minor,
        status: due.payment_status,
        money_version: due.money_version,
        held_minor,
        provider_id: None,
        details: MoneyDetails::default(),
    };
    let case = Some(case.kind.as_str().to_owned());
    Ok(PaymentEvent {
        case,
        ..build_event_body(&due.order, &told)?
    })
}

/// The event of a payout that was sent, failed or came back. A payout begun before payouts were
/// bounded may exceed an event's maximum amount: it is booked without an event and only logged.
pub fn payout_event(
    clock: &Clock,
    provider_id: UserId,
    currency: Currency,
    payout: &Payout,
    now: UnixMillis,
) -> Result<Option<Event>, StoreError> {
    let kind = match payout.state {
        PayoutState::Pending => return Ok(None),
        PayoutState::Completed => EventType::PayoutSent,
        PayoutState::Failed | PayoutState::Returned => EventType::PayoutFailed,
    };
    let Ok(amount) = to_amount(payout.amount_minor) else {
        tracing::error!(movement.id = %payout.id.0, "Did not publish the event of a payout: its amount is out of range");
        return Ok(None);
    };
    let told = PayoutEvent {
        payout_id: payout.id.0,
        provider_id,
        amount,
        currency,
    };
    Ok(Some(new_event(clock, kind, now, &told)?))
}

fn to_amount(minor: i64) -> Result<Amount, StoreError> {
    Amount::from_minor(minor).map_err(|_| StoreError::Unreadable("an amount is out of range"))
}
