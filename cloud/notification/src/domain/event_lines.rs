//! Builds the inbox lines of an event, one for each recipient in the audience. Each line
//! stores the values of its event that its text needs.

use wire::{
    EventId, EventType, Order, OrderEvent, OrderId, OrderStatus, PaymentEvent, PaymentStatus,
    PayoutEvent, ProfileEvent, ReadmissionEvent, Role, UnixMillis, UserEvent, UserId,
};

use super::{
    InboxLine, InboxOwner, LineParams, MoneyParams, MoneyTerms, OrderParams,
    audience::{EventRecipient, event_recipients, makes_a_case},
    inbox::{PersonParams, ReviewFacts},
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

/// The lines of an order event. After a completion, the customer may object for `dispute_ms`.
pub fn build_order_lines(
    cause: SourceEvent,
    event: &OrderEvent,
    dispute_ms: i64,
) -> Vec<InboxLine> {
    let told = event_recipients(cause.event_type).iter();
    told.filter_map(|&listener| {
        let addressed = address_order_line(listener, cause, event)?;
        let params = LineParams::from_order_event(cause, event, Vec::new(), dispute_ms);
        Some(cause.build_line(addressed, Some(event.order.id), params))
    })
    .collect()
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

pub fn build_payment_lines(cause: SourceEvent, event: &PaymentEvent) -> Vec<InboxLine> {
    let is_change = cause.event_type == EventType::PaymentStatusChanged;
    // A chargeback also opens a case, but `charged_back` announces it.
    let opens_case = event
        .case
        .as_deref()
        .is_some_and(|case| case != "chargeback");
    if is_change && event.charged_back.is_none() && !opens_case {
        return Vec::new();
    }
    let told = event_recipients(cause.event_type).iter();
    told.filter_map(|&listener| {
        let is_party = listener != EventRecipient::Admins;
        if is_party && is_change && (opens_case || !stops_work(event)) {
            return None;
        }
        let addressed = address_money_line(listener, event)?;
        Some(cause.build_line(
            addressed,
            Some(event.order_id),
            LineParams::from_payment_event(event),
        ))
    })
    .collect()
}

fn address_money_line(listener: EventRecipient, event: &PaymentEvent) -> Option<AddressedLine> {
    match listener {
        EventRecipient::Customer => Some(AddressedLine::for_customer(
            event.customer_id,
            event.provider_id,
        )),
        EventRecipient::Provider => {
            let provider = event.provider_id?;
            Some(AddressedLine::for_provider(
                provider,
                Some(event.customer_id),
            ))
        }
        EventRecipient::Admins => Some(AddressedLine::for_admins()),
        EventRecipient::Loser
        | EventRecipient::FormerProvider
        | EventRecipient::Matched
        | EventRecipient::Themselves => None,
    }
}

/// The chargeback left too little custody for work that is still unpaid.
fn stops_work(event: &PaymentEvent) -> bool {
    use OrderStatus::{Accepted, InProgress, Pending};
    // An older payment service omits the status and reports `unpaid`.
    let goes_on = event
        .order_status
        .is_none_or(|status| matches!(status, Pending | Accepted | InProgress));
    goes_on
        && !matches!(
            event.payment_status,
            PaymentStatus::Held | PaymentStatus::Paid
        )
}

pub fn build_review_lines(cause: SourceEvent, event: ReviewFacts) -> Vec<InboxLine> {
    let ReviewFacts {
        order_id,
        customer_id,
        provider_id,
        params,
    } = event;
    let told = event_recipients(cause.event_type).iter();
    told.filter_map(|listener| {
        let addressed = match listener {
            EventRecipient::Customer => AddressedLine::for_customer(customer_id, Some(provider_id)),
            EventRecipient::Provider => AddressedLine::for_provider(provider_id, Some(customer_id)),
            EventRecipient::Admins => AddressedLine::for_admins(),
            EventRecipient::Loser
            | EventRecipient::FormerProvider
            | EventRecipient::Matched
            | EventRecipient::Themselves => return None,
        };
        Some(cause.build_line(
            addressed,
            Some(order_id),
            LineParams::Review(params.clone()),
        ))
    })
    .collect()
}

/// The line of a sent or failed payout.
pub fn build_payout_line(cause: SourceEvent, event: &PayoutEvent) -> InboxLine {
    let addressed = AddressedLine::for_provider(event.provider_id, None);
    let PayoutEvent {
        amount, currency, ..
    } = *event;
    let params = MoneyParams {
        amount,
        currency,
        returning: None,
        case: None,
    };
    cause.build_line(addressed, None, LineParams::Money(params))
}

/// The lines of a verification that a provider submitted or an admin decided.
pub fn build_profile_lines(cause: SourceEvent, event: &ProfileEvent) -> Vec<InboxLine> {
    let params = LineParams::Person(PersonParams {
        reason: event.reason.clone(),
    });
    if event_recipients(cause.event_type).contains(&EventRecipient::Admins) {
        return vec![cause.build_line(AddressedLine::for_admins(), None, params)];
    }
    build_lines_for_subject(cause, event.user_id, event.role, params)
}

pub fn build_readmission_lines(cause: SourceEvent, event: &ReadmissionEvent) -> Vec<InboxLine> {
    build_lines_for_subject(
        cause,
        event.user_id,
        event.role,
        LineParams::Person(PersonParams::default()),
    )
}

/// Lines of account news without further data.
pub fn build_account_lines(cause: SourceEvent, event: &UserEvent) -> Vec<InboxLine> {
    build_lines_for_subject(
        cause,
        event.user_id,
        event.role,
        LineParams::Person(PersonParams::default()),
    )
}

/// Admins have no personal inbox; the shared one is about work.
fn build_lines_for_subject(
    cause: SourceEvent,
    user_id: UserId,
    role: Role,
    params: LineParams,
) -> Vec<InboxLine> {
    let is_told = event_recipients(cause.event_type).contains(&EventRecipient::Themselves);
    if !is_told || role == Role::Admin {
        return Vec::new();
    }
    let addressed = AddressedLine {
        to: InboxOwner { user_id, role },
        counterpart: None,
    };
    vec![cause.build_line(addressed, None, params)]
}

fn address_order_line(
    listener: EventRecipient,
    cause: SourceEvent,
    event: &OrderEvent,
) -> Option<AddressedLine> {
    let order = &event.order;
    match listener {
        EventRecipient::Customer
            if cause.event_type == EventType::OrderStatusChanged && !is_about_the_work(event) =>
        {
            None
        }
        EventRecipient::Customer => Some(AddressedLine::for_customer(
            order.customer_id,
            order.provider_id,
        )),
        EventRecipient::Provider
            if cause.event_type == EventType::OrderStatusChanged && !can_start_work(event) =>
        {
            None
        }
        EventRecipient::Provider => Some(AddressedLine::for_provider(
            order.provider_id?,
            Some(order.customer_id),
        )),
        // The order was never theirs, so hide its customer.
        EventRecipient::Loser => Some(AddressedLine::for_provider(event.actor.user_id, None)),
        EventRecipient::FormerProvider => Some(AddressedLine::for_provider(
            event.taken_from?,
            Some(order.customer_id),
        )),
        EventRecipient::Admins
            if cause.event_type == EventType::OrderAcceptanceLost && !makes_a_case(event.code) =>
        {
            None
        }
        EventRecipient::Admins => Some(AddressedLine::for_admins()),
        EventRecipient::Matched | EventRecipient::Themselves => None,
    }
}

/// Work began, or the provider withdrew and the order is open again.
fn is_about_the_work(event: &OrderEvent) -> bool {
    let is_step = matches!(
        event.order.status,
        OrderStatus::InProgress | OrderStatus::Pending
    );
    is_step && event.money.is_none()
}

/// The payment just entered custody. Later payment updates leave the work unchanged.
fn can_start_work(event: &OrderEvent) -> bool {
    let money = event.money.as_ref();
    money.is_some_and(|money| money.payment_status == PaymentStatus::Held)
        && event.order.status == OrderStatus::Accepted
        && event.actor.role == Role::Customer
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
            terms: MoneyTerms::from_order_event(cause, event, dispute_ms),
        }))
    }

    fn from_payment_event(event: &PaymentEvent) -> Self {
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

#[cfg(test)]
mod tests;
