//! The calls between the hub and the order service: ops submitted and decided, accepts for a
//! region's holder, rights revoked, and a region's feed compared with its owner's data, by digests
//! over ranges of ids and the contents of ranges that differ.

use serde::{Deserialize, Serialize};

use crate::{
    assignment::{FenceEnding, FenceRecord, QuarantineWhy},
    command::{Command, Verdict},
    ids::{CommandId, EdgeId, Hash, OrderId, Region, UserId},
    op::{CommandOp, EarlierReceipt},
    order::{Order, Source},
    outcome::Outcome,
    person::{Actor, ProviderVerification},
    session_frames::HeldReason,
    time::UnixMillis,
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
            relogged: op.relogged.as_ref().map(FirstAnswer::from_receipt),
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

impl FirstAnswer {
    fn from_receipt(receipt: &EarlierReceipt) -> Self {
        let EarlierReceipt {
            edge,
            epoch,
            verdict,
            fence,
            why,
            ..
        } = receipt.clone();
        Self {
            edge,
            epoch,
            verdict,
            fence,
            why: Some(why),
        }
    }
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

/// The hub's notice that an edge's epoch has ended: every right it held is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRevocation {
    pub edge: EdgeId,
    pub epoch: u64,
    pub why: FenceEnding,
    /// The operator who disabled the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// The operator's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The rights that a take-back ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedLeases {
    pub fences: Vec<FenceRecord>,
}

/// Decided commands that an edge sent after the moment from which an operator distrusts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrustedCommands {
    pub edge: EdgeId,
    pub commands: Vec<CommandId>,
}

/// The number of newly listed cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCaseCount {
    pub listed: u64,
}

/// The current epoch of an edge: the hub takes ops from it, and only it can be granted a right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentEpoch {
    pub edge: EdgeId,
    pub region: Region,
    pub epoch: u64,
}

/// An accept that the hub forwards to the region's holder, which logs it: from the portal via the
/// order service, or waiting in another edge's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardedAccept {
    pub region: Region,
    pub command: Command,
    pub actor: Actor,
    pub token: String,
}

/// A portal accept that waits at the hub (table `asks`) and is submitted again to the order
/// service, which decides it after the right's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingAccept {
    pub command: Command,
    pub actor: Actor,
    /// The region's feed has revoked this person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingAccepts {
    pub items: Vec<WaitingAccept>,
}

/// One answer per accept, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingAcceptDecisions {
    pub answers: Vec<OpDecision>,
}

/// A range of a region's orders: ids after `after`, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRangeQuery {
    pub region: Region,
    pub after: Option<OrderId>,
    /// The last id of the range; absent for an open end.
    pub until: Option<OrderId>,
    pub orders_max: u32,
    /// True if the answer must list every order.
    pub marks: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRangeDigest {
    /// The end of the range: earlier than requested if `orders_max` was reached.
    pub until: Option<OrderId>,
    pub digest: Hash,
    #[serde(default)]
    pub marks: Vec<OrderFingerprint>,
}

/// The part of an order that two ends compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFingerprint {
    pub id: OrderId,
    pub version: u64,
    pub digest: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersByIdQuery {
    pub ids: Vec<OrderId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersByIdReply {
    /// The orders that exist, in any region.
    pub orders: Vec<Order>,
    /// Since when an event has waited in the outbox; an order missing at the hub may still be under
    /// way.
    pub unsent_since: Option<UnixMillis>,
}

/// Requests a new fence for the same holder, whose view did not match its grant. The region is
/// repaired, and the new grant carries its current digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRenewalRequest {
    pub region: Region,
    pub edge: EdgeId,
    pub epoch: u64,
    pub fence: u64,
}

impl OrderFingerprint {
    pub fn from_order(order: &Order) -> Self {
        Self {
            id: order.id,
            version: order.version,
            digest: order.compute_digest(),
        }
    }
}

pub fn range_digest<'a>(marks: impl IntoIterator<Item = &'a OrderFingerprint>) -> Hash {
    let mut digest = Hash::ZERO;
    for mark in marks {
        digest.toggle_member(mark.digest);
    }
    digest
}
