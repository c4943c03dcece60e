//! The language of schedules: each method adds one step at its time.

use uuid::Uuid;
use wire::{LinkLimits, OrderId};

use crate::{
    Bug, SeedPlan, cast,
    plan::{
        Catch, Doer, Fault, FaultKind, Forgery, FrameFate, GOOD_STANDING_ONLY, Intent,
        ONLY_OF_FEED, Side, Step, StepKind, Tuning,
    },
    scenarios::Scenario,
};

/// The end of the schedule lifts any remaining fault.
const HEALS_AFTER_MS: u64 = 10_000;
const SEED: u64 = 0xd1_4ec7;

/// The edges of the south, a provider's tablet at each, and the admin's and the customer's at
/// south-2.
pub(super) const SOUTH_1: usize = 2;
pub(super) const SOUTH_2: usize = 3;
pub(super) const P1: usize = 2;
pub(super) const P2: usize = 3;
/// Another provider's tablet at south-2.
pub(super) const SECOND_P2: usize = 8;
pub(super) const CUSTOMER: usize = 13;
pub(super) const ADMIN: usize = 18;
pub(super) const STRANGER: usize = crate::cast::STRANGER;
/// Portal users.
pub(super) const DESK_CUSTOMER: usize = 0;
pub(super) const DESK_PROVIDER: usize = 2;
pub(super) const DESK_ADMIN: usize = 5;

pub(super) struct Schedule {
    plan: SeedPlan,
}

/// The `n`th order of region number `region`.
pub(super) fn order(region: u64, n: u64) -> OrderId {
    OrderId(Uuid::from_u64_pair(0x0d1_4ec7, n * 3 + region))
}

/// The `n`th order of the south, published and approved at the portal.
pub(super) fn open(schedule: Schedule, n: u64) -> Schedule {
    let published = schedule.desk(1_000, DESK_CUSTOMER, Intent::Publish, order(1, n));
    published.desk(1_500, DESK_ADMIN, Intent::Approve, order(1, n))
}

impl Schedule {
    pub(crate) fn new() -> Self {
        let limits = LinkLimits {
            batch_ops_max: 5_000,
            batch_bytes_max: 1 << 20,
            credit_ops: 10_000,
            credit_bytes: 4 << 20,
        };
        let tuning = Tuning {
            limits,
            run_max: 1_000,
            every: true,
        };
        Self {
            plan: SeedPlan {
                seed: SEED,
                tuning,
                steps: Vec::new(),
                heals_at: 0,
                stranger_at: SOUTH_2,
            },
        }
    }

    /// Limits one `Up` to this many ops.
    pub(crate) fn small_batches(mut self, ops: u32) -> Self {
        self.plan.tuning.limits.batch_ops_max = ops;
        self
    }

    pub(crate) fn does(self, at: u64, who: Doer, intent: Intent, order: OrderId) -> Self {
        self.step(at, StepKind::Does { who, intent, order })
    }

    pub(crate) fn tablet(self, at: u64, tablet: usize, intent: Intent, order: OrderId) -> Self {
        self.does(at, Doer::Tablet(tablet), intent, order)
    }

    pub(crate) fn desk(self, at: u64, person: usize, intent: Intent, order: OrderId) -> Self {
        self.does(at, Doer::Desk(person), intent, order)
    }

    pub(crate) fn fault(self, at: u64, kind: FaultKind, on: usize, lasts_ms: u64) -> Self {
        self.step(
            at,
            StepKind::Fault(Fault {
                kind,
                on,
                lasts_ms,
                size: 0,
            }),
        )
    }

    pub(crate) fn hub_jumps_ahead(mut self, at: u64, hours: u64) -> Self {
        let first = cast::EDGE_COUNT + cast::TABLET_COUNT;
        for on in first..first + cast::REPLICA_COUNT {
            let fault = Fault {
                kind: FaultKind::ClockJump,
                on,
                lasts_ms: 0,
                size: 0,
            };
            self = self.step(at, StepKind::Fault(fault.ahead(hours)));
        }
        self
    }

