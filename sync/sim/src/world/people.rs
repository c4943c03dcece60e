//! People: turns an intent into a command on an order that a person at that place could plausibly
//! choose.

use uuid::Uuid;
use wire::{
    Actor, Amount, CommandBody, CommandId, Order, OrderId, OrderStatus, Region, Role, ServiceType,
    UnixMillis, is_party,
};

use super::World;
use crate::{
    cast, cloud,
    plan::{Doer, Intent},
};

impl World {
    /// A tablet with a user for this intent, preferably the drawn one.
    pub(crate) fn fitting_tablet(&self, drawn: usize, intent: Intent) -> usize {
        let around = (0..cast::TABLET_COUNT).map(|k| (drawn + k) % cast::TABLET_COUNT);
        let mut fitting = around.filter(|&t| fits(cast::at_tablet(t).role, intent));
        let first = fitting.next().unwrap_or(drawn);
        if intent == Intent::Message {
            let mut people = std::iter::once(first).chain(fitting);
            return people.find(|&t| self.has_recipient(t)).unwrap_or(first);
        }
        if follows_acceptance(intent) {
            let mut with_work = std::iter::once(first).chain(fitting);
            return with_work
                .find(|&t| self.tablets[t].accepted().is_some())
                .unwrap_or(first);
        }
        first
    }

    /// True if this tablet's person is one of the two of an order.
    fn has_recipient(&self, t: usize) -> bool {
        let actor = self.tablets[t].actor;
        let known = self.known.get(&cast::region(cast::home(t)));
        let mut known = known.into_iter().flatten();
        known.any(|id| {
            let standing = self.order_db.orders.get(id);
            standing.is_some_and(|s| seems_right(&s.order, actor, Intent::Message))
        })
    }

    pub(crate) fn fitting_person(&self, drawn: usize, intent: Intent) -> usize {
        let around = (0..cast::DESK_COUNT).map(|k| (drawn + k) % cast::DESK_COUNT);
        let mut fitting = around.filter(|&p| fits(cast::at_desk(p).role, intent));
        fitting.next().unwrap_or(drawn)
    }

    /// The command. `accepted` is an order that this device has accepted.
    pub(crate) fn body(
        &mut self,
        actor: Actor,
        region: Region,
        accepted: Option<OrderId>,
        intent: Intent,
        pick: u64,
    ) -> CommandBody {
        match intent {
            Intent::Publish => self.publishes(region, pick),
            Intent::PublishTimed => self.publishes(region, TIMED_PICK),
            _ => on(self.meant(actor, region, accepted, intent, pick), intent),
        }
    }

    /// A step of a directed schedule.
    pub(crate) fn does(&mut self, who: Doer, intent: Intent, order_id: OrderId) {
        let body = match intent {
            Intent::Publish | Intent::PublishTimed => {
                let pick = match intent {
                    Intent::PublishTimed => TIMED_PICK,
                    _ => 0,
                };
                let region = cast::order_region(order_id);
                self.known.entry(region).or_default().push(order_id);
                CommandBody::PublishOrder {
                    order_id,
                    order: draft(region, pick),
                }
            }
            _ => on(order_id, intent),
        };
        match who {
            Doer::Tablet(t) => {
                let id = CommandId(self.random.id());
                self.taps(t, id, body, 0);
            }
            Doer::Desk(person) => self.asks(cast::at_desk(person), body, true, 0),
        }
    }

    fn publishes(&mut self, region: Region, pick: u64) -> CommandBody {
        let order_id = OrderId(self.random.id());
        self.known.entry(region).or_default().push(order_id);
        CommandBody::PublishOrder {
            order_id,
            order: draft(region, pick),
        }
    }

