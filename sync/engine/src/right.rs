//! The region's right to assign (the lease), as an edge learns it from the feed and its own
//! releases.
//!
//! Invariants: an edge holds a right only by a grant to itself and to this epoch; the right is
//! proven only if the grant's digest equals the state that the feed itself delivered
//! [GRANT_DIGEST]; a fence at or below the highest seen or released never becomes valid again
//! [RELEASED_FENCE_DEAD].

use wire::{Action, ApprovalRule, CommandBody, Draft, EdgeId, Hash, RegionAssignment};

use crate::{verdict::RegionRight, view::EdgeOrderView};

/// The state of the right, stored in the edge's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegionLease {
    /// How the region assigns orders, by the feed's newest assignment.
    pub assignment: RegionAssignment,
    /// The fence under which this edge holds the right.
    pub held: Option<u64>,
    /// The digest in that fence's grant matched the feed.
    pub proven: bool,
    /// The highest fence of this region seen so far.
    pub highest_fence: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionLeaseChange {
    /// The assignment is no newer than the stored one.
    Stale,
    /// This edge holds the right from now on. An unproven right makes no answer firm.
    Granted {
        fence: u64,
        proven: bool,
    },
    Ended {
        fence: u64,
    },
    /// The assignment changed, but not this edge's right.
    Noted,
}

impl RegionLease {
    /// Applies an assignment from the feed. Only a grant calls `brought`, the `open_digest` over
    /// the versions that the feed has delivered so far; if that fails, nothing changes.
    pub fn apply_assignment<E>(
        &mut self,
        edge: &EdgeId,
        epoch: u64,
        assignment: RegionAssignment,
        brought: impl FnOnce() -> Result<Hash, E>,
    ) -> Result<RegionLeaseChange, E> {
        if assignment.policy_version <= self.assignment.policy_version {
            return Ok(RegionLeaseChange::Stale);
        }
        let ours = assignment.holder.as_ref() == Some(edge) && assignment.epoch == epoch;
        let heard = if ours && assignment.fence > self.highest_fence {
            let proven = assignment.digest == Some(brought()?);
            self.held = Some(assignment.fence);
            self.proven = proven;
            RegionLeaseChange::Granted {
                fence: assignment.fence,
                proven,
            }
        } else if ours {
            // The assignment repeats the current right, or a right that this edge has released.
            RegionLeaseChange::Noted
        } else {
            self.end_right()
                .map_or(RegionLeaseChange::Noted, |fence| RegionLeaseChange::Ended {
                    fence,
                })
        };
        self.highest_fence = self.highest_fence.max(assignment.fence);
        self.assignment = assignment;
        Ok(heard)
    }

    /// Releases the right if the cloud requests it, and returns its fence. The caller logs the
    /// release before any other op, and no later op uses that fence [RELEASE_OP].
    pub fn release_fence(&mut self) -> Option<u64> {
        if self.assignment.release_asked {
            self.end_right()
        } else {
            None
        }
    }

    /// The right under which this edge may answer in `epoch`.
    pub fn current_right(&self, epoch: u64) -> RegionRight {
        match self.held {
            Some(fence) if self.assignment.epoch == epoch => RegionRight::Held {
                fence,
                proven: self.proven,
            },
            _ if self.assignment.holder.is_some() => RegionRight::Elsewhere,
            _ => RegionRight::None,
        }
    }

    /// True if the region's offline rule lets the holder decide this command alone.
    pub fn rule_allows(&self, body: &CommandBody, view: &EdgeOrderView) -> bool {
        let mut rules = self
            .assignment
            .rules
            .list_approval_rules(view.in_good_standing);
        match (body, &view.order) {
            (CommandBody::ApproveOrder { .. }, Some(order)) => {
                rules.any(|rule| rule.allows_order(order))
            }
            (CommandBody::PublishOrder { order, .. }, _) => {
                rules.any(|rule| may_publish(rule, order))
            }
            _ => false,
        }
    }

    /// True if the region's rules allow this work without held funds. `cut_off` is the value for
    /// this command's op. A completion uses the value in the op of its start.
    pub fn allows_unpaid_work(
        &self,
        body: &CommandBody,
        view: &EdgeOrderView,
        cut_off: Option<bool>,
    ) -> bool {
        let Some(order) = &view.order else {
            return false;
        };
        let at_start = match (body.order_action(), view.unpaid_start) {
            (Some(Action::Complete), Some(start)) => start.cut_off,
            _ => cut_off,
        };
        self.assignment.rules.starts_unpaid_at_edge(order, at_start)
    }

    fn end_right(&mut self) -> Option<u64> {
        self.proven = false;
        self.held.take()
    }
}

