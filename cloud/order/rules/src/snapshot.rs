//! The input of a decision, read under the store's locks.

use crate::{Assignment, Attempt, CommandKey, StoredAnswer};
use custody::FeePolicy;
use std::collections::{BTreeMap, BTreeSet};
use wire::{
    Actor, Amount, CancelCharge, CommandId, Order, OrderId, OrderStatus, ProviderVerification,
    ProviderWorkload, RaceRule, Region, ShareLimits, Source, UnixMillis, UserId,
};

/// An order or answer missing here does not exist for `decide`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub now: UnixMillis,
    /// The assignments of the affected regions; of every region if an order is unknown.
    pub regions: BTreeMap<Region, Assignment>,
    pub answers: BTreeMap<CommandKey, StoredAnswer>,
    pub orders: BTreeMap<OrderId, OrderState>,
    /// Some pending orders of the regions from `regions_to_explain`, to offer to losers.
    pub open_jobs: Vec<Order>,
    /// Providers with a firm accept that found one of these orders cancelled or rejected.
    pub met_closed: BTreeSet<(OrderId, UserId)>,
    /// Firm accepts with a case because their right was taken back, at least for the requested
    /// commands.
    pub taken_back: BTreeSet<(CommandId, UserId)>,
    pub limits: ShareLimits,
    /// Current shares of the providers accepting or withdrawing here; empty if no limit is set.
    pub workloads: BTreeMap<UserId, ProviderWorkload>,
    /// Maximum open orders per customer; 0 means no limit.
    pub open_orders_max: u32,
    /// Open orders of the customers publishing here; empty without a limit.
    pub open_orders: BTreeMap<UserId, u32>,
    /// Only providers verified by an admin may accept.
    pub verified_only: bool,
    /// Verification status of the accepting providers; empty if verification is not required.
    pub marks: BTreeMap<UserId, ProviderVerification>,
    /// Versions of the cancellation fee; empty if no request cancels or cancelling is free.
    pub cancel_policies: Vec<FeePolicy>,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            now: UnixMillis::default(),
            regions: BTreeMap::new(),
            answers: BTreeMap::new(),
            orders: BTreeMap::new(),
            open_jobs: Vec::new(),
            met_closed: BTreeSet::new(),
            taken_back: BTreeSet::new(),
            limits: ShareLimits::OFF,
            workloads: BTreeMap::new(),
            open_orders_max: 0,
            open_orders: BTreeMap::new(),
            verified_only: false,
            marks: BTreeMap::new(),
            cancel_policies: Vec::new(),
        }
    }
}

impl Snapshot {
    /// True if the person passes the check that only verified providers accept. The newer of the
    /// token's and the stored status counts.
    pub(crate) fn passes_verification(&self, attempt: &Attempt, actor: Actor) -> bool {
        let kept = self.marks.get(&actor.user_id).copied();
        let told = attempt
            .verification
            .filter(|mark| mark.user == actor.user_id);
        let newest = kept
            .into_iter()
            .chain(told)
            .reduce(ProviderVerification::merge_with);
        !self.verified_only || newest.is_some_and(|mark| mark.verified)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    pub order: Order,
    /// Present while the order has a provider.
    pub acceptance: Option<Acceptance>,
    /// In custody according to the latest payment event.
    pub held: Amount,
    /// The price of the cancel, for a cancelled order.
    pub terms: Option<CancelCharge>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub decided_at: UnixMillis,
    pub source: Source,
    /// Absent for acceptances older than this field.
    pub rule: Option<RaceRule>,
}

impl OrderState {
    pub fn new_unpaid(order: Order, acceptance: Option<Acceptance>) -> Self {
        Self {
            order,
            acceptance,
            held: Amount::ZERO,
            terms: None,
        }
    }

    /// The order in this status, changed now.
    pub(crate) fn with_status(&self, status: OrderStatus, now: UnixMillis) -> Self {
        let mut after = self.clone();
        after.order.status = status;
        after.order.version += 1;
        after.order.updated_at = now;
        after
    }
}

impl Acceptance {
    /// True if an edge promised it immediately under the assignment right.
    pub fn is_firm(&self) -> bool {
        self.rule == Some(RaceRule::Promised)
    }
}
