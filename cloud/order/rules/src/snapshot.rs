//! What a decision stands on: everything the store read, under its locks, before asking.

use std::collections::BTreeMap;

use wire::{CommandId, EdgeId, Order, OrderId, Policy, Region, Source, UnixMillis};

use crate::StoredAnswer;

/// All that `decide` may look at. An order or answer that the requests name and that is not in here
/// does not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The cloud's clock at the decision.
    pub now: UnixMillis,
    pub regions: BTreeMap<Region, Assignment>,
    pub answers: BTreeMap<CommandId, StoredAnswer>,
    pub orders: BTreeMap<OrderId, Standing>,
    /// Some pending orders of the regions that `regions_to_explain` names, to offer to a loser.
    pub open_jobs: Vec<Order>,
}

/// An order as it stands, and how its provider came to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub order: Order,
    /// Present while the order has a provider.
    pub acceptance: Option<Acceptance>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub decided_at: UnixMillis,
    pub source: Source,
}

/// A region's right to assign, and what its edges may decide while cut off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    pub policy: Policy,
    pub holder: Option<EdgeId>,
    /// The holder's epoch when it was granted the right.
    pub epoch: u64,
    pub fence: u64,
    pub rules: OfflineRules,
}

/// What an operator allows a region while it is cut off. The default allows nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfflineRules {
    /// Work that was started at an edge needs no held funds.
    pub unpaid_start: bool,
}