/// The holder firmly publishes only orders that it could approve.
fn may_publish(rule: &ApprovalRule, draft: &Draft) -> bool {
    draft.currency == rule.currency
        && draft.price <= rule.price_max
        && rule.service_types.contains(&draft.service_type)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use wire::{
        Amount, Currency, OfflineRules, Order, OrderId, OrderStatus, Policy, Role, ServiceType,
    };

    use super::*;
    use crate::tests::{actor, draft, edge, id, order, overlay_without_rules};
    use crate::view::PendingOp;

    const EPOCH: u64 = 3;

    fn digest() -> Hash {
        Hash::digest_bytes(b"what the feed has brought")
    }

    fn word(policy_version: u64, holder: Option<&str>, fence: u64) -> RegionAssignment {
        RegionAssignment {
            policy_version,
            policy: Policy::Exclusive,
            holder: holder.map(|name| EdgeId::new(name).unwrap()),
            epoch: EPOCH,
            fence,
            digest: holder.map(|_| digest()),
            ..RegionAssignment::default()
        }
    }

    fn grant(version: u64, fence: u64) -> RegionAssignment {
        word(version, Some("north-1"), fence)
    }

    fn hear(lease: &mut RegionLease, assignment: RegionAssignment) -> RegionLeaseChange {
        let Ok(heard) =
            lease.apply_assignment(&edge(), EPOCH, assignment, || Ok::<_, Infallible>(digest()));
        heard
    }

    fn holder() -> RegionLease {
        let mut lease = RegionLease::default();
        assert_eq!(
            hear(&mut lease, grant(1, 1)),
            RegionLeaseChange::Granted {
                fence: 1,
                proven: true
            }
        );
        lease
    }

    #[test]
    fn only_the_feeds_own_state_proves_a_grant() {
        assert_eq!(
            holder().current_right(EPOCH),
            RegionRight::Held {
                fence: 1,
                proven: true
            }
        );
        let mut lease = RegionLease::default();
        let other = RegionAssignment {
            digest: Some(Hash::digest_bytes(b"another view")),
            ..grant(1, 1)
        };
        assert_eq!(
            hear(&mut lease, other),
            RegionLeaseChange::Granted {
                fence: 1,
                proven: false
            }
        );
        assert_eq!(
            hear(&mut lease, grant(2, 1)),
            RegionLeaseChange::Noted,
            "the moment to compare is past"
        );
        assert_eq!(
            lease.current_right(EPOCH),
            RegionRight::Held {
                fence: 1,
                proven: false
            }
        );
        assert_eq!(
            hear(&mut lease, grant(3, 2)),
            RegionLeaseChange::Granted {
                fence: 2,
                proven: true
            },
            "a new fence is compared anew"
        );
    }

    #[test]
    fn a_grant_to_another_edge_or_epoch_is_not_ours() {
        let mut lease = RegionLease::default();
        assert_eq!(
            hear(&mut lease, word(1, Some("north-2"), 1)),
            RegionLeaseChange::Noted
        );
        assert_eq!(lease.current_right(EPOCH), RegionRight::Elsewhere);
        let old = RegionAssignment {
            epoch: EPOCH - 1,
            ..grant(2, 2)
        };
        assert_eq!(hear(&mut lease, old), RegionLeaseChange::Noted);
        assert_eq!(lease.current_right(EPOCH), RegionRight::Elsewhere);
        assert_eq!(
            holder().current_right(EPOCH + 1),
            RegionRight::Elsewhere,
            "another epoch is someone else"
        );
    }

    #[test]
    fn unpaid_work_is_allowed_by_the_link_at_its_start() {
        let rules = OfflineRules {
            unpaid_start: true,
            ..OfflineRules::default()
        };
        let assignment = RegionAssignment {
            rules,
            ..RegionAssignment::default()
        };
        let lease = RegionLease {
            assignment,
            ..RegionLease::default()
        };
        let order_id = OrderId(id(1));
        let provider = actor(20, Role::Provider);
        let start = CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        };
        let complete = CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        };
        let status = OrderStatus::Accepted;
        let provider_id = Some(provider.user_id);
        let accepted = Order {
            status,
            provider_id,
            ..order(1, 3)
        };
        let mut allowed = Vec::new();
        for at_start in [Some(false), Some(true), None] {
            let started = PendingOp {
                cut_off: at_start,
                ..PendingOp::of(1, provider, start.clone())
            };
            let before = overlay_without_rules(Some(accepted.clone()), Vec::new());
            let after = overlay_without_rules(Some(accepted.clone()), vec![started]);
            let starts = lease.allows_unpaid_work(&start, &before, at_start);
            for now in [Some(false), Some(true)] {
                let goes_on = lease.allows_unpaid_work(&complete, &after, now);
                assert_eq!(goes_on, starts, "{at_start:?}, then {now:?}");
            }
            allowed.push(starts);
        }
        assert_eq!(allowed, [false, true, true]);
        assert!(!lease.allows_unpaid_work(&start, &EdgeOrderView::default(), Some(true)));
    }

    #[test]
    fn a_right_that_is_taken_back_ends_at_once() {
        let mut lease = holder();
        assert_eq!(
            hear(&mut lease, word(2, None, 1)),
            RegionLeaseChange::Ended { fence: 1 }
        );
        assert_eq!(lease.current_right(EPOCH), RegionRight::None);
        assert_eq!(hear(&mut lease, grant(1, 1)), RegionLeaseChange::Stale);
        assert_eq!(lease.current_right(EPOCH), RegionRight::None);
    }

    #[test]
    fn a_released_fence_stays_dead_when_the_feed_still_names_it() {
        let mut lease = holder();
        assert_eq!(lease.release_fence(), None, "nobody asks");
        let asked = |version| RegionAssignment {
            release_asked: true,
            ..grant(version, 1)
        };
        assert_eq!(hear(&mut lease, asked(2)), RegionLeaseChange::Noted);
        assert_eq!(lease.release_fence(), Some(1));
        assert_eq!(lease.release_fence(), None, "once");
        assert_eq!(lease.current_right(EPOCH), RegionRight::Elsewhere);
        assert_eq!(
            hear(&mut lease, grant(3, 1)),
            RegionLeaseChange::Noted,
            "the wish was withdrawn too late"
        );
        assert_eq!(lease.current_right(EPOCH), RegionRight::Elsewhere);
        assert_eq!(
            hear(&mut lease, grant(4, 2)),
            RegionLeaseChange::Granted {
                fence: 2,
                proven: true
            }
        );
    }

    #[test]
    fn a_digest_that_cannot_be_read_changes_nothing() {
        let mut lease = RegionLease::default();
        let failed =
            lease.apply_assignment(&edge(), EPOCH, grant(1, 1), || Err("the file is gone"));
        assert_eq!(
            (failed, lease),
            (Err("the file is gone"), RegionLease::default())
        );
    }

    #[test]
    fn a_rule_covers_only_the_orders_it_names() {
        let mut lease = holder();
        let order = order(1, 1);
        let nothing = EdgeOrderView::default();
        let seen = EdgeOrderView {
            order: Some(order.clone()),
            ..EdgeOrderView::default()
        };
        let approve = CommandBody::ApproveOrder { order_id: order.id };
        let publish = CommandBody::PublishOrder {
            order_id: order.id,
            order: draft(),
        };
        assert!(
            !lease.rule_allows(&approve, &seen),
            "without a rule nothing is allowed"
        );
        let rule = ApprovalRule {
            price_max: Amount::from_minor(20_000).unwrap(),
            currency: Currency::Cny,
            service_types: vec![ServiceType::CleaningRepair],
        };
        lease.assignment.rules.approval = Some(rule.clone());
        assert!(lease.rule_allows(&approve, &seen));
        assert!(lease.rule_allows(&publish, &nothing));
        assert!(!lease.rule_allows(&approve, &nothing));
        assert!(!lease.rule_allows(&CommandBody::AcceptOrder { order_id: order.id }, &seen));
        let price_max = Amount::from_minor(19_999).unwrap();
        let cheap = ApprovalRule {
            price_max,
            ..rule.clone()
        };
        lease.assignment.rules.approval = Some(cheap.clone());
        assert!(!lease.rule_allows(&approve, &seen));
        assert!(!lease.rule_allows(&publish, &nothing));

        // A wider rule for customers in good standing joins the general one.
        lease.assignment.rules.approval_in_good_standing = Some(rule);
        for in_good_standing in [false, true] {
            let seen = EdgeOrderView {
                in_good_standing,
                ..seen.clone()
            };
            let nothing = EdgeOrderView {
                in_good_standing,
                ..EdgeOrderView::default()
            };
            assert_eq!(lease.rule_allows(&approve, &seen), in_good_standing);
            assert_eq!(lease.rule_allows(&publish, &nothing), in_good_standing);
        }
        let small = Draft {
            price: price_max,
            ..draft()
        };
        let small = CommandBody::PublishOrder {
            order_id: order.id,
            order: small,
        };
        assert!(
            lease.rule_allows(&small, &nothing),
            "the narrower rule is anybody's"
        );
        lease.assignment.rules.approval = None;
        assert!(!lease.rule_allows(&small, &nothing));
    }
}
