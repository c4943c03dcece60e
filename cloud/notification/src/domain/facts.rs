//! Extracts the values that a line stores from its event.

use wire::{EventType, Order, OrderEvent, PaymentEvent, PaymentStatus};

use super::{LineParams, MoneyParams, MoneyTerms, OrderParams, event_lines::SourceEvent};

impl LineParams {
    /// `dispute_ms` is the objection period after a completion.
    pub(super) fn of_order(
        cause: SourceEvent,
        event: &OrderEvent,
        match_reasons: Vec<String>,
        dispute_ms: i64,
    ) -> Self {
        let Order {
            title,
            code,
            price,
            currency,
            location,
            status,
            ..
        } = &event.order;
        Self::Order(Box::new(OrderParams {
            title: title.clone(),
            code: code.clone(),
            price: *price,
            currency: *currency,
            region: *location,
            status: Some(*status),
            reason: event.reason.clone(),
            why: event.code,
            lost: event.lost.clone(),
            match_reasons,
            reminds: false,
            paid_afterwards: event.paid_afterwards,
            terms: MoneyTerms::from_order_event(cause, event, dispute_ms),
        }))
    }

    pub(super) fn of_money(event: &PaymentEvent) -> Self {
        let PaymentEvent {
            amount,
            currency,
            returning,
            ref case,
            ..
        } = *event;
        Self::Money(MoneyParams {
            amount,
            currency,
            returning,
            case: case.clone(),
        })
    }
}

impl MoneyTerms {
    fn from_order_event(cause: SourceEvent, event: &OrderEvent, dispute_ms: i64) -> Self {
        let payment_status = event.order.payment_status;
        let completed = cause.event_type == EventType::OrderCompleted;
        let objects = completed && payment_status == PaymentStatus::Held;
        Self {
            payment_status: Some(payment_status),
            fee: event.terms.map(|terms| terms.fee),
            refund: event.refund,
            share: event.money.as_ref().and_then(|money| money.share),
            objections_until: objects.then(|| cause.at.plus_ms(dispute_ms)),
        }
    }
}
