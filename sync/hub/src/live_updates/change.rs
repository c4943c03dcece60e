//! One change of a region's feed for watching pages: its number, the position that a browser keeps
//! between connections, and the notice that a user may see.

use std::{fmt, str::FromStr};

use serde::Serialize;
use wire::{
    Actor, FeedChange, Order, OrderCode, OrderId, OrderStatus, Region, Role, is_party,
    order_visible_to,
};

use crate::{domain::status::RegionRecord, store::feed::orders::LOST_KEPT};

/// A change of an order that pages may show.
pub(super) struct FeedUpdate {
    pub region: Region,
    pub kind: UpdateKind,
    pub number: u64,
    /// The change, or for a lost acceptance the order's newest change in the feed.
    pub change: Option<FeedChange>,
}

/// The number of each region's last change and last lost acceptance, with the generation of the
/// feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FeedPosition {
    generation: u64,
    changed: RegionNumbers,
    lost: RegionNumbers,
}

type RegionNumbers = [u64; Region::ALL.len()];

/// Each region numbers changes and other news separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpdateKind {
    Changed,
    /// An acceptance lost; the order is unchanged.
    Lost,
    /// One of its two people wrote to the other; the order is unchanged. Shares the numbers of
    /// `Lost`.
    Message,
}

/// Above this, reloading the views is cheaper than replaying.
pub(super) const MISSED_MAX: u32 = 500;

impl FeedPosition {
    /// The end of every feed.
    pub(crate) fn end_of_feeds(regions: &[RegionRecord]) -> Self {
        let none = [0; Region::ALL.len()];
        let mut place = Self {
            generation: 0,
            changed: none,
            lost: none,
        };
        for record in regions {
            place.generation = place.generation.rotate_left(7) ^ record.feed_generation;
            place.advance_to(record.region, UpdateKind::Changed, record.feed_seq);
            place.advance_to(record.region, UpdateKind::Lost, record.lost);
        }
        place
    }

    pub(crate) fn number_of(&self, region: Region, kind: UpdateKind) -> u64 {
        let numbers = match kind {
            UpdateKind::Changed => &self.changed,
            UpdateKind::Lost | UpdateKind::Message => &self.lost,
        };
        numbers[usize::from(region.index())]
    }

    pub(crate) fn advance_to(&mut self, region: Region, kind: UpdateKind, number: u64) {
        let numbers = match kind {
            UpdateKind::Changed => &mut self.changed,
            UpdateKind::Lost | UpdateKind::Message => &mut self.lost,
        };
        numbers[usize::from(region.index())] = number;
    }

    /// Returns true if the store still has everything between this place and the end, and it is
    /// short enough to replay.
    pub(crate) fn can_replay_to(&self, end: &Self, regions: &[RegionRecord]) -> bool {
        self.generation == end.generation
            && regions
                .iter()
                .all(|record| self.can_replay_region(end, record))
    }

    fn can_replay_region(&self, end: &Self, record: &RegionRecord) -> bool {
        let changed = self.number_of(record.region, UpdateKind::Changed);
        let last_change = end.number_of(record.region, UpdateKind::Changed);
        let lost = self.number_of(record.region, UpdateKind::Lost);
        let last_lost = end.number_of(record.region, UpdateKind::Lost);
        (record.compacted_to..=last_change).contains(&changed)
            && last_change - changed <= MISSED_MAX.into()
            && (last_lost.saturating_sub(LOST_KEPT)..=last_lost).contains(&lost)
    }
}

impl fmt::Display for FeedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.generation)?;
        self.changed
            .iter()
            .chain(&self.lost)
            .try_for_each(|number| write!(f, ".{number}"))
    }
}

impl FromStr for FeedPosition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a place in the feeds";
        let mut parts = text.split('.');
        let generation = parts
            .next()
            .and_then(|part| u64::from_str_radix(part, 16).ok());
        let mut changed = [0; Region::ALL.len()];
        let mut lost = [0; Region::ALL.len()];
        for number in changed.iter_mut().chain(&mut lost) {
            *number = parts
                .next()
                .and_then(|part| part.parse().ok())
                .ok_or(wrong)?;
        }
        match (generation, parts.next()) {
            (Some(generation), None) => Ok(Self {
                generation,
                changed,
                lost,
            }),
            _ => Err(wrong),
        }
    }
}

