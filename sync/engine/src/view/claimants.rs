//! The users who can still change an order, in any state that the cloud can have.

use wire::{Action, Actor, CommandBody, Order, OrderStatus, Role, UserId};

use super::PendingOp;

/// The users who can still change an order, so that other users' ops cast no doubt on it
/// [FIRM_BASE].
///
/// Invariant: it errs on one side only. While this edge holds the region under a proven grant, an
/// op that `may_change` rules out changes the order in no state that the cloud can have when it
/// decides the op. `docs/decisions/rights-to-assign.md` has the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PotentialActors {
    /// The confirmed status, or the status of an order published here. The cloud may have any later
    /// status.
    status: OrderStatus,
    customer: UserId,
    provider: Option<UserId>,
    /// The users with a pending acceptance so far. While this edge holds the region, no other user
    /// can become the provider.
    acceptors: Vec<UserId>,
}

impl PotentialActors {
    pub fn from_order(order: &Order) -> Self {
        let Order {
            status,
            customer_id,
            provider_id,
            ..
        } = *order;
        Self {
            status,
            customer: customer_id,
            provider: provider_id,
            acceptors: Vec::new(),
        }
    }

    /// Ops come in log order.
    pub fn record_op(&mut self, op: &PendingOp) {
        let maker = op.actor.user_id;
        if op.body.order_action() == Some(Action::Accept) && !self.acceptors.contains(&maker) {
            self.acceptors.push(maker);
        }
    }

    /// True if a provisional op, next in the log, could change the order in some later state,
    /// judged by user, role and command.
    pub fn may_change(&self, actor: Actor, body: &CommandBody) -> bool {
        // The order exists, so it cannot be published again.
        let Some(action) = body.order_action() else {
            return false;
        };
        self.is_permitted(actor, action) && can_reach_action(self.status, action, actor.role)
    }

    /// Wider than `Action::roles` in one case: the cloud accepts a customer's approval under an
    /// offline rule.
    fn is_permitted(&self, actor: Actor, action: Action) -> bool {
        let user = Some(actor.user_id);
        let is_admin = actor.role == Role::Admin;
        match action {
            Action::Approve => is_admin || user == Some(self.customer),
            Action::Reject => is_admin,
            Action::Accept => actor.role == Role::Provider,
            Action::Withdraw if is_admin => true,
            Action::Withdraw | Action::Start | Action::Complete => {
                user == self.provider || self.acceptors.contains(&actor.user_id)
            }
            Action::Cancel => is_admin || user == Some(self.customer),
            Action::Review => user == Some(self.customer),
            // They keep status and provider.
            Action::Report | Action::Answer | Action::Reschedule | Action::Message => false,
        }
    }
}

/// True if an order can get from this status to one that allows `action` for `role`.
fn can_reach_action(status: OrderStatus, action: Action, role: Role) -> bool {
    let mut reached = vec![status];
    let mut seen = 0;
    while let Some(&from) = reached.get(seen) {
        if from.next_status_by_role(action, role).is_some() {
            return true;
        }
        for by in Role::ALL {
            let next = Action::ALL
                .iter()
                .filter_map(|&action| from.next_status_by_role(action, by));
            let new: Vec<_> = next.filter(|status| !reached.contains(status)).collect();
            reached.extend(new);
        }
        seen += 1;
    }
    false
}
