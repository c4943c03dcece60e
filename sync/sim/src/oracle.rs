//! The promises, each a function with a name, checked at every step that could break it and once more
//! at silence. They look at what was said and what stands stored, never at how a part came to it.

pub mod rights;
mod silence;
pub mod steps;

use std::collections::BTreeMap;

use wire::{Chain, Code, CommandId, Hash, OrderId, UserId};

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
    /// Every receipt that left an edge.
    acknowledged: Vec<BTreeMap<u64, (Chain, CommandId)>>,
    /// What people were told of a command, by its identity.
    told: BTreeMap<Identity, (bool, Option<Code>)>,
    /// Firm answers that people have heard.
    firm: BTreeMap<Identity, Firm>,
    /// How often a command changed its order.
    effects: BTreeMap<CommandId, u32>,
    /// The newest version of each order, as committed.
    versions: BTreeMap<OrderId, u64>,
    /// Frames were changed on the way, so that a broken chain is no false alarm.
    pub corrupted: bool,
    pub checks: u64,
}

/// A firm answer that a person has heard.
#[derive(Debug, Clone, Copy)]
struct Firm {
    fence: Option<u64>,
    /// They had sent it to no other edge before.
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

    fn receipts(&mut self, e: usize) -> &mut BTreeMap<u64, (Chain, CommandId)> {
        if self.acknowledged.len() <= e {
            self.acknowledged.resize(e + 1, BTreeMap::new());
        }
        &mut self.acknowledged[e]
    }
}
