//! The basis of a decision: everything that the store read under its locks.

use std::collections::{BTreeMap, BTreeSet};

use custody::FeePolicy;
use wire::{
    Actor, Amount, CancelCharge, CommandId, Order, OrderId, ProviderMark, RaceRule, Region,
    ShareLimits, Source, UnixMillis, UserId, Workload,
};

use crate::{Assignment, Attempt, CommandKey, Lapse, StoredAnswer};

/// All that `decide` may look at. An order or answer that the requests name and that is not in here
/// does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The cloud's clock at the decision.
    pub now: UnixMillis,
    /// How the regions of the orders and edges here assign; every region, where an order is
    /// unknown.
    pub regions: BTreeMap<Region, Assignment>,
    pub answers: BTreeMap<CommandKey, StoredAnswer>,
    pub orders: BTreeMap<OrderId, OrderState>,
    /// Some pending orders of the regions that `regions_to_explain` names, to offer to a loser.
    pub open_jobs: Vec<Order>,
    /// Providers with a firm accept that found one of these orders cancelled or rejected.
    pub met_closed: BTreeSet<(OrderId, UserId)>,
    /// Firm accepts that lost because their right was taken back, and are listed as that already;
    /// of those at least that the requests name.
    pub taken_back: BTreeSet<(CommandId, UserId)>,
    /// How much of the work one provider may take.
    pub limits: ShareLimits,
    /// The shares that the providers have used up who accept or withdraw here; empty where no limit
    /// is on.
    pub workloads: BTreeMap<UserId, Workload>,
    /// Open orders that one customer may have. Zero leaves the limit off.
    pub open_orders_max: u32,
    /// The open orders of the customers who publish here; empty where the limit is off.
    pub open_orders: BTreeMap<UserId, u32>,
    /// Only a provider whom an admin has verified may accept.
    pub verified_only: bool,
    /// The words about the providers who accept here; empty where anybody may.
    pub marks: BTreeMap<UserId, ProviderMark>,
    /// Versions of the price of a cancel; empty where nothing is cancelled, or where it costs
    /// nothing.
    pub cancel_policies: Vec<FeePolicy>,
    /// A rule to leave out, for the simulator alone.
    pub lapse: Option<Lapse>,
}

/// Nothing is known, and no limit is on.
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
            lapse: None,
        }
    }
}

impl Snapshot {
    /// Returns whether the rule on verification lets the person accept: the newest word counts, of
    /// the token and of those kept here.
    pub(crate) fn may_accept(&self, attempt: &Attempt, actor: Actor) -> bool {
        let kept = self.marks.get(&actor.user_id).copied();
        let told = attempt.mark.filter(|mark| mark.user == actor.user_id);
        let newest = kept.into_iter().chain(told).reduce(ProviderMark::joined);
        !self.verified_only || newest.is_some_and(|mark| mark.verified)
    }
}

/// An order as it stands, and how its provider came to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    pub order: Order,
    /// Present while the order has a provider.
    pub acceptance: Option<Acceptance>,
    /// In custody by the last word of the payment service.
    pub held: Amount,
    /// Of a cancelled order: the price of the cancel.
    pub terms: Option<CancelCharge>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub decided_at: UnixMillis,
    pub source: Source,
    /// Absent of an acceptance from before the rule was kept.
    pub rule: Option<RaceRule>,
}

impl OrderState {
    /// One that nothing was paid for, and that is not cancelled.
    pub fn unpaid(order: Order, acceptance: Option<Acceptance>) -> Self {
        Self { order, acceptance, held: Amount::ZERO, terms: None }
    }
}

impl Acceptance {
    /// True if an edge had promised it at once, by the right to assign.
    pub fn is_firm(&self) -> bool {
        self.rule == Some(RaceRule::Promised)
    }
}
