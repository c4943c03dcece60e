//! Decides one step from start to end: apply the event, then settle.

use wire::{UnixMillis, UserId};

use crate::{
    AdapterReply, Basis, Chargeback, CompensationWish, Due, HeardOrder, MoneyLapse, MoneyWrites,
    MovementId, OrderMoney, PaymentWish, compensation, desk::Desk, pay, refunds, settle::settle,
};

/// One event about an order's money, applied in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyStep {
    OrderHeard(HeardOrder),
    Pay(PaymentWish),
    Answered {
        movement: MovementId,
        reply: AdapterReply,
    },
    RequestRefund {
        by: UserId,
        amount_minor: i64,
    },
    /// `None` refuses.
    DecideRefund {
        request: MovementId,
        granted_minor: Option<i64>,
    },
    Goodwill {
        amount_minor: i64,
    },
    SendAnew,
    PaidOtherwise {
        refund: MovementId,
    },
    Compensate(CompensationWish),
    /// From the job, once the due's `next_at` has passed.
    TimePassed,
}

/// The reason for refusing a person's wish. A refused step writes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NotYours,
    OrderNotPayable,
    AmountMismatch,
    AlreadyPaid,
    /// An earlier payment expired or was declined, and the adapter has not closed it yet: the
    /// customer may still have paid it.
    PaymentClosing,
    NotRefundable,
    NoSuchRequest,
    NothingFailed,
    NoWorkInVain,
    TooMany,
}

/// The rows of an order that is new to this service.
pub fn open(order: HeardOrder, now: UnixMillis) -> OrderMoney {
    OrderMoney::new(Due::new(order, now))
}

/// Decides on rows read under the due's lock [LOCK_DUE].
pub fn decide(
    before: &OrderMoney,
    step: &MoneyStep,
    basis: &Basis<'_>,
) -> Result<MoneyWrites, Refusal> {
    let mut desk = Desk::new(before, basis);
    // Every step closes an expired payment, because the job's next run may be an hour away
    // [EXPIRE_ALWAYS].
    if *step == MoneyStep::TimePassed || !desk.lapses(MoneyLapse::ExpireAlways) {
        pay::expire(&mut desk);
    }
    take(&mut desk, step)?;
    settle(&mut desk);
    Ok(desk.close(before))
}

fn take(desk: &mut Desk<'_>, step: &MoneyStep) -> Result<(), Refusal> {
    match step {
        MoneyStep::OrderHeard(order) => {
            desk.rows.due.hear(order, desk.basis.now, desk.basis.lapse);
            Ok(())
        }
        MoneyStep::Pay(wish) => pay::begin(desk, wish),
        MoneyStep::Answered { movement, reply } => {
            answered(desk, *movement, reply);
            Ok(())
        }
        MoneyStep::RequestRefund { by, amount_minor } => refunds::request(desk, *by, *amount_minor),
        MoneyStep::DecideRefund { request, granted_minor } => {
            refunds::decide(desk, *request, *granted_minor)
        }
        MoneyStep::Goodwill { amount_minor } => refunds::goodwill(desk, *amount_minor),
        MoneyStep::SendAnew => refunds::send_anew(desk),
        MoneyStep::PaidOtherwise { refund } => refunds::paid_otherwise(desk, *refund),
        MoneyStep::Compensate(wish) => compensation::compensate(desk, *wish),
        MoneyStep::TimePassed => Ok(()),
    }
}

/// Applies the adapter's reply. It may be old, so each movement accepts only the answers its state
/// allows [FINAL_IS_FINAL].
fn answered(desk: &mut Desk<'_>, movement: MovementId, reply: &AdapterReply) {
    if let Some(n) = desk.rows.payments.iter().position(|payment| payment.id == movement) {
        pay::answered(desk, n, reply.answer);
    }
    if let Some(n) = desk.rows.refunds.iter().position(|refund| refund.id == movement) {
        refunds::answered(desk, n, reply.answer);
    }
    reply.chargebacks.iter().for_each(|chargeback| note(desk, *chargeback));
}

fn note(desk: &mut Desk<'_>, heard: Chargeback) {
    if !desk.rows.payments.iter().any(|payment| payment.id == heard.payment) {
        return;
    }
    match desk.rows.chargebacks.iter_mut().find(|known| known.id == heard.id) {
        Some(known) => known.is_reversed |= heard.is_reversed,
        None => desk.rows.chargebacks.push(heard),
    }
}
