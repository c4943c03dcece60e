//! Builds the inbox lines of an event, one for each of its templates that applies. Each line stores
//! the values of its event that its text needs.

use serde::Deserialize;
use wire::{
    AlarmEvent, Event, EventId, EventType, Order, OrderEvent, OrderId, PaymentEvent, PaymentStatus,
    PayoutEvent, ProfileEvent, ReadmissionEvent, Role, UnixMillis, UserEvent, UserId,
};

use super::{
    InboxLine, InboxOwner, LineParams, MoneyParams, MoneyTerms, OrderParams,
    event_table::{
        AlarmLine, EventLines, OrderLine, PaymentLine, PayoutLine, ReviewLine, find_event_lines,
    },
    inbox::{AlarmParams, PersonParams, ReviewFacts},
    line_template::{EventRecipient, LineTemplate},
};

/// The event data that all its lines share.
#[derive(Debug, Clone, Copy)]
pub struct SourceEvent {
    pub event_type: EventType,
    pub event_id: EventId,
    pub at: UnixMillis,
}

impl SourceEvent {
    fn build_line(
        self,
        addressed: AddressedLine,
        order_id: Option<OrderId>,
        params: LineParams,
    ) -> InboxLine {
        let AddressedLine { to, counterpart } = addressed;
        InboxLine {
            user_id: to.user_id,
            role: to.role,
            event_type: Some(self.event_type),
            order_id,
            event_id: self.event_id,
            counterpart,
            params,
            created_at: self.at,
        }
    }
}

/// The inbox that gets a line, and the person on the other side of the order if the reader may see
/// them.
struct AddressedLine {
    to: InboxOwner,
    counterpart: Option<UserId>,
}

impl AddressedLine {
    fn for_customer(user_id: UserId, counterpart: Option<UserId>) -> Self {
        let role = Role::Customer;
        Self {
            to: InboxOwner { user_id, role },
            counterpart,
        }
    }

    fn for_provider(user_id: UserId, counterpart: Option<UserId>) -> Self {
        let role = Role::Provider;
        Self {
            to: InboxOwner { user_id, role },
            counterpart,
        }
    }

    fn for_admins() -> Self {
        Self {
            to: InboxOwner::ADMINS,
            counterpart: None,
        }
    }
}

/// The people whom an event about an order or its money names. Before an acceptance there is no
/// provider; a payout names no customer.
#[derive(Clone, Copy)]
struct Parties {
    customer: Option<UserId>,
    provider: Option<UserId>,
}

impl Parties {
    /// Addresses a party, who may see the other one, or the admins.
    fn address_line(self, recipient: EventRecipient) -> Option<AddressedLine> {
        match recipient {
            EventRecipient::Customer => {
                Some(AddressedLine::for_customer(self.customer?, self.provider))
            }
            EventRecipient::Provider => {
                Some(AddressedLine::for_provider(self.provider?, self.customer))
            }
            EventRecipient::Admins(_) => Some(AddressedLine::for_admins()),
            EventRecipient::Loser
            | EventRecipient::FormerProvider
            | EventRecipient::Matched
            | EventRecipient::Offered
            | EventRecipient::Themselves => None,
        }
    }
}