    /// Makes an order at this edge look as if only an outcome, not the feed, had delivered it.
    pub(crate) fn feed_forgotten(self, at: u64, on: usize) -> Self {
        let kind = FaultKind::ViewDamaged;
        let size = ONLY_OF_FEED;
        self.step(
            at,
            StepKind::Fault(Fault {
                kind,
                on,
                lasts_ms: 0,
                size,
            }),
        )
    }

    /// Restores the edge's files, or only its database, as of `as_of`; it is down for a second.
    pub(crate) fn restore(self, at: u64, kind: FaultKind, on: usize, as_of: u64) -> Self {
        // Odd sizes name a share of the elapsed time.
        let size = (as_of * 1_000 / at) | 1;
        self.step(
            at,
            StepKind::Fault(Fault {
                kind,
                on,
                lasts_ms: 1_000,
                size,
            }),
        )
    }

    /// Makes the region exclusive, with this edge as the holder.
    pub(crate) fn grant(self, at: u64, edge: usize) -> Self {
        self.policy(at, edge, 0)
    }

    /// Like `grant`; while cut off, the holder may approve, and work may start unpaid.
    pub(crate) fn grant_with_rules(self, at: u64, edge: usize) -> Self {
        self.policy(at, edge, 4)
    }

    /// Like `grant`; the holder may approve only for customers in good standing.
    pub(crate) fn grant_for_good_standing(self, at: u64, edge: usize) -> Self {
        self.policy(at, edge, GOOD_STANDING_ONLY)
    }

    pub(crate) fn optimistic(self, at: u64, edge: usize) -> Self {
        self.policy(at, edge, 6)
    }

    /// Removes all offline rules of the region's edges.
    pub(crate) fn no_rules(self, at: u64, edge: usize) -> Self {
        self.policy(at, edge, 9)
    }

    fn policy(self, at: u64, on: usize, size: u64) -> Self {
        let kind = FaultKind::PolicyChange;
        self.step(
            at,
            StepKind::Fault(Fault {
                kind,
                on,
                lasts_ms: 0,
                size,
            }),
        )
    }

    /// Catches the next frame of this kind after `after` others.
    pub(crate) fn catch(
        self,
        at: u64,
        to: (usize, Side),
        of: (&'static str, u32),
        b: FrameFate,
    ) -> Self {
        let (edge, to) = to;
        let (kind, after) = of;
        self.step(
            at,
            StepKind::Catch(Catch {
                edge,
                to,
                kind,
                after,
                becomes: b,
            }),
        )
    }

    /// The hostile replica puts a frame on this edge's line.
    pub(crate) fn on_the_line(self, at: u64, on: usize, what: Forgery) -> Self {
        self.step(at, StepKind::Forges { on, what, pick: 0 })
    }

    /// The hostile replica takes this edge's next call.
    pub(crate) fn at_the_call(self, at: u64, on: usize, what: Forgery) -> Self {
        self.step(at, StepKind::Forges { on, what, pick: 1 })
    }

    /// This edge has no hub key for this long.
    pub(crate) fn keyless(self, on: usize, lasts_ms: u64) -> Self {
        self.step(0, StepKind::Keyless { on, lasts_ms })
    }

    pub(crate) fn shows(
        mut self,
        name: &'static str,
        says: &'static str,
        catches: &'static [Bug],
    ) -> Scenario {
        self.plan.steps.sort_by_key(|step| step.at);
        let last = self.plan.steps.iter().map(Step::ends_at).max().unwrap_or(0);
        self.plan.heals_at = last + HEALS_AFTER_MS;
        Scenario {
            name,
            says,
            catches,
            plan: self.plan,
        }
    }

    fn step(mut self, at: u64, what: StepKind) -> Self {
        self.plan.steps.push(Step { at, what });
        self
    }
}
