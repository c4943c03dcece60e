//! The cloud's decisions and the region's changes, on their way down.

use minicbor::{Decode, Decoder, Encode, bytes::ByteVec, decode};

use super::Standing;
use crate::{
    Actor, Command, CommandId, Hash, Order, OrderId, Outcome, PersonStanding, Policy, ProviderMark,
    UnixMillis,
};

/// Outcomes numbered `from + 1 ..= to`, per edge and epoch, in the order the hub stored them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OutcomesFrame {
    #[n(0)]
    pub standing: Standing,
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

/// An op waits, and why. A notice, not an outcome: it retires nothing.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldNotice {
    #[n(0)]
    pub standing: Standing,
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
        /// It fails alone and again; an operator has to look.
        NeedsOperator = 1 "needs_operator",
    }
}

/// Changes of the region's feed, `from + 1 ..= to`; applied only when `from` is the feed cursor.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Down {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub from: u64,
    #[n(2)]
    pub to: u64,
    #[n(3)]
    #[cbor(decode_with = "read_changes")]
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Change {
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
    /// The public keys (a JWKS document) that user tokens are signed with.
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
    /// Sessions (`jti`) and users that are revoked; added to what the edge knows.
    #[n(4)]
    Revoked {
        #[n(0)]
        version: u64,
        #[n(1)]
        sessions: Vec<crate::SessionId>,
        #[n(2)]
        users: Vec<crate::UserId>,
        /// Of a person who is revoked, then named in `users` as well, or let in again. An edge of
        /// an older version does not read it, and goes on refusing somebody who is let in again.
        #[n(3)]
        person: Option<PersonStanding>,
        /// Of a provider who is verified, or no longer is. An edge of an older version does not
        /// read it.
        #[n(4)]
        mark: Option<ProviderMark>,
    },
    /// Ends its frame: a grant's digest is compared with exactly what came before.
    #[n(5)]
    Assignment(#[n(0)] crate::RegionAssignment),
    /// Of a newer hub. It is passed over, and the feed goes on behind it: an edge that ended the
    /// session for it would be sent it again for ever.
    #[n(65535)]
    Unknown,
}

/// The changes of a frame, also of kinds that only a newer hub knows.
fn read_changes<'b, C>(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Vec<Change>, decode::Error> {
    let length = d.array()?.ok_or_else(|| decode::Error::message("a list without a length"))?;
    // The announced length may be a lie: only items that could be read take room.
    let mut changes = Vec::new();
    for _ in 0..length {
        let start = d.position();
        match d.decode_with(ctx) {
            Ok(change) => changes.push(change),
            Err(error) if error.is_unknown_variant() => {
                d.set_position(start);
                d.skip()?;
                changes.push(Change::Unknown);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(changes)
}

/// An accept made elsewhere, put to the holder of the region, which logs it if it is new.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ask {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub command: Command,
    #[n(2)]
    pub token: String,
    /// The person of the token, as the first receiver read it.
    #[n(3)]
    pub actor: Actor,
    /// When it was first taken: the token is judged at that moment.
    #[n(4)]
    pub taken_at: UnixMillis,
}

/// A piece of the image of the region; `snapshot.rs` holds the rules of a whole one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SnapshotChunk {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub feed_generation: u64,
    #[n(2)]
    pub feed_seq: u64,
    #[n(3)]
    pub index: u32,
    /// How many there are; 0 before the last one, for nobody has counted them yet.
    #[n(4)]
    pub count: u32,
    #[n(5)]
    pub hash: Hash,
    /// A `SnapshotPart`.
    #[n(6)]
    pub body: ByteVec,
}
