//! The attacker: acts on others' orders, under others' ids, and in floods.

use uuid::Uuid;
use wire::{CommandBody, CommandId, OrderId, OrderStatus};

use super::World;
use crate::{
    cast::{self, STRANGER},
    plan::Mischief,
};

/// More than the holder allows to wait on one order.
const FLOOD: usize = engine::verdict::WAITING_MAX + 6;

impl World {
    /// Keeps the attacker at one edge; they visit others only to look for an answer.
    pub(crate) fn stranger_settles(&mut self) {
        let tablet = &mut self.tablets[STRANGER];
        (tablet.home, tablet.at_edge) = (self.plan.stranger_at, self.plan.stranger_at);
    }

    pub(crate) fn stranger_does(&mut self, what: Mischief, pick: u64) {
        let Some(order_id) = self.anothers_order(what, pick) else {
            return;
        };
        *self.counts.tried.entry(what.name()).or_default() += 1;
        let start = CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        };
        let reason = || Some("because".to_owned());
        let (count, body) = match what {
            Mischief::Start | Mischief::OtherBody | Mischief::OthersId => (1, start),
            Mischief::Flood => (FLOOD, start),
            Mischief::Complete => (
                1,
                CommandBody::CompleteOrder {
                    order_id,
                    note: None,
                    evidence: None,
                },
            ),
            Mischief::Withdraw => (
                1,
                CommandBody::WithdrawAcceptance {
                    order_id,
                    reason: reason(),
                },
            ),
            Mischief::Cancel => (
                1,
                CommandBody::CancelOrder {
                    order_id,
                    reason: reason(),
                    fee: None,
                },
            ),
            Mischief::Approve => (1, CommandBody::ApproveOrder { order_id }),
            Mischief::Reject => (
                1,
                CommandBody::RejectOrder {
                    order_id,
                    reason: "no".to_owned(),
                },
            ),
            Mischief::Review => (
                1,
                CommandBody::SubmitReview {
                    order_id,
                    rating: 1,
                    comment: String::new(),
                },
            ),
            Mischief::AcceptClosed => (1, CommandBody::AcceptOrder { order_id }),
        };
        let known = match what {
            Mischief::OtherBody => self.tablets[STRANGER].items.last().map(|item| item.id),
            Mischief::OthersId => self.others_id(pick),
            _ => None,
        };
        for _ in 0..count {
            let id = known.unwrap_or_else(|| CommandId(self.random.id()));
            self.taps(STRANGER, id, body.clone(), pick);
        }
    }

    /// An order that the attacker has no claim to: a closed one to accept, otherwise one of the
    /// newest that others compete for, or an unknown one.
    fn anothers_order(&self, what: Mischief, pick: u64) -> Option<OrderId> {
        let nowhere = Vec::new();
        let known = self
            .known
            .get(&cast::region(self.plan.stranger_at))
            .unwrap_or(&nowhere);
        let may_be_unopened = pick.is_multiple_of(4);
        let pick = usize::try_from(pick / 4 % 1_000);
        let fits = |id: &&OrderId| {
            let status = self
                .order_db
                .orders
                .get(id)
                .map(|standing| standing.order.status);
            match status {
                None | Some(OrderStatus::PendingReview) => may_be_unopened && !what.accepts(),
                Some(OrderStatus::Pending | OrderStatus::Accepted | OrderStatus::InProgress) => {
                    !what.accepts()
                }
                Some(_) => what.accepts(),
            }
        };
        let fitting: Vec<&OrderId> = known.iter().filter(fits).collect();
        let hot = &fitting[fitting.len().saturating_sub(2)..];
        let pick = pick.unwrap_or(0);
        match hot.get(pick % hot.len().max(1)) {
            Some(order_id) => Some(**order_id),
            None => (!what.accepts()).then(|| OrderId(Uuid::from_u128(pick as u128))),
        }
    }

    fn others_id(&self, pick: u64) -> Option<CommandId> {
        let ids = self.tablets[..STRANGER]
            .iter()
            .flat_map(|tablet| &tablet.items);
        let ids: Vec<CommandId> = ids.map(|item| item.id).collect();
        let pick = usize::try_from(pick % 10_000).unwrap_or(0);
        (!ids.is_empty()).then(|| ids[pick % ids.len()])
    }
}
