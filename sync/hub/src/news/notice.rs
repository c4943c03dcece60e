//! Limits a change notice to what each user needs to reload the things they may read.

use serde::Serialize;
use wire::{
    Actor, FeedChange, Order, OrderCode, OrderId, OrderStatus, Region, Role, order_visible_to,
};

use super::{FeedUpdate, UpdateKind};

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ChangeNotice {
    Order {
        id: OrderId,
        code: OrderCode,
        status: OrderStatus,
        region: Region,
        version: u64,
    },
    Gone {
        id: OrderId,
        region: Region,
        version: u64,
    },
    Lost {
        id: OrderId,
        region: Region,
        version: u64,
    },
}

impl ChangeNotice {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Order { .. } => "order",
            Self::Gone { .. } => "order_gone",
            Self::Lost { .. } => "acceptance_lost",
        }
    }
}

/// `None` if the change does not concern this user.
pub fn build_notice(news: &FeedUpdate, actor: Actor) -> Option<ChangeNotice> {
    let region = news.region;
    match (news.kind, news.change.as_ref()?) {
        (UpdateKind::Lost, FeedChange::Order(order)) if hears_of_loss(order, actor) => {
            Some(ChangeNotice::Lost {
                id: order.id,
                region,
                version: order.version,
            })
        }
        (UpdateKind::Lost, _) => None,
        (_, FeedChange::Order(order)) if order_visible_to(order, actor).is_some() => {
            Some(ChangeNotice::Order {
                id: order.id,
                code: order.code.clone(),
                status: order.status,
                region,
                version: order.version,
            })
        }
        (_, FeedChange::Order(order))
            if actor.role == Role::Provider && may_have_been_open(order) =>
        {
            Some(ChangeNotice::Gone {
                id: order.id,
                region,
                version: order.version,
            })
        }
        (
            _,
            FeedChange::OrderGone {
                order_id: id,
                version,
            },
        ) if actor.role != Role::Customer => Some(ChangeNotice::Gone {
            id: *id,
            region,
            version: *version,
        }),
        _ => None,
    }
}

/// A loss is part of the order's history, which most providers may not read even while the order is
/// open.
fn hears_of_loss(order: &Order, actor: Actor) -> bool {
    match actor.role {
        Role::Provider => order.provider_id == Some(actor.user_id),
        Role::Customer | Role::Admin => order_visible_to(order, actor).is_some(),
    }
}

/// Any provider may have it on their board and must remove it.
fn may_have_been_open(order: &Order) -> bool {
    !matches!(
        order.status,
        OrderStatus::PendingReview | OrderStatus::Rejected
    )
}

#[cfg(test)]
mod tests {
    use support::samples;

    use super::*;

    #[test]
    fn a_change_is_told_to_those_who_may_read_it_and_nothing_of_it_is_private() {
        let customer = samples::person(1, Role::Customer);
        let provider = 2;
        for status in OrderStatus::ALL {
            let order = Order {
                customer_id: customer.user_id,
                provider_id: Some(samples::person(provider, Role::Provider).user_id),
                status,
                title: "Mend the tap".into(),
                address: "1 Secret Lane".into(),
                ..samples::order(9, 3)
            };
            let mut news = changed(Region::North, FeedChange::Order(order));
            let told = |user, role| build_notice(&news, samples::person(user, role));
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

            news.kind = UpdateKind::Lost;
            let told = |user, role| build_notice(&news, samples::person(user, role));
            let hears = [
                (1, Role::Customer),
                (8, Role::Admin),
                (provider, Role::Provider),
            ];
            for (user, role) in hears {
                assert_eq!(
                    told(user, role).map(|told| told.name()),
                    Some("acceptance_lost")
                );
            }
            for (user, role) in [(7, Role::Customer), (3, Role::Provider)] {
                assert_eq!(told(user, role), None, "{status}");
            }
        }
    }

    fn changed(region: Region, change: FeedChange) -> FeedUpdate {
        FeedUpdate {
            region,
            kind: UpdateKind::Changed,
            number: 1,
            change: Some(change),
        }
    }

    #[test]
    fn an_order_that_left_a_region_is_told_to_boards_alone() {
        let change = FeedChange::OrderGone {
            order_id: samples::order(9, 3).id,
            version: 3,
        };
        let mut news = changed(Region::South, change);
        for (role, name) in [
            (Role::Customer, None),
            (Role::Provider, Some("order_gone")),
            (Role::Admin, Some("order_gone")),
        ] {
            news.kind = UpdateKind::Changed;
            let told = build_notice(&news, samples::person(1, role));
            assert_eq!(told.as_ref().map(ChangeNotice::name), name);
            news.kind = UpdateKind::Lost;
            assert_eq!(
                build_notice(&news, samples::person(1, role)),
                None,
                "nobody can look it up here"
            );
        }
    }
}
