//! Owns who hears of which order event: one table, so that a new event or a new listener is one line.

use wire::{EventId, EventType, Order, OrderEvent, Role, UnixMillis, UserId};

use super::{InboxLine, Params};

/// The person an event concerns, by the part they play in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listener {
    Customer,
    /// The provider who has, or had, the order.
    Provider,
    /// The provider whose acceptance lost: not the order's, but the event's actor.
    Loser,
    /// The provider from whom an admin withdrew the order.
    FormerProvider,
}

fn listeners(event: EventType) -> &'static [Listener] {
    match event {
        EventType::OrderCreated | EventType::OrderApproved | EventType::OrderRejected => {
            &[Listener::Customer]
        }
        EventType::OrderAccepted | EventType::OrderCancelled | EventType::OrderCompleted => {
            &[Listener::Customer, Listener::Provider]
        }
        EventType::OrderAcceptanceLost => &[Listener::Loser],
        EventType::OrderAcceptanceWithdrawn => &[Listener::Customer, Listener::FormerProvider],
        // `order.status_changed` is for screens and feeds; nobody needs to be told.
        _ => &[],
    }
}

/// The lines this event writes; none where it concerns nobody's inbox.
pub fn lines_of(
    event_type: EventType,
    event_id: EventId,
    at: UnixMillis,
    event: &OrderEvent,
) -> Vec<InboxLine> {
    let told = listeners(event_type).iter().filter_map(|&listener| person(listener, event));
    told.map(|(user_id, role, counterpart)| InboxLine {
        user_id,
        role,
        event_type,
        order_id: event.order.id,
        event_id,
        counterpart,
        params: params(&event.order, event),
        created_at: at,
    })
    .collect()
}

fn person(listener: Listener, event: &OrderEvent) -> Option<(UserId, Role, Option<UserId>)> {
    let order = &event.order;
    match listener {
        Listener::Customer => Some((order.customer_id, Role::Customer, order.provider_id)),
        Listener::Provider => {
            order.provider_id.map(|provider| (provider, Role::Provider, Some(order.customer_id)))
        }
        // It was never his, so he learns nothing of its customer.
        Listener::Loser => Some((event.actor.user_id, Role::Provider, None)),
        Listener::FormerProvider => {
            event.taken_from.map(|provider| (provider, Role::Provider, Some(order.customer_id)))
        }
    }
}

fn params(order: &Order, event: &OrderEvent) -> Params {
    Params {
        title: order.title.clone(),
        code: order.code.clone(),
        price: order.price,
        currency: order.currency,
        region: order.location,
        reason: event.reason.clone(),
        why: event.code,
        lost: event.lost.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::samples;

    #[test]
    fn each_event_reaches_exactly_its_people() {
        let (customer, provider, loser) = (samples::CUSTOMER, samples::PROVIDER, samples::LOSER);
        for (event_type, expected) in [
            (EventType::OrderCreated, vec![customer]),
            (EventType::OrderApproved, vec![customer]),
            (EventType::OrderRejected, vec![customer]),
            (EventType::OrderAccepted, vec![customer, provider]),
            (EventType::OrderAcceptanceLost, vec![loser]),
            (EventType::OrderAcceptanceWithdrawn, vec![customer, loser]),
            (EventType::OrderCancelled, vec![customer, provider]),
            (EventType::OrderCompleted, vec![customer, provider]),
            (EventType::OrderStatusChanged, vec![]),
        ] {
            let told = samples::lines(event_type);
            let people: Vec<UserId> = told.iter().map(|line| line.user_id).collect();
            assert_eq!(people, expected, "{event_type}");
        }
    }

    #[test]
    fn a_cancelled_order_that_nobody_took_tells_the_customer_alone() {
        let mut event = samples::event_body();
        event.order.provider_id = None;
        let at = UnixMillis(0);
        let id = EventId(uuid::Uuid::nil());
        let told = lines_of(EventType::OrderCancelled, id, at, &event);
        assert_eq!(told.iter().map(|line| line.role).collect::<Vec<_>>(), [Role::Customer]);
    }

    #[test]
    fn no_line_holds_the_address() {
        for line in samples::lines(EventType::OrderAccepted) {
            let kept = serde_json::to_string(&line.params).unwrap();
            assert!(!kept.contains(&samples::event_body().order.address), "{kept}");
        }
    }
}
