//! Tracks provider shares and customers' open orders within a batch, starting from the snapshot.

use std::collections::BTreeMap;

use wire::{
    LimitReached, Order, ProviderWorkload, ShareAct, ShareKind, ShareLimits, UnixMillis, UserId,
    is_open,
};

use crate::{Attempt, ProviderAct, Snapshot};

pub(crate) struct ShareTracker {
    limits: ShareLimits,
    loads: BTreeMap<UserId, ProviderWorkload>,
    open_orders_max: u32,
    open_orders: BTreeMap<UserId, u32>,
}

impl ShareTracker {
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        Self {
            limits: snapshot.limits,
            loads: snapshot.workloads.clone(),
            open_orders_max: snapshot.open_orders_max,
            open_orders: snapshot.open_orders.clone(),
        }
    }

    pub fn limit_broken_by(
        &self,
        attempt: &Attempt,
        order: &Order,
        now: UnixMillis,
    ) -> Option<LimitReached> {
        let ProviderAct {
            provider_id,
            act,
            at,
        } = act_of(attempt, Some(order), now)?;
        self.limits
            .find_reached_limit(self.loads.get(&provider_id)?, act, at)
    }

    /// The limit that one more open order of this customer would break.
    pub fn has_all_orders(&self, customer: UserId) -> Option<LimitReached> {
        let most = self.open_orders_max;
        let open = *self.open_orders.get(&customer)?;
        let reached = LimitReached {
            limit: ShareKind::OpenOrders,
            most,
            frees_at: None,
        };
        (most > 0 && open >= most).then_some(reached)
    }

    fn count_order(&mut self, before: Option<&Order>, after: &Order) {
        let Some(open) = self.open_orders.get_mut(&after.customer_id) else {
            return;
        };
        let was_open = before.is_some_and(|before| is_open(before.status));
        match (was_open, is_open(after.status)) {
            (false, true) => *open += 1,
            (true, false) => *open = open.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
    }

    /// Counts the order's change to `after`. Returns the share it used up.
    pub fn count_change(
        &mut self,
        attempt: &Attempt,
        before: Option<&Order>,
        after: &Order,
        now: UnixMillis,
    ) -> Option<ProviderAct> {
        self.count_order(before, after);
        if self.limits == ShareLimits::OFF {
            return None;
        }
        let had = before.and_then(provider_at_work);
        let has = provider_at_work(after);
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

/// Timed by the edge's receipt of the command, capped at now.
fn act_of(attempt: &Attempt, order: Option<&Order>, now: UnixMillis) -> Option<ProviderAct> {
    let actor = attempt.actor?;
    let act = ShareAct::from_command(actor, &attempt.command.body, order)?;
    let at = attempt
        .op()
        .map_or(now, |op| op.evidence.received_at.min(now));
    Some(ProviderAct {
        provider_id: actor.user_id,
        act,
        at,
    })
}

fn provider_at_work(order: &Order) -> Option<UserId> {
    order.provider_id.filter(|_| order.status.is_at_work())
}
