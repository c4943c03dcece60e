//! Decides one step from start to end: apply the event, then settle.

use wire::{UnixMillis, UserId};

use crate::{
    AdapterReply, BilledOrder, Chargeback, CompensationRequest, DecisionContext, DisabledMoneyRule,
    Due, MoneyWrites, MovementId, OrderMoney, PaymentRequest, compensation, desk::MoneyTransaction,
    pay, refunds, settle::settle_order,
};

/// One event about an order's money, applied in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyStep {
    OrderHeard(BilledOrder),
    Pay(PaymentRequest),
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
    Compensate(CompensationRequest),
    /// From the job, once the due's `next_at` has passed.
    TimePassed,
}

/// The reason for refusing a person's wish. A refused step writes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyRefusal {
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
pub fn open(order: BilledOrder, now: UnixMillis) -> OrderMoney {
    OrderMoney::new(Due::new(order, now))
}

/// Decides on rows read under the due's lock [LOCK_DUE].
pub fn decide_money_step(
    before: &OrderMoney,
    step: &MoneyStep,
    context: &DecisionContext<'_>,
) -> Result<MoneyWrites, MoneyRefusal> {
    let mut desk = MoneyTransaction::new(before, context);
    // Every step closes an expired payment, because the job's next run may be an hour away
    // [EXPIRE_ALWAYS].
    if *step == MoneyStep::TimePassed || !desk.is_rule_disabled(DisabledMoneyRule::ExpireAlways) {
        pay::expire_payments(&mut desk);
    }
    apply_step(&mut desk, step)?;
    settle_order(&mut desk);
    Ok(desk.close(before))
}

fn apply_step(
    transaction: &mut MoneyTransaction<'_>,
    step: &MoneyStep,
) -> Result<(), MoneyRefusal> {
    match step {
        MoneyStep::OrderHeard(order) => {
            transaction.money.due.apply_order_version(
                order,
                transaction.context.now,
                transaction.context.disabled,
            );
            Ok(())
        }
        MoneyStep::Pay(wish) => pay::begin_payment(transaction, wish),
        MoneyStep::Answered { movement, reply } => {
            apply_adapter_reply(transaction, *movement, reply);
            Ok(())
        }
        MoneyStep::RequestRefund { by, amount_minor } => {
            refunds::request_refund(transaction, *by, *amount_minor)
        }
        MoneyStep::DecideRefund {
            request,
            granted_minor,
        } => refunds::decide_refund_request(transaction, *request, *granted_minor),
        MoneyStep::Goodwill { amount_minor } => refunds::grant_goodwill(transaction, *amount_minor),
        MoneyStep::SendAnew => refunds::send_anew(transaction),
        MoneyStep::PaidOtherwise { refund } => refunds::paid_otherwise(transaction, *refund),
        MoneyStep::Compensate(wish) => compensation::pay_compensation(transaction, *wish),
        MoneyStep::TimePassed => Ok(()),
    }
}

/// Applies the adapter's reply. It may be old, so each movement accepts only the answers its state
/// allows [FINAL_IS_FINAL].
fn apply_adapter_reply(
    transaction: &mut MoneyTransaction<'_>,
    movement: MovementId,
    reply: &AdapterReply,
) {
    if let Some(n) = transaction
        .money
        .payments
        .iter()
        .position(|payment| payment.id == movement)
    {
        pay::apply_payment_answer(transaction, n, reply.answer);
    }
    if let Some(n) = transaction
        .money
        .refunds
        .iter()
        .position(|refund| refund.id == movement)
    {
        refunds::apply_refund_answer(transaction, n, reply.answer);
    }
    reply
        .chargebacks
        .iter()
        .for_each(|chargeback| record_chargeback(transaction, *chargeback));
}

fn record_chargeback(transaction: &mut MoneyTransaction<'_>, heard: Chargeback) {
    if !transaction
        .money
        .payments
        .iter()
        .any(|payment| payment.id == heard.payment)
    {
        return;
    }
    match transaction
        .money
        .chargebacks
        .iter_mut()
        .find(|known| known.id == heard.id)
    {
        Some(known) => known.is_reversed |= heard.is_reversed,
        None => transaction.money.chargebacks.push(heard),
    }
}
