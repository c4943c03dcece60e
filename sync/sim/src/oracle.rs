//! The promises, each a function with a name, checked at every step that could break it and once more
//! at silence. They look at what was said and what stands stored, never at how a part came to it.

pub mod entropy;
pub mod restores;
pub mod rights;
mod silence;
pub mod steps;

use std::collections::{BTreeMap, BTreeSet};

use wire::{Code, CommandId, EdgeId, Hash, OrderId, Region, UserId};

use crate::cloud::Event;

pub(crate) use silence::at_silence;

/// What makes a command that command and no other.
pub type Identity = (CommandId, UserId, Hash);

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub invariant: &'static str,
    pub at: u64,
    pub says: String,
}

/// What was said and done so far, as far as the promises need it.
#[derive(Default)]
pub struct Oracle {
    pub violation: Option<Violation>,
    machines: Vec<restores::Machine>,
    /// Every command that somebody has a receipt for, and those of them that a restore has taken without
    /// anybody else who has seen them.
    pub acknowledged: BTreeSet<CommandId>,
    pub may_be_lost: BTreeSet<CommandId>,
    /// Which epoch of which edge some file has begun.
    begun: BTreeSet<(usize, u64)>,
    /// Edges of which there were two machines.
    cloned: BTreeSet<EdgeId>,
    /// What people were told of a command, by its identity.
    told: BTreeMap<Identity, (bool, Option<Code>)>,
    /// Firm answers that people have heard.
    firm: BTreeMap<Identity, Firm>,
    /// How often a command changed its order.
    effects: BTreeMap<CommandId, u32>,
    /// The newest version of each order, as committed.
    versions: BTreeMap<OrderId, u64>,
    /// Events that were thrown away, orders that nobody has, and regions in which an edge's view was
    /// damaged: what anti-entropy may find.
    pub lost: Vec<Event>,
    pub strange: BTreeSet<OrderId>,
    pub damaged: BTreeSet<Region>,
    said: BTreeMap<Region, entropy::Said>,
    pub checks: u64,
}

/// A firm answer that a person has heard.
#[derive(Debug, Clone, Copy)]
struct Firm {
    fence: Option<u64>,
    /// They have sent it to no other edge.
    alone: bool,
}

impl Oracle {
    pub fn broken(&mut self, at: u64, invariant: &'static str, says: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, at, says: says() });
        }
    }

    fn check(
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
