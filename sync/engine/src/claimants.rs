//! The users who can still change an order, so that other users' ops cast no doubt on it
//! [FIRM_BASE].
//!
//! Invariant: it errs on one side only. While this edge holds the region under a proven grant, an
//! op that `may_change` rules out changes the order in no state that the cloud can have when it
//! decides the op. `docs/decisions/rights-to-assign.md` has the proof.

use wire::{Action, Actor, CommandBody, Order, OrderStatus, Role, UserId};

use crate::view::PendingOp;

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

#[cfg(test)]
mod tests {
    use wire::OrderId;

    use super::*;
    use crate::{
        tests::{actor, draft, edge, id, order},
        verdict::{
            CommandDecision, EdgeState, RegionRight, VerdictRequest, WAITING_MAX, judge_command,
        },
        view::overlay_pending_ops,
    };

    const CUSTOMER: u128 = 10;
    const PROVIDER: u128 = 20;
    const STRANGER: u128 = 66;
    const HOLDER: EdgeState = EdgeState {
        right: RegionRight::Held {
            fence: 7,
            proven: true,
        },
        ..EdgeState::OPTIMISTIC
    };

    fn at(status: OrderStatus, provider: Option<u128>) -> Order {
        Order {
            status,
            provider_id: provider.map(|n| UserId(id(n))),
            ..order(1, 3)
        }
    }

    fn on(action: Action) -> CommandBody {
        let order_id = OrderId(id(1));
        match action {
            Action::Approve => CommandBody::ApproveOrder { order_id },
            Action::Reject => CommandBody::RejectOrder {
                order_id,
                reason: "because".into(),
            },
            Action::Accept => CommandBody::AcceptOrder { order_id },
            Action::Withdraw => CommandBody::WithdrawAcceptance {
                order_id,
                reason: None,
            },
            Action::Start => CommandBody::StartOrder { order_id },
            Action::Complete => CommandBody::CompleteOrder {
                order_id,
                note: None,
            },
            Action::Cancel => CommandBody::CancelOrder {
                order_id,
                reason: None,
                fee: None,
            },
            Action::Review => CommandBody::SubmitReview {
                order_id,
                rating: 5,
                comment: String::new(),
            },
        }
    }

    fn ops(made: &[(u128, Role, Action)]) -> Vec<PendingOp> {
        let ops = made.iter().zip(1..);
        ops.map(|(&(n, role, action), seq)| PendingOp::of(seq, actor(n, role), on(action)))
            .collect()
    }

    /// Checks that the last of these ops on a confirmed order is idle, or is not.
    #[track_caller]
    fn check(confirmed: Order, made: &[(u128, Role, Action)], idle: bool) {
        let sight = overlay_pending_ops(Some(confirmed), ops(made), &edge());
        assert_eq!(
            sight.pending.last().map(|op| op.is_idle),
            Some(idle),
            "{made:?}"
        );
    }

