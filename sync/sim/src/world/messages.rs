//! The messages and pieces of work that events of the world carry.

use rules::HolderEpoch;
use wire::{OpAnswer, Order, OrderId, Outcome, Region};

use crate::cloud::OwnerReply;

#[derive(Debug, Clone)]
pub(crate) enum Packet {
    /// A forged frame lacks the hub's signature.
    Frame {
        bytes: Vec<u8>,
        is_forged: bool,
    },
    Ping,
    Pong,
}

/// The owner's message to a hub worker.
#[derive(Clone)]
pub(crate) struct OwnerMessage {
    pub replica: usize,
    pub run: u32,
    pub edge: usize,
    pub pass: u64,
    pub said: OwnerReply,
    pub batch_ops: Vec<wire::BatchOp>,
}

impl OwnerMessage {
    pub(crate) fn answers(&self) -> &[OpAnswer] {
        match &self.said {
            OwnerReply::Answers(answers) => answers,
            OwnerReply::Nothing | OwnerReply::Fails => &[],
        }
    }
}

/// The order service's reply to one try.
pub(crate) struct DeskReply {
    pub outcome: Outcome,
    /// It stored this answer.
    pub consumes: bool,
    /// An answer was already stored.
    pub was_decided: bool,
}

/// An edge's current run and epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EdgeHead {
    pub epoch: u64,
    pub nonce: wire::BootNonce,
}

/// One region's comparison in progress.
pub(crate) struct Comparison {
    pub replica: usize,
    pub run: u32,
    pub region: Region,
    pub found: Vec<Suspect>,
    /// The feed's policy version, if the owner's was newer.
    pub assigns: Option<u64>,
    pub verdicts: Vec<SuspectVerdict>,
    pub then: FollowUp,
}

/// The step after the region's repair.
pub(crate) enum FollowUp {
    Nothing,
    Renews(usize, HolderEpoch, u64),
    /// Repair edges ahead of the feed, if it still ends there.
    Repairs(Vec<usize>, u64),
}

/// An order on which the two ends disagree, and the feed's version of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub id: OrderId,
    pub ours: Option<u64>,
}

pub(crate) enum SuspectVerdict {
    /// The feed lacks this version.
    Behind(Box<Order>),
    /// Its owner does not have it.
    Gone(OrderId, u64),
}