/// The inbox lines of an event; skips the body of an event without any. After a completion, the
/// customer may object for `dispute_ms`.
pub fn build_event_lines(
    event: &Event,
    dispute_ms: i64,
) -> Result<Vec<InboxLine>, serde_json::Error> {
    let cause = SourceEvent {
        event_type: event.kind,
        event_id: event.id,
        at: event.at,
    };
    let body = &event.body;
    Ok(match find_event_lines(event.kind) {
        EventLines::Order(templates) => {
            let event = OrderEvent::deserialize(body)?;
            build_order_lines(cause, templates, &event, dispute_ms)
        }
        EventLines::Payment(templates) => {
            build_payment_lines(cause, templates, &PaymentEvent::deserialize(body)?)
        }
        EventLines::Payout(templates) => {
            build_payout_lines(cause, templates, &PayoutEvent::deserialize(body)?)
        }
        EventLines::Review(templates) => {
            build_review_lines(cause, templates, &ReviewFacts::deserialize(body)?)
        }
        EventLines::Profile(templates) => {
            let event = ProfileEvent::deserialize(body)?;
            let params = PersonParams {
                reason: event.reason.clone(),
                asks_more: event.asks_more,
            };
            let subject = InboxOwner {
                user_id: event.user_id,
                role: event.role,
            };
            build_person_lines(cause, templates, &event, subject, params)
        }
        EventLines::Readmission(templates) => {
            let event = ReadmissionEvent::deserialize(body)?;
            let subject = InboxOwner {
                user_id: event.user_id,
                role: event.role,
            };
            build_person_lines(cause, templates, &event, subject, PersonParams::default())
        }
        EventLines::Account(templates) => {
            let event = UserEvent::deserialize(body)?;
            let subject = InboxOwner {
                user_id: event.user_id,
                role: event.role,
            };
            build_person_lines(cause, templates, &event, subject, PersonParams::default())
        }
        EventLines::Alarm(templates) => {
            build_alarm_lines(cause, templates, &AlarmEvent::deserialize(body)?)
        }
        EventLines::Silent(_) => Vec::new(),
    })
}

/// One line for each template that applies and whose recipient has an address.
fn build_lines<Body, Params>(
    cause: SourceEvent,
    templates: &[LineTemplate<Body, Params>],
    body: &Body,
    order_id: Option<OrderId>,
    params: LineParams,
    address: impl Fn(EventRecipient) -> Option<AddressedLine>,
) -> Vec<InboxLine> {
    let mut lines = Vec::new();
    for template in templates {
        if !template.applies_to(body) {
            continue;
        }
        if let Some(addressed) = address(template.recipient) {
            lines.push(cause.build_line(addressed, order_id, params.clone()));
        }
    }
    lines
}

fn build_order_lines(
    cause: SourceEvent,
    templates: &[OrderLine],
    event: &OrderEvent,
    dispute_ms: i64,
) -> Vec<InboxLine> {
    let order = &event.order;
    let customer = order.customer_id;
    let parties = Parties {
        customer: Some(customer),
        provider: order.provider_id,
    };
    let params = LineParams::from_order_event(cause, event, Vec::new(), dispute_ms);
    if event_offers_job(templates) {
        return event
            .offered_to
            .iter()
            .map(|provider| {
                let addressed = AddressedLine::for_provider(*provider, None);
                cause.build_line(addressed, Some(order.id), params.clone())
            })
            .collect();
    }
    build_lines(
        cause,
        templates,
        event,
        Some(order.id),
        params,
        |recipient| match recipient {
            // The order was never theirs, so hide its customer.
            EventRecipient::Loser => Some(AddressedLine::for_provider(event.actor.user_id, None)),
            EventRecipient::FormerProvider => Some(AddressedLine::for_provider(
                event.taken_from?,
                Some(customer),
            )),
            EventRecipient::Customer
            | EventRecipient::Provider
            | EventRecipient::Admins(_)
            | EventRecipient::Matched
            | EventRecipient::Offered
            | EventRecipient::Themselves => parties.address_line(recipient),
        },
    )
}

/// True if the event has a line for each provider to whom it offers the job.
fn event_offers_job(templates: &[OrderLine]) -> bool {
    let mut recipients = templates.iter().map(|template| template.recipient);
    recipients.any(|recipient| recipient == EventRecipient::Offered)
}

/// The line for a proposed provider.
pub fn build_match_line(
    cause: SourceEvent,
    event: &OrderEvent,
    provider: UserId,
    reasons: Vec<String>,
) -> InboxLine {
    // The order has no provider yet, so hide its customer.
    let addressed = AddressedLine::for_provider(provider, None);
    let params = LineParams::from_order_event(cause, event, reasons, 0);
    cause.build_line(addressed, Some(event.order.id), params)
}