/// Contains only what each user needs to reload the things they may read.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum ChangeNotice {
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
    Message {
        id: OrderId,
        region: Region,
        version: u64,
    },
}

impl ChangeNotice {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Order { .. } => "order",
            Self::Gone { .. } => "order_gone",
            Self::Lost { .. } => "acceptance_lost",
            Self::Message { .. } => "message",
        }
    }
}

/// `None` if the change does not concern this user.
pub(super) fn build_notice(update: &FeedUpdate, actor: Actor) -> Option<ChangeNotice> {
    let region = update.region;
    match (update.kind, update.change.as_ref()?) {
        (UpdateKind::Lost, FeedChange::Order(order)) if may_see_loss(order, actor) => {
            Some(ChangeNotice::Lost {
                id: order.id,
                region,
                version: order.version,
            })
        }
        (UpdateKind::Message, FeedChange::Order(order)) if is_party(order, actor) => {
            Some(ChangeNotice::Message {
                id: order.id,
                region,
                version: order.version,
            })
        }
        (UpdateKind::Lost | UpdateKind::Message, _) => None,
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
            if actor.role == Role::Provider && order.status.may_have_been_open() =>
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
fn may_see_loss(order: &Order, actor: Actor) -> bool {
    match actor.role {
        Role::Provider => order.provider_id == Some(actor.user_id),
        Role::Customer | Role::Admin => order_visible_to(order, actor).is_some(),
    }
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
            let mut update = changed(Region::North, FeedChange::Order(order));
            let told = |user, role| build_notice(&update, samples::person(user, role));
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

            update.kind = UpdateKind::Lost;
            let told = |user, role| build_notice(&update, samples::person(user, role));
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

            update.kind = UpdateKind::Message;
            let told = |user, role| build_notice(&update, samples::person(user, role));
            for (user, role) in [(1, Role::Customer), (provider, Role::Provider)] {
                let name = told(user, role).map(|told| told.name());
                assert_eq!(name, Some("message"), "{status}");
            }
            for (user, role) in [(7, Role::Customer), (3, Role::Provider), (8, Role::Admin)] {
                assert_eq!(
                    told(user, role),
                    None,
                    "a message is for the two of the order"
                );
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
        let mut update = changed(Region::South, change);
        for (role, name) in [
            (Role::Customer, None),
            (Role::Provider, Some("order_gone")),
            (Role::Admin, Some("order_gone")),
        ] {
            update.kind = UpdateKind::Changed;
            let told = build_notice(&update, samples::person(1, role));
            assert_eq!(told.as_ref().map(ChangeNotice::name), name);
            update.kind = UpdateKind::Lost;
            assert_eq!(
                build_notice(&update, samples::person(1, role)),
                None,
                "nobody can look it up here"
            );
        }
    }

    #[test]
    fn a_place_reads_back_and_other_texts_do_not() {
        let place = FeedPosition {
            generation: 0xab12,
            changed: [1, 0, 9_000_000_000, 4, 5],
            lost: [0, 0, 7, 0, 0],
        };
        assert_eq!(place.to_string(), "ab12.1.0.9000000000.4.5.0.0.7.0.0");
        assert_eq!(place.to_string().parse(), Ok(place));
        for bad in [
            "",
            "x",
            "ab12",
            "ab12.1.2.3.4.5",
            "ab12.1.2.3.4.5.6.7.8.9",
            "a b",
        ] {
            assert!(bad.parse::<FeedPosition>().is_err(), "{bad}");
        }
        for bad in ["ab12.1.2.3.4.5.6.7.8.9.10.11", "ab12.1.2.3.4.5.6.7.8.9.-10"] {
            assert!(bad.parse::<FeedPosition>().is_err(), "{bad}");
        }
    }
}
