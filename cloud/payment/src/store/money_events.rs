//! The outbox events of a decision: payments, refund requests, cases and payouts.

use custody::{
    Due, MoneyCase, MoneyDetails, MoneyEvent, MoneyWrites, MovementId, OrderMoney, Payment, Payout,
    PayoutState, RefundRequest, RequestState,
};
use process::{
    clock::Clock,
    trace::{self, TraceId},
};
use serde::Serialize;
use wire::{
    Amount, Currency, Event, EventId, EventType, PaymentEvent, PayoutEvent, UnixMillis, UserId,
};

use super::StoreError;

pub(super) fn build_money_event(
    clock: &Clock,
    due: &Due,
    told: &MoneyEvent,
    now: UnixMillis,
) -> Result<Event, StoreError> {
    let MoneyDetails {
        returning_minor,
        share_minor,
        charged_back_minor,
        cancel_fee_minor,
    } = told.details;
    let body = PaymentEvent {
        provider_id: told.provider_id.or(due.order.provider_id),
        payment_status: told.status,
        money_version: told.money_version,
        returning: returning_minor.map(to_amount).transpose()?,
        share: share_minor.map(to_amount).transpose()?,
        charged_back: charged_back_minor.map(to_amount).transpose()?,
        order_status: charged_back_minor.map(|_| due.order.status),
        cancel_fee: cancel_fee_minor.map(to_amount).transpose()?,
        ..new_payment_event(due, told.movement, told.amount_minor, told.held_minor)?
    };
    new_event(clock, told.kind, now, &body)
}

/// An event under the due's current status and version, without optional fields.
pub(super) fn new_payment_event(
    due: &Due,
    movement: MovementId,
    amount_minor: i64,
    held_minor: i64,
) -> Result<PaymentEvent, StoreError> {
    let order = &due.order;
    Ok(PaymentEvent {
        order_id: order.id,
        customer_id: order.customer_id,
        provider_id: order.provider_id,
        movement_id: movement.0,
        amount: to_amount(amount_minor)?,
        currency: order.currency,
        payment_status: due.payment_status,
        money_version: due.money_version,
        held: to_amount(held_minor)?,
        returning: None,
        share: None,
        charged_back: None,
        order_status: None,
        cancel_fee: None,
        case: None,
    })
}

/// A new payment changes no status, so its event keeps the version.
pub(super) fn initiated_body(
    writes: &MoneyWrites,
    payment: &Payment,
) -> Result<PaymentEvent, StoreError> {
    let due = &writes.due;
    Ok(PaymentEvent {
        provider_id: payment.provider_id.or(due.order.provider_id),
        ..new_payment_event(due, payment.id, payment.amount_minor, 0)?
    })
}

pub(super) fn request_event(state: RequestState) -> EventType {
    match state {
        RequestState::Open => EventType::RefundRequested,
        RequestState::Granted => EventType::RefundGranted,
        RequestState::Refused => EventType::RefundRefused,
    }
}

/// A refund request or decision keeps the version, too.
pub(super) fn request_changed(
    before: &OrderMoney,
    writes: &MoneyWrites,
    request: &RefundRequest,
) -> Result<PaymentEvent, StoreError> {
    let amount_minor = match request.state {
        RequestState::Granted => granted_now(before, writes),
        RequestState::Open | RequestState::Refused => request.amount_minor,
    };
    new_payment_event(&writes.due, request.id, amount_minor, before.held_minor())
}

/// An admin may grant an amount other than the requested one.
pub(super) fn granted_now(before: &OrderMoney, writes: &MoneyWrites) -> i64 {
    writes.due.granted_minor - before.due.granted_minor
}

/// An opened case, of which admins are notified, changes no status and also keeps the version.
pub(super) fn case_opened(
    before: &OrderMoney,
    writes: &MoneyWrites,
    case: &MoneyCase,
) -> Result<PaymentEvent, StoreError> {
    let due = &writes.due;
    let held_minor = writes
        .events
        .last()
        .map_or(before.held_minor(), |told| told.held_minor);
    Ok(PaymentEvent {
        case: Some(case.kind.as_str().to_owned()),
        ..new_payment_event(due, case.movement, due.order.price_minor, held_minor)?
    })
}

/// The event of a payout that was sent, failed or came back. A payout begun before payouts were
/// bounded may exceed an event's maximum amount: it is booked without an event and only logged.
pub(super) fn payout_event(
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

pub(super) fn new_event(
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

fn to_amount(minor: i64) -> Result<Amount, StoreError> {
    Amount::from_minor(minor).map_err(|_| StoreError::Unreadable("an amount is out of range"))
}
