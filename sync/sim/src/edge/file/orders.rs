//! Outcomes and feed changes. Mirrors `edge-node/src/store/stored_commands.rs`, `orders.rs` and
//! `standing.rs`.

use std::rc::Rc;

use engine::view::{self, OrderSource};
use planted::is_planted;
use wire::{
    FeedChange, Hash, NumberedOutcome, Op, Order, OrderId, Outcome, RegionAssignment, is_open,
    open_digest,
};

use super::{EdgeFile, LoggedCommand, SettledCommand};
use crate::bug::Bug;

impl EdgeFile {
    pub(super) fn settle(
        &mut self,
        to: u64,
        outcomes: Vec<NumberedOutcome>,
    ) -> Vec<SettledCommand> {
        let mut settled = Vec::with_capacity(outcomes.len());
        let epoch = self.book.live.epoch;
        for numbered in outcomes {
            let known = self.book.live.settled_seq;
            self.book.live.settled_seq = known.max(numbered.seq);
            if let Some(order) = numbered.outcome.order.clone() {
                self.merge(order, OrderSource::Outcome);
            }
            let place = (epoch, numbered.seq);
            let Some(key) = self.by_op.get(&place).map(|key| **key) else {
                continue;
            };
            let Some(stored) = self.commands.get(&key) else {
                continue;
            };
            let outcome = Some(Outcome {
                order: None,
                ..numbered.outcome
            });
            let stored = LoggedCommand {
                outcome,
                ..LoggedCommand::clone(stored)
            };
            self.commands.put(key, stored);
            self.pending.remove(&place);
            let (command_id, user_id) = key;
            settled.push(SettledCommand {
                command_id,
                user_id,
            });
        }
        self.book.live.outcome_cursor = to;
        settled
    }

    pub(super) fn apply(&mut self, to: u64, changes: Vec<FeedChange>) {
        changes.into_iter().for_each(|change| self.take(change));
        self.book.live.feed_cursor = to;
    }

    pub(super) fn take(&mut self, change: FeedChange) {
        match change {
            FeedChange::Order(order) => self.merge(order, OrderSource::Feed),
            FeedChange::OrderGone { order_id, version } => {
                let row = self.orders.get(&order_id).cloned();
                if row.is_some_and(|row| view::leaves_view(&row, version)) {
                    self.drop_order(order_id);
                }
            }
            FeedChange::Assignment(word) => self.hear(word),
            FeedChange::Revoked { version, users, .. } => {
                users
                    .into_iter()
                    .for_each(|user| self.revoked.put(user, ()));
                let known = self.book.live.revocations_version;
                self.book.live.revocations_version = known.max(version);
            }
            // Only the hostile replica sends these.
            FeedChange::Keys { version, .. } => {
                self.book.live.keys_version = self.book.live.keys_version.max(version);
            }
            // A policy comes with its assignment.
            FeedChange::Policy { .. } | FeedChange::Unknown => {}
        }
    }

    pub(super) fn drop_order(&mut self, order_id: OrderId) {
        if let Some(row) = self.orders.get(&order_id).cloned() {
            self.book.live.tally.replace_row(Some(&row), None);
            self.orders.remove(&order_id);
            self.brought.remove(&order_id);
        }
    }

    /// Compares a grant with the feed, and answers a release request in the log.
    fn hear(&mut self, assignment: RegionAssignment) {
        let open = self.brought.live().iter().filter(|(_, row)| row.1);
        let digest = open_digest(open.map(|(id, row)| (*id, row.0)));
        let digest = if is_planted(Bug::GrantDigest) {
            assignment.digest
        } else {
            Some(digest)
        };
        let name = self.book.live.edge_id.clone();
        let epoch = self.book.live.epoch;
        let forgets = is_planted(Bug::ReleasedFenceDead);
        let goes_on = is_planted(Bug::ReleaseGoesOn);
        let lease = Rc::make_mut(&mut self.book.live.lease);
        if forgets && lease.held.is_none() {
            lease.highest_fence = 0;
        }
        let brought = || Ok::<_, std::convert::Infallible>(digest.unwrap_or(Hash::ZERO));
        let Ok(_) = lease.apply_assignment(&name, epoch, assignment, brought);
        let proven = lease.proven;
        if let Some(fence) = lease.release_fence() {
            if goes_on {
                (lease.held, lease.proven) = (Some(fence), proven);
            }
            self.append(Op::LeaseReleased { fence });
        }
    }

    fn merge(&mut self, order: Order, via: OrderSource) {
        if via == OrderSource::Feed {
            let brought = self.brought.get(&order.id).map_or(0, |row| row.0);
            if order.version >= brought {
                self.brought
                    .put(order.id, (order.version, is_open(order.status)));
            }
        }
        let old = self.orders.get(&order.id).cloned();
        let (row, _) = if is_planted(Bug::OlderVersionApplied) {
            view::merge_order(None, order, via)
        } else {
            view::merge_order(old.as_deref(), order, via)
        };
        if old.as_deref() != Some(&row) {
            if !(is_planted(Bug::OutcomeOrderNotCounted) && via == OrderSource::Outcome) {
                self.book.live.tally.replace_row(old.as_deref(), Some(&row));
            }
            self.orders.put(row.order.id, row);
        }
    }
}
