//! The keys that the requests of a transaction name.

use std::collections::BTreeSet;

use rules::{Attempt, Submission};
use wire::{CommandBody, CommandId, OrderId, Region, UserId};

use super::time_proposals::list_rescheduled;

#[derive(Default)]
pub(super) struct RequestedKeys {
    pub(super) commands: BTreeSet<CommandId>,
    pub(super) orders: BTreeSet<OrderId>,
    pub(super) published: BTreeSet<OrderId>,
    pub(super) regions: BTreeSet<Region>,
    pub(super) fences: BTreeSet<u64>,
    pub(super) rules_versions: BTreeSet<u64>,
    /// Orders with agreed hours.
    pub(super) timed: BTreeSet<OrderId>,
    /// Orders that a request moves to another time, and their providers.
    pub(super) rescheduled: BTreeSet<OrderId>,
    pub(super) moving_providers: BTreeSet<UserId>,
    /// Some request may end a right.
    pub(super) releases: bool,
}

impl RequestedKeys {
    pub(super) fn from_requests(submissions: &[Submission]) -> Self {
        let mut named = Self {
            rescheduled: list_rescheduled(submissions),
            ..Self::default()
        };
        for request in submissions {
            match request {
                Submission::Command(attempt) => named.add(attempt),
                Submission::LeaseReleased { region, .. } => {
                    named.regions.insert(*region);
                    named.releases = true;
                }
            }
        }
        named
    }

    fn add(&mut self, attempt: &Attempt) {
        let body = &attempt.command.body;
        self.commands.insert(attempt.command.id);
        self.orders.insert(body.order_id());
        if let CommandBody::PublishOrder { order, order_id } = body {
            self.regions.insert(order.location);
            self.published.insert(*order_id);
            self.timed.extend(order.service_hours().map(|_| *order_id));
        }
        if let Some(op) = attempt.op() {
            self.regions.insert(op.region);
            self.fences.extend(op.evidence.fence);
            self.fences
                .extend(op.evidence.relogged.as_ref().and_then(|first| first.fence));
            self.rules_versions.extend(op.evidence.rules_version);
        }
    }
}
