//! The internal batch of ops that the hub hands to their owner, and the answers of the owner.

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Command, CommandOp, EdgeId, Hash, HeldReason, Outcome, ProviderMark, QuarantineWhy,
    Region, Relogged, Source, UnixMillis, Verdict,
};

/// A run of one edge's log, in log order, for one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpsBatch {
    pub edge: EdgeId,
    pub region: Region,
    pub epoch: u64,
    pub ops: Vec<BatchOp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchOp {
    pub seq: u64,
    /// The chain's hash at this op: the op's own name, should a seq ever be used twice.
    pub hash: Hash,
    #[serde(flatten)]
    pub body: BatchBody,
}

#[expect(clippy::large_enum_variant, reason = "nearly every value is the large one")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BatchBody {
    Command {
        command: Command,
        /// The person of the token; absent where the hub could not verify the token the op refers
        /// to.
        actor: Option<Actor>,
        #[serde(flatten)]
        evidence: Evidence,
    },
    LeaseReleased {
        fence: u64,
    },
}

/// The edge's answer to a command, and the versions by which a firm answer is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub verdict: Verdict,
    pub fence: Option<u64>,
    /// When the edge took the command: by its clock, as far as the hub's record of its log allows
    /// that.
    pub received_at: UnixMillis,
    pub policy_version: Option<u64>,
    pub rules_version: Option<u64>,
    pub revocations_version: Option<u64>,
    /// The version of the feed that revoked the actor or the session; absent if neither is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_version: Option<u64>,
    /// The op was logged anew: the edge's answer when it first took the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relogged: Option<FirstAnswer>,
    /// The command was made elsewhere and put to this edge, which held the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Source>,
    /// The edge sent it after the moment from which an operator trusts that edge no longer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub distrusted: bool,
    /// The word of the person's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<ProviderMark>,
    /// Whether the edge was cut off from its hub when it took the command, where its op says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<bool>,
}

impl Evidence {
    /// `revoked_version` is the cloud's knowledge; everything else comes from the op, which does
    /// not know whether it was put to its edge.
    pub fn of(op: &CommandOp, revoked_version: Option<u64>) -> Self {
        Self {
            verdict: op.verdict,
            fence: op.fence,
            received_at: op.received_at,
            policy_version: op.policy_version,
            rules_version: op.rules_version,
            revocations_version: op.revocations_version,
            revoked_version,
            relogged: op.relogged.as_ref().map(Relogged::answer),
            made_at: None,
            distrusted: false,
            mark: None,
            cut_off: op.cut_off,
        }
    }
}

/// An answer of an epoch that is over: it gives no right, and shows what a loser was promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstAnswer {
    pub edge: EdgeId,
    pub epoch: u64,
    pub verdict: Verdict,
    pub fence: Option<u64>,
    /// Why that epoch is over; older hubs do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<QuarantineWhy>,
}

/// One answer per op of the batch, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpsDecisions {
    pub answers: Vec<OpAnswer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpAnswer {
    pub seq: u64,
    #[serde(flatten)]
    pub decision: OpDecision,
}

#[expect(clippy::large_enum_variant, reason = "nearly every value is the large one")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpDecision {
    Decided(Outcome),
    /// Nothing is stored for it by the owner; the hub hands it in again.
    Held(HeldReason),
}