fn build_payment_lines(
    cause: SourceEvent,
    templates: &[PaymentLine],
    event: &PaymentEvent,
) -> Vec<InboxLine> {
    let parties = Parties {
        customer: Some(event.customer_id),
        provider: event.provider_id,
    };
    let order = Some(event.order_id);
    let params = LineParams::from_payment_event(event);
    build_lines(cause, templates, event, order, params, |recipient| {
        parties.address_line(recipient)
    })
}

/// The lines of a sent or failed payout.
fn build_payout_lines(
    cause: SourceEvent,
    templates: &[PayoutLine],
    event: &PayoutEvent,
) -> Vec<InboxLine> {
    let parties = Parties {
        customer: None,
        provider: Some(event.provider_id),
    };
    let params = LineParams::Money(MoneyParams {
        amount: event.amount,
        currency: event.currency,
        returning: None,
        cancel_fee: None,
        case: None,
    });
    build_lines(cause, templates, event, None, params, |recipient| {
        parties.address_line(recipient)
    })
}

fn build_review_lines(
    cause: SourceEvent,
    templates: &[ReviewLine],
    event: &ReviewFacts,
) -> Vec<InboxLine> {
    let parties = Parties {
        customer: Some(event.customer_id),
        provider: Some(event.provider_id),
    };
    let order = Some(event.order_id);
    let params = LineParams::Review(event.params.clone());
    build_lines(cause, templates, event, order, params, |recipient| {
        parties.address_line(recipient)
    })
}

fn build_alarm_lines(
    cause: SourceEvent,
    templates: &[AlarmLine],
    event: &AlarmEvent,
) -> Vec<InboxLine> {
    let params = LineParams::Alarm(AlarmParams {
        alarm: event.alarm.clone(),
        part_alarm: event.part_alarm.clone(),
        more_alarms: event.more,
    });
    build_lines(
        cause,
        templates,
        event,
        None,
        params,
        |recipient| match recipient {
            EventRecipient::Admins(_) => Some(AddressedLine::for_admins()),
            EventRecipient::Customer
            | EventRecipient::Provider
            | EventRecipient::Loser
            | EventRecipient::FormerProvider
            | EventRecipient::Matched
            | EventRecipient::Offered
            | EventRecipient::Themselves => None,
        },
    )
}

/// The lines of an event about one person. Admins have no personal inbox; the shared one is about
/// work.
fn build_person_lines<Body>(
    cause: SourceEvent,
    templates: &[LineTemplate<Body, PersonParams>],
    event: &Body,
    subject: InboxOwner,
    params: PersonParams,
) -> Vec<InboxLine> {
    let params = LineParams::Person(params);
    build_lines(
        cause,
        templates,
        event,
        None,
        params,
        |recipient| match recipient {
            EventRecipient::Themselves if subject.role == Role::Admin => None,
            EventRecipient::Themselves => Some(AddressedLine {
                to: subject,
                counterpart: None,
            }),
            EventRecipient::Admins(_) => Some(AddressedLine::for_admins()),
            EventRecipient::Customer
            | EventRecipient::Provider
            | EventRecipient::Loser
            | EventRecipient::FormerProvider
            | EventRecipient::Matched
            | EventRecipient::Offered => None,
        },
    )
}

impl LineParams {
    /// `dispute_ms` is the objection period after a completion.
    fn from_order_event(
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
            incident: event.incident,
            agreed: event.incident_answer.map(|answer| answer.agreed),
            other_time: event.other_time,
            offered_until: event.order.offer.as_ref().map(|offer| offer.until),
            terms: MoneyTerms::from_order_event(cause, event, dispute_ms),
        }))
    }

    fn from_payment_event(event: &PaymentEvent) -> Self {
        let PaymentEvent {
            amount,
            currency,
            returning,
            cancel_fee,
            ref case,
            ..
        } = *event;
        Self::Money(MoneyParams {
            amount,
            currency,
            returning,
            cancel_fee,
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

#[cfg(test)]
mod tests;
