//! The cloud's decisions and the region's changes, on their way to the edge.

use minicbor::{Decode, Decoder, Encode, bytes::ByteVec, decode};

use super::LinkSessionId;
use crate::{
    Actor, Command, CommandId, Hash, Order, OrderId, Outcome, Policy, ProviderVerification,
    RevocationStatus, UnixMillis,
};

/// Outcomes numbered `from + 1 ..= to` per edge and epoch, in the order in which the hub stored
/// them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OutcomesFrame {
    #[n(0)]
    pub standing: LinkSessionId,
    #[n(1)]
    pub epoch: u64,
    #[n(2)]
    pub from: u64,
    #[n(3)]
    pub to: u64,
    #[n(4)]
    pub outcomes: Vec<NumberedOutcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NumberedOutcome {
    #[n(0)]
    pub number: u64,
    #[n(1)]
    pub seq: u64,
    /// Absent for `boot`, `token` and `lease_released` ops.
    #[n(2)]
    pub command_id: Option<CommandId>,
    #[n(3)]
    pub outcome: Outcome,
}

/// A notice that an op waits, and why. Unlike an outcome, it retires nothing.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldNotice {
    #[n(0)]
    pub standing: LinkSessionId,
    #[n(1)]
    pub seq: u64,
    #[n(2)]
    pub reason: HeldReason,
}

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    HeldReason {
        /// Another edge holds the region's right to assign.
        Region = 0 "region",
        /// It keeps failing even when submitted alone; an operator has to look.
        NeedsOperator = 1 "needs_operator",
    }
}

/// Feed changes `from + 1 ..= to`; an edge applies them only if `from` is its feed cursor.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChangesFrame {
    #[n(0)]
    pub standing: LinkSessionId,
    #[n(1)]
    pub from: u64,
    #[n(2)]
    pub to: u64,
    #[n(3)]
    #[cbor(decode_with = "read_changes")]
    pub changes: Vec<FeedChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum FeedChange {
    #[n(0)]
    Order(#[n(0)] Order),
    /// The order left this region.
    #[n(1)]
    OrderGone {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        version: u64,
    },
    /// The public keys (a JWKS document) that verify user tokens.
    #[n(2)]
    Keys {
        #[n(0)]
        version: u64,
        #[n(1)]
        jwks: String,
    },
    #[n(3)]
    Policy {
        #[n(0)]
        version: u64,
        #[n(1)]
        policy: Policy,
    },
    /// Revoked sessions (`jti`) and users, added to those that the edge already has.
    #[n(4)]
    Revoked {
        #[n(0)]
        version: u64,
        #[n(1)]
        sessions: Vec<crate::SessionId>,
        #[n(2)]
        users: Vec<crate::UserId>,
        /// A revoked person, then also listed in `users`, or a readmitted one. Older edges skip
        /// this field and keep refusing readmitted people.
        #[n(3)]
        person: Option<RevocationStatus>,
        /// A provider who is now verified, or no longer is. Older edges skip this field.
        #[n(4)]
        verification: Option<ProviderVerification>,
    },
    /// Ends its frame, because a grant's digest is compared with exactly the changes before it.
    #[n(5)]
    Assignment(#[n(0)] crate::RegionAssignment),
    /// A change from a newer hub. The edge skips it and the feed continues; if the edge ended the
    /// session, the hub would resend it forever.
    #[n(65535)]
    Unknown,
}

/// Reads a frame's changes, including kinds that only a newer hub defines.
fn read_changes<'b, C>(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Vec<FeedChange>, decode::Error> {
    let length = d
        .array()?
        .ok_or_else(|| decode::Error::message("a list without a length"))?;
    // The announced length may be a lie, so only items that were read take memory.
    let mut changes = Vec::new();
    for _ in 0..length {
        let start = d.position();
        match d.decode_with(ctx) {
            Ok(change) => changes.push(change),
            Err(error) if error.is_unknown_variant() => {
                d.set_position(start);
                d.skip()?;
                changes.push(FeedChange::Unknown);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(changes)
}

/// An accept made elsewhere and put to the region's holder, which logs it if it is new.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AskFrame {
    #[n(0)]
    pub standing: LinkSessionId,
    #[n(1)]
    pub command: Command,
    #[n(2)]
    pub token: String,
    /// The token's person, as the first receiver read it.
    #[n(3)]
    pub actor: Actor,
    /// When it was first taken. The token is judged as of that moment.
    #[n(4)]
    pub taken_at: UnixMillis,
}

/// A piece of the region's snapshot; `snapshot.rs` has the rules for a whole one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SnapshotChunk {
    #[n(0)]
    pub standing: LinkSessionId,
    #[n(1)]
    pub feed_generation: u64,
    #[n(2)]
    pub feed_seq: u64,
    #[n(3)]
    pub index: u32,
    /// The total number of chunks; 0 before the last one, because it is not known until then.
    #[n(4)]
    pub count: u32,
    #[n(5)]
    pub hash: Hash,
    /// An encoded `SnapshotPart`.
    #[n(6)]
    pub body: ByteVec,
}
