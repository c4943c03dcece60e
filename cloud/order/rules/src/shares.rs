//! The shares of the work that providers use up in a batch, on top of those that stood in the snapshot.

use std::collections::BTreeMap;

use wire::{LimitReached, Order, ShareAct, ShareLimits, UnixMillis, UserId, Workload};

use crate::{Attempt, ProviderAct, Snapshot};

pub(crate) struct ShareBook {
    limits: ShareLimits,
    loads: BTreeMap<UserId, Workload>,
}

impl ShareBook {
    pub fn of(snapshot: &Snapshot) -> Self {
        Self { limits: snapshot.limits, loads: snapshot.workloads.clone() }
    }

    /// The limit that this attempt would break.
    pub fn reached(
        &self,
        attempt: &Attempt,
        order: &Order,
        now: UnixMillis,
    ) -> Option<LimitReached> {
        let ProviderAct { provider_id, act, at } = act_of(attempt, Some(order), now)?;
        self.limits.reached(self.loads.get(&provider_id)?, act, at)
    }

    /// The order has become `after` by this attempt. Returns the share that it used up.
    pub fn change(
        &mut self,
        attempt: &Attempt,
        before: Option<&Order>,
        after: &Order,
        now: UnixMillis,
    ) -> Option<ProviderAct> {
        if self.limits == ShareLimits::OFF {
            return None;
        }
        let had = before.and_then(worker);
        let has = worker(after);
        if had != has {
            if let Some(load) = had.and_then(|had| self.loads.get_mut(&had)) {
                load.open_jobs = load.open_jobs.saturating_sub(1);
            }
            if let Some(load) = has.and_then(|has| self.loads.get_mut(&has)) {
                load.open_jobs += 1;
            }
        }
        let used = act_of(attempt, before, now)?;
        if let Some(load) = self.loads.get_mut(&used.provider_id) {
            load.add(used.act, used.at);
        }
        Some(used)
    }
}

/// Judged by the moment at which the edge took it, and never by a later one than now.
fn act_of(attempt: &Attempt, order: Option<&Order>, now: UnixMillis) -> Option<ProviderAct> {
    let actor = attempt.actor?;
    let act = ShareAct::of(actor, &attempt.command.body, order)?;
    let at = attempt.op().map_or(now, |op| op.evidence.received_at.min(now));
    Some(ProviderAct { provider_id: actor.user_id, act, at })
}

/// The provider who has the order in hand.
fn worker(order: &Order) -> Option<UserId> {
    order.provider_id.filter(|_| order.status.is_at_work())
}
