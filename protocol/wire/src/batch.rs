//! The ops that the hub submits to their owner, and the owner's answers.

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Command, CommandOp, EarlierReceipt, EdgeId, Hash, HeldReason, Outcome,
    ProviderVerification, QuarantineWhy, Region, Source, UnixMillis, Verdict,
};

/// A contiguous run of one edge's log, for one owner.
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
    /// The chain's hash at this op. It still identifies the op if a seq is ever used twice.
    pub hash: Hash,
    #[serde(flatten)]
    pub body: BatchBody,
}

#[expect(
    clippy::large_enum_variant,
    reason = "nearly every value is the large one"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BatchBody {
    Command {
        command: Command,
        /// The person named by the token; absent if the hub could not verify the token that the op
        /// refers to.
        actor: Option<Actor>,
        #[serde(flatten)]
        evidence: CommandEvidence,
    },
    LeaseReleased {
        fence: u64,
    },
}

/// The edge's answer to a command, and the versions by which a firm answer is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandEvidence {
    pub verdict: Verdict,
    pub fence: Option<u64>,
    /// When the edge took the command: its clock, bounded by the hub's record of its log.
    pub received_at: UnixMillis,
    pub policy_version: Option<u64>,
    pub rules_version: Option<u64>,
    pub revocations_version: Option<u64>,
    /// The feed version that revoked the actor or the session; absent if neither is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_version: Option<u64>,
    /// The edge's answer when it first took the command, if this op logs the command again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relogged: Option<FirstAnswer>,
    /// Where the command was made, if another place put it to this edge as the region's holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Source>,
    /// The edge sent it after the moment from which an operator distrusts that edge.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub distrusted: bool,
    /// The verification of the token's person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<ProviderVerification>,
    /// True if the edge was cut off from its hub when it took the command, as its op records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<bool>,
}

impl CommandEvidence {
    /// `revoked_version` is the cloud's knowledge. The op does not record if another place put it
    /// to its edge, so `made_at` stays empty.
    pub fn from_op(op: &CommandOp, revoked_version: Option<u64>) -> Self {
        Self {
            verdict: op.verdict,
            fence: op.fence,
            received_at: op.received_at,
            policy_version: op.policy_version,
            rules_version: op.rules_version,
            revocations_version: op.revocations_version,
            revoked_version,
            relogged: op.relogged.as_ref().map(EarlierReceipt::to_first_answer),
            made_at: None,
            distrusted: false,
            mark: None,
            cut_off: op.cut_off,
        }
    }
}

/// An answer from an ended epoch. It grants no right but shows the promise that a loser had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstAnswer {
    pub edge: EdgeId,
    pub epoch: u64,
    pub verdict: Verdict,
    pub fence: Option<u64>,
    /// Why that epoch ended; older hubs omit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<QuarantineWhy>,
}

/// One answer per op of the batch, in the same order.
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

#[expect(
    clippy::large_enum_variant,
    reason = "nearly every value is the large one"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpDecision {
    Decided(Outcome),
    /// The owner stored nothing; the hub submits the op again.
    Held(HeldReason),
}
