//! The promises, each a named function, checked at every step that could break it and again at
//! silence. They inspect answers and stores, never the path that led to them.

pub(crate) mod entropy;
pub(crate) mod hostile_hub;
pub(crate) mod messages;
pub(crate) mod restores;
pub(crate) mod rights;
pub(crate) mod steps;
pub(crate) mod stranger;
pub(crate) mod thief;

use std::collections::{BTreeMap, BTreeSet};

use wire::{Code, CommandId, EdgeId, Hash, OrderId, Region, UserId};

use crate::cloud::BusEvent;

/// The full identity of a command.
pub(crate) type CommandIdentity = (CommandId, UserId, Hash);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub invariant: &'static str,
    pub at: u64,
    pub says: String,
}

/// The history of answers and actions that the promises need.
#[derive(Default)]
pub struct Oracle {
    pub violation: Option<Violation>,
    machines: Vec<restores::Machine>,
    /// Every command with a receipt, and those that a restore removed without another trace.
    pub acknowledged: BTreeSet<CommandId>,
    pub may_be_lost: BTreeSet<CommandId>,
    /// The epochs that a file has begun, by edge.
    begun: BTreeSet<(usize, u64)>,
    /// Edges that had two machines.
    cloned: BTreeSet<EdgeId>,
    /// Edges whose restored file predates revocations they had received.
    forgetful: BTreeSet<EdgeId>,
    /// The answers that people got to a command, by its identity.
    told: BTreeMap<CommandIdentity, (bool, Option<Code>)>,
    /// Firm answers that reached people.
    firm: BTreeMap<CommandIdentity, Firm>,
    /// Starts that an edge logged while its link was up, by the hash of their op.
    linked_starts: BTreeSet<Hash>,
    /// The number of times that a command changed its order.
    effects: BTreeMap<CommandId, u32>,
    /// The last message of each log to each order.
    last_messages: BTreeMap<(OrderId, EdgeId, u64), u64>,
    /// Each order's newest committed version.
    pub(crate) versions: BTreeMap<OrderId, u64>,
    /// Discarded events, strange orders, and regions with a damaged view: the losses that
    /// anti-entropy may find.
    pub lost: Vec<BusEvent>,
    pub strange: BTreeSet<OrderId>,
    pub damaged: BTreeSet<Region>,
    said: BTreeMap<Region, entropy::FeedHistory>,
    theft: thief::Theft,
    pub checks: u64,
}

/// A firm answer that reached a person.
#[derive(Debug, Clone, Copy)]
struct Firm {
    fence: Option<u64>,
    /// They sent it to no other edge.
    alone: bool,
}

impl Oracle {
    pub fn broken(&mut self, at: u64, invariant: &'static str, says: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(Violation {
                invariant,
                at,
                says: says(),
            });
        }
    }

    pub(crate) fn check(
        &mut self,
        at: u64,
        invariant: &'static str,
        holds: bool,
        says: impl FnOnce() -> String,
    ) {
        self.checks += 1;
        if !holds {
            self.broken(at, invariant, says);
        }
    }

    fn machine(&mut self, m: usize) -> &mut restores::Machine {
        if self.machines.len() <= m {
            self.machines.resize_with(m + 1, restores::Machine::default);
        }
        &mut self.machines[m]
    }
}
