//! How much of a change each person hears: enough to load again what they may read, and no more.

use serde::Serialize;
use wire::{Actor, Change, Order, OrderCode, OrderId, OrderStatus, Region, Role, readable_by};

use super::FeedNews;

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ChangeNotice {
    Order { id: OrderId, code: OrderCode, status: OrderStatus, region: Region, version: u64 },
    Gone { id: OrderId, region: Region, version: u64 },
}

impl ChangeNotice {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Order { .. } => "order",
            Self::Gone { .. } => "order_gone",
        }
    }
}

/// `None` where the change is nothing to this person.
pub fn of(news: &FeedNews, actor: Actor) -> Option<ChangeNotice> {
    let region = news.region;
    match &news.change {
        Change::Order(order) if readable_by(order, actor).is_some() => Some(ChangeNotice::Order {
            id: order.id,
            code: order.code.clone(),
            status: order.status,
            region,
            version: order.version,
        }),
        Change::Order(order) if actor.role == Role::Provider && may_have_been_open(order) => {
            Some(ChangeNotice::Gone { id: order.id, region, version: order.version })
        }
        Change::OrderGone { order_id: id, version } if actor.role != Role::Customer => {
            Some(ChangeNotice::Gone { id: *id, region, version: *version })
        }
        _ => None,
    }
}

/// Every provider may have had it on their board, and must take it off.
fn may_have_been_open(order: &Order) -> bool {
    !matches!(order.status, OrderStatus::PendingReview | OrderStatus::Rejected)
}

#[cfg(test)]
mod tests {
    use support::samples;

    use super::*;

    #[test]
    fn a_change_is_told_to_those_who_may_read_it_and_nothing_of_it_is_private() {
        let (customer, provider) = (samples::person(1, Role::Customer), 2);
        for status in OrderStatus::ALL {
            let order = Order {
                customer_id: customer.user_id,
                provider_id: Some(samples::person(provider, Role::Provider).user_id),
                status,
                title: "Mend the tap".into(),
                address: "1 Secret Lane".into(),
                ..samples::order(9, 3)
            };
            let news =
                FeedNews { region: Region::North, feed_seq: 1, change: Change::Order(order) };
            let told = |user, role| of(&news, samples::person(user, role));
            let name = |user, role| told(user, role).as_ref().map(ChangeNotice::name);
            assert_eq!(name(1, Role::Customer), Some("order"), "{status}");
            assert_eq!(name(7, Role::Customer), None, "another's order");
            assert_eq!(name(8, Role::Admin), Some("order"));
            assert_eq!(name(provider, Role::Provider), Some("order"));
            let stranger = match status {
                OrderStatus::Pending => Some("order"),
                OrderStatus::PendingReview | OrderStatus::Rejected => None,
                _ => Some("order_gone"),
            };
            assert_eq!(name(3, Role::Provider), stranger, "{status}");
            let text = serde_json::to_string(&told(8, Role::Admin)).unwrap();
            assert!(!text.contains("tap") && !text.contains("Lane"), "{text}");
        }
    }

    #[test]
    fn an_order_that_left_a_region_is_told_to_boards_alone() {
        let change = Change::OrderGone { order_id: samples::order(9, 3).id, version: 3 };
        let news = FeedNews { region: Region::South, feed_seq: 1, change };
        for (role, name) in [
            (Role::Customer, None),
            (Role::Provider, Some("order_gone")),
            (Role::Admin, Some("order_gone")),
        ] {
            let told = of(&news, samples::person(1, role));
            assert_eq!(told.as_ref().map(ChangeNotice::name), name);
        }
    }
}