    fn meant(
        &self,
        actor: Actor,
        region: Region,
        accepted: Option<OrderId>,
        intent: Intent,
        pick: u64,
    ) -> OrderId {
        if let Some(order_id) =
            accepted.filter(|_| follows_acceptance(intent) && !pick.is_multiple_of(4))
        {
            return order_id;
        }
        let nowhere = Vec::new();
        let known = self.known.get(&region).unwrap_or(&nowhere);
        let fits = |id: &&OrderId| {
            let standing = self.order_db.orders.get(id);
            standing.is_some_and(|s| seems_right(&s.order, actor, intent))
        };
        let fitting: Vec<&OrderId> = known.iter().filter(fits).collect();
        let pick = usize::try_from(pick / 4 % 1_000).unwrap_or(0);
        // Most choose the same few jobs, so that they collide.
        let hot = &fitting[fitting.len().saturating_sub(3)..];
        if !hot.is_empty() && pick % 8 != 0 {
            return *hot[pick % hot.len()];
        }
        let any = (!known.is_empty()).then(|| known[pick % known.len()]);
        any.unwrap_or(OrderId(Uuid::from_u128(pick as u128)))
    }
}

fn seems_right(order: &Order, actor: Actor, intent: Intent) -> bool {
    match intent {
        Intent::Approve | Intent::Reject => order.status == OrderStatus::PendingReview,
        Intent::Accept => matches!(order.status, OrderStatus::Pending | OrderStatus::Accepted),
        Intent::Cancel | Intent::Review => order.customer_id == actor.user_id,
        Intent::Message => is_party(order, actor) && order.provider_id.is_some(),
        Intent::Publish
        | Intent::PublishTimed
        | Intent::Withdraw
        | Intent::Start
        | Intent::Complete
        | Intent::ReuseId => true,
    }
}

fn follows_acceptance(intent: Intent) -> bool {
    matches!(intent, Intent::Withdraw | Intent::Start | Intent::Complete)
}

fn fits(role: Role, intent: Intent) -> bool {
    match intent {
        Intent::Publish | Intent::PublishTimed | Intent::Cancel | Intent::Review => {
            role == Role::Customer
        }
        Intent::Approve | Intent::Reject => role == Role::Admin,
        Intent::Accept | Intent::Withdraw | Intent::Start | Intent::Complete => {
            role == Role::Provider
        }
        Intent::ReuseId => role == Role::Provider,
        Intent::Message => matches!(role, Role::Customer | Role::Provider),
    }
}

fn on(order_id: OrderId, intent: Intent) -> CommandBody {
    let because = "because".to_owned();
    let reason = Some(because.clone());
    match intent {
        Intent::Publish | Intent::PublishTimed | Intent::Accept | Intent::ReuseId => {
            CommandBody::AcceptOrder { order_id }
        }
        Intent::Approve => CommandBody::ApproveOrder { order_id },
        Intent::Reject => CommandBody::RejectOrder {
            order_id,
            reason: because,
        },
        Intent::Withdraw => CommandBody::WithdrawAcceptance { order_id, reason },
        Intent::Start => CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        },
        Intent::Complete => CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        },
        Intent::Cancel => CommandBody::CancelOrder {
            order_id,
            reason,
            fee: None,
        },
        Intent::Review => CommandBody::SubmitReview {
            order_id,
            rating: 5,
            comment: String::new(),
        },
        Intent::Message => CommandBody::SendMessage {
            order_id,
            text: "I come at 2.".to_owned(),
            photo: None,
        },
    }
}

pub(crate) fn draft(region: Region, pick: u64) -> wire::Draft {
    let price = i64::try_from(pick % 90_000).unwrap_or(0) + 100;
    let price = Amount::from_minor(price).unwrap_or_else(|_| unreachable!("it is below a million"));
    let work = usize::try_from(pick % 6)
        .ok()
        .and_then(|n| ServiceType::ALL.get(n));
    let work = *work.unwrap_or(&ServiceType::Other);
    wire::Draft {
        service_start_time: agreed_hour(pick),
        ..wire::Draft::new("Fix the tap", work, price, region, "1 Lake Road")
    }
}

/// A draft by it has an agreed hour.
const TIMED_PICK: u64 = 6 * 90_000;

/// One of two hours of the next day for a quarter of the orders, and any time for the others.
fn agreed_hour(pick: u64) -> Option<UnixMillis> {
    const NEXT_DAY_MS: u64 = 24 * 60 * 60 * 1_000;
    const HOUR_MS: u64 = 60 * 60 * 1_000;
    let hour = pick / 90_000 % 8;
    (hour >= 6).then(|| cloud::at(NEXT_DAY_MS + hour * HOUR_MS, 0))
}