    #[test]
    fn a_strangers_op_is_idle_and_a_claim_is_not() {
        use Action::{Accept, Approve, Cancel, Complete, Reject, Review, Start, Withdraw};
        let open = || at(OrderStatus::Pending, None);
        let work = [Start, Complete, Withdraw, Cancel, Review, Approve, Reject];
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
            for action in work {
                check(open(), &[(STRANGER, role, action)], true);
                check(
                    at(OrderStatus::Accepted, Some(PROVIDER)),
                    &[(STRANGER, role, action)],
                    true,
                );
            }
        }
        check(open(), &[(STRANGER, Role::Customer, Accept)], true);
        check(open(), &[(STRANGER, Role::Provider, Accept)], false);
        check(open(), &[(CUSTOMER, Role::Customer, Cancel)], false);
        check(open(), &[(STRANGER, Role::Admin, Cancel)], false);
        check(
            at(OrderStatus::Accepted, Some(PROVIDER)),
            &[(30, Role::Admin, Withdraw)],
            false,
        );
        check(
            at(OrderStatus::Accepted, Some(PROVIDER)),
            &[(PROVIDER, Role::Provider, Start)],
            false,
        );
        check(
            at(OrderStatus::PendingReview, None),
            &[(30, Role::Admin, Approve)],
            false,
        );
        check(
            at(OrderStatus::PendingReview, None),
            &[(CUSTOMER, Role::Customer, Approve)],
            false,
        );
    }

    #[test]
    fn an_acceptance_earlier_in_the_log_makes_a_claim_of_the_work_behind_it() {
        use Action::{Accept, Start, Withdraw};
        let accept = (STRANGER, Role::Provider, Accept);
        let start = (STRANGER, Role::Provider, Start);
        check(at(OrderStatus::Pending, None), &[accept, start], false);
        // The view skips the acceptance, but the order's provider may have withdrawn at the portal
        // since.
        check(
            at(OrderStatus::Accepted, Some(PROVIDER)),
            &[accept, start],
            false,
        );
        // The cloud decides the start first.
        check(at(OrderStatus::Pending, None), &[start, accept], false);
        let sight = overlay_pending_ops(
            Some(at(OrderStatus::Pending, None)),
            ops(&[start, accept]),
            &edge(),
        );
        assert!(sight.pending[0].is_idle);
        // The cloud may refuse the withdrawal, and then the start counts.
        let gone = (PROVIDER, Role::Provider, Withdraw);
        let back = (PROVIDER, Role::Provider, Start);
        check(
            at(OrderStatus::Accepted, Some(PROVIDER)),
            &[gone, back],
            false,
        );
        // A completed order cannot be accepted, so its provider stays.
        check(
            at(OrderStatus::Completed, Some(PROVIDER)),
            &[accept, start],
            true,
        );
        // An admin may have withdrawn the order from its provider.
        check(
            at(OrderStatus::InProgress, Some(PROVIDER)),
            &[accept, start],
            false,
        );
    }

    #[test]
    fn an_op_that_no_later_state_has_a_place_for_is_idle() {
        use Action::{Accept, Approve, Cancel, Start};
        for status in [
            OrderStatus::Rejected,
            OrderStatus::Completed,
            OrderStatus::Cancelled,
        ] {
            check(
                at(status, Some(PROVIDER)),
                &[(STRANGER, Role::Provider, Accept)],
                true,
            );
            check(
                at(status, Some(PROVIDER)),
                &[(CUSTOMER, Role::Customer, Cancel)],
                true,
            );
        }
        // An admin may approve it in the meantime.
        check(
            at(OrderStatus::PendingReview, None),
            &[(STRANGER, Role::Provider, Accept)],
            false,
        );
        check(
            at(OrderStatus::Pending, None),
            &[(30, Role::Admin, Approve)],
            true,
        );
        check(
            at(OrderStatus::Accepted, Some(PROVIDER)),
            &[(PROVIDER, Role::Provider, Start)],
            false,
        );
    }

    #[test]
    fn an_op_under_a_fence_is_never_idle_for_another_fence() {
        let start = ops(&[(STRANGER, Role::Provider, Action::Start)]).remove(0);
        let fenced = PendingOp {
            fence: Some(6),
            ..start
        };
        let sight =
            overlay_pending_ops(Some(at(OrderStatus::Pending, None)), vec![fenced], &edge());
        assert!(!sight.pending[0].is_idle);
    }

    #[test]
    fn only_a_known_order_has_idle_ops() {
        let start = ops(&[(STRANGER, Role::Provider, Action::Start)]).remove(0);
        assert!(!overlay_pending_ops(None, vec![start.clone()], &edge()).pending[0].is_idle);
        let body = CommandBody::PublishOrder {
            order_id: OrderId(id(1)),
            order: draft(),
        };
        let publish = PendingOp::of(1, actor(CUSTOMER, Role::Customer), body.clone());
        let again = PendingOp::of(3, actor(STRANGER, Role::Customer), body);
        let sight = overlay_pending_ops(
            None,
            vec![publish, PendingOp { seq: 2, ..start }, again],
            &edge(),
        );
        let idle: Vec<_> = sight.pending.iter().map(|op| op.is_idle).collect();
        assert_eq!(idle, [false, true, true]);
    }

    /// The view must be the same without the idle ops; otherwise it could base a promise on one.
    #[test]
    fn an_idle_op_leaves_no_trace_in_the_view() {
        let people = [
            (CUSTOMER, Role::Customer),
            (PROVIDER, Role::Provider),
            (STRANGER, Role::Admin),
        ];
        let made: Vec<_> = people
            .into_iter()
            .flat_map(|(n, _)| Role::ALL.map(|role| (n, role)))
            .flat_map(|(n, role)| Action::ALL.map(|action| (n, role, action)))
            .collect();
        for status in OrderStatus::ALL {
            for provider in [None, Some(PROVIDER)] {
                for first in &made {
                    for second in &made {
                        let all = ops(&[*first, *second]);
                        let sight =
                            overlay_pending_ops(Some(at(status, provider)), all.clone(), &edge());
                        let counts = |op: &PendingOp| {
                            sight
                                .pending
                                .iter()
                                .any(|known| known.seq == op.seq && !known.is_idle)
                        };
                        let counted = all.into_iter().filter(counts).collect();
                        let without =
                            overlay_pending_ops(Some(at(status, provider)), counted, &edge());
                        assert_eq!(sight.order, without.order, "{status} {first:?} {second:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_flood_of_nonsense_leaves_the_holders_answer_firm_and_the_room_free() {
        let start = on(Action::Start);
        let flood = (1..).take(WAITING_MAX);
        let flood =
            flood.map(|seq| PendingOp::of(seq, actor(STRANGER, Role::Provider), start.clone()));
        let sight = overlay_pending_ops(
            Some(at(OrderStatus::Pending, None)),
            flood.collect(),
            &edge(),
        );
        let asks = |n, body| {
            let request = VerdictRequest {
                actor: actor(n, Role::Provider),
                body,
                repeat: false,
                receipted: false,
            };
            judge_command(&request, &sight, &HOLDER)
        };
        assert_eq!(
            asks(STRANGER, &start),
            CommandDecision::NotTaken(wire::Code::TooManyRequests)
        );
        let accept = on(Action::Accept);
        assert!(
            matches!(asks(PROVIDER, &accept), CommandDecision::Taken(taken) if taken.fence == Some(7))
        );
    }
}
