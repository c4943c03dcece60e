//! The frames of an open session: up, the edge's log and the frames that steer it; down, the
//! cloud's decisions and the region's changes, or its snapshot at one feed number, cut into chunks.
//!
//! Invariants of a snapshot: each chunk's hash covers its body and the previous hash, so the last
//! hash proves all chunks. The hub chooses the place of the next chunk; the edge stores and returns
//! it, so that an interrupted session resumes after the last stored chunk.

#[cfg(test)]
mod tests;

use minicbor::{Decode, Decoder, Encode, bytes::ByteVec, decode};

use crate::{
    assignment::{Policy, RegionAssignment},
    command::Command,
    ids::{CommandId, Hash, LinkSessionId, OrderId, SessionId, UserId, encode_canonical},
    order::Order,
    outcome::Outcome,
    pack::{CODEC_PACKED, PackError, pack_ops, unpack_ops},
    person::{Actor, ProviderVerification, RevocationStatus},
    status::DiskUse,
    time::UnixMillis,
};

/// A run of ops, exactly as the log stores them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpsFrame {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub epoch: u64,
    #[n(2)]
    pub first_seq: u64,
    #[n(3)]
    pub prev_hash: Hash,
    /// The chain's hash after the last op here.
    #[n(4)]
    pub hash: Hash,
    /// Empty if the ops are packed.
    #[n(5)]
    pub ops: Vec<ByteVec>,
    #[n(6)]
    pub packed: Option<PackedOps>,
}

/// Ops packed with the codec that Welcome named.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PackedOps {
    #[n(0)]
    pub codec: u8,
    #[n(1)]
    pub count: u32,
    #[n(2)]
    pub bytes: ByteVec,
}

impl OpsFrame {
    /// The number of ops in the frame, as announced if they are packed.
    pub fn op_count(&self) -> u64 {
        self.packed
            .as_ref()
            .map_or(self.ops.len() as u64, |packed| packed.count.into())
    }

    /// Packs the ops if that saves bytes. A single op stays plain, so that a packed frame never
    /// exceeds the limits of a batch. So do ops that would not unpack to the same bytes: that
    /// should be impossible, but it would block the log forever.
    #[must_use]
    pub fn into_packed(self) -> Self {
        let (Ok(count), false) = (u32::try_from(self.ops.len()), self.ops.len() < 2) else {
            return self;
        };
        let bytes = pack_ops(self.ops.iter().map(|op| &op[..]));
        let bytes_plain = self.ops.iter().map(|op| op.len()).sum();
        if bytes.len() >= bytes_plain {
            return self;
        }
        let unpacked = unpack_ops(&bytes, count, bytes_plain);
        if !unpacked.is_ok_and(|again| again.iter().eq(self.ops.iter().map(|op| &**op))) {
            return self;
        }
        let packed = Some(PackedOps {
            codec: CODEC_PACKED,
            count,
            bytes: bytes.into(),
        });
        Self {
            ops: Vec::new(),
            packed,
            ..self
        }
    }

    /// Restores the plain ops, within these limits.
    pub fn into_unpacked(self, ops_max: u32, bytes_max: u32) -> Result<Self, PackError> {
        let Some(PackedOps {
            codec,
            count,
            bytes,
        }) = self.packed
        else {
            return Ok(self);
        };
        if codec != CODEC_PACKED || !self.ops.is_empty() {
            return Err(PackError::Malformed);
        }
        if count > ops_max {
            return Err(PackError::TooLarge);
        }
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let ops = unpack_ops(&bytes, count, bytes_max)?
            .into_iter()
            .map(Into::into)
            .collect();
        Ok(Self {
            ops,
            packed: None,
            ..self
        })
    }
}

/// How much of the hub's frames the edge has stored. The digest covers its confirmed orders.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ack {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub outcome_cursor: u64,
    #[n(2)]
    pub feed_cursor: u64,
    #[n(3)]
    pub digest: Hash,
    /// The orders with an outcome ahead of the feed; the digest is compared only if there are none.
    #[n(4)]
    pub ahead: u32,
    #[n(5)]
    pub pending: u32,
    #[n(6)]
    pub oldest_pending_at: Option<UnixMillis>,
    #[n(7)]
    pub edge_now: UnixMillis,
    #[n(8)]
    pub disk_free_bytes: Option<u64>,
    /// The end of the edge's log, from which the hub computes its own lag.
    #[n(9)]
    pub last_seq: u64,
    /// How much of the incoming snapshot it has stored.
    #[n(10)]
    pub staged: Option<StagedSnapshot>,
    /// The last snapshot that became its view, identified by the hash of its last chunk.
    #[n(11)]
    pub snapshot: Option<Hash>,
    /// The fence of a grant to this edge whose digest does not match its view.
    #[n(12)]
    pub unproven: Option<u64>,
    /// The digest of the region's assignment, according to the feed.
    #[n(13)]
    pub assignment: Option<Hash>,
    /// How far the machine's clock is ahead, if the edge works by the hub's time instead.
    #[n(14)]
    pub clock_error_ms: Option<i64>,
    /// People that it refuses because it reserves its last space for known people.
    #[n(15)]
    pub newcomers_waiting: Option<u32>,
    /// `None` if the system does not report it.
    #[n(16)]
    pub disk: Option<DiskUse>,
    /// Whole photos that the cloud does not have yet.
    #[n(17)]
    pub photos_waiting: Option<u32>,
}

/// The hub has stored ops up to `cursor` and takes this many more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Credit {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub cursor: u64,
    #[n(2)]
    pub ops: u32,
    #[n(3)]
    pub bytes: u32,
    /// The region's current feed number: an edge that has read up to it has every revocation.
    #[n(4)]
    pub feed_seq: Option<u64>,
}

/// `Up` had a gap, and the hub stored nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ResendRequest {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub from: u64,
}

/// Outcomes numbered `from + 1 ..= to` per edge and epoch, in the order in which the hub stored
/// them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OutcomesFrame {
    #[n(0)]
    pub link_session: LinkSessionId,
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
    pub link_session: LinkSessionId,
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
    pub link_session: LinkSessionId,
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
        sessions: Vec<SessionId>,
        #[n(2)]
        users: Vec<UserId>,
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
    Assignment(#[n(0)] RegionAssignment),
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

/// The body of `Ask`: an accept made elsewhere and forwarded to the region's holder, which logs it
/// if it is new.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ForwardedAcceptFrame {
    #[n(0)]
    pub link_session: LinkSessionId,
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

/// A piece of the region's snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SnapshotChunk {
    #[n(0)]
    pub link_session: LinkSessionId,
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

/// How much of a snapshot an edge has stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StagedSnapshot {
    #[n(0)]
    pub feed_generation: u64,
    /// The feed number that the snapshot shows.
    #[n(1)]
    pub feed_seq: u64,
    /// The number of stored chunks, and so the index of the next one.
    #[n(2)]
    pub chunks: u32,
    /// The hash of the last stored chunk.
    #[n(3)]
    pub hash: Hash,
    #[n(4)]
    pub next: SnapshotCursor,
}

/// The body of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SnapshotPart {
    #[n(0)]
    pub changes: Vec<FeedChange>,
    /// Where the next chunk begins; absent in the last one.
    #[n(1)]
    pub next: Option<SnapshotCursor>,
}

/// The entity after which the hub continues. Only the hub interprets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct SnapshotCursor {
    #[n(0)]
    pub kind: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub entity: [u8; 16],
}

impl SnapshotPart {
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_canonical(self)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        minicbor::decode(bytes)
    }
}

/// The first hash of a snapshot's chain, unique per session and feed number.
pub fn snapshot_start(link_session: LinkSessionId, feed_generation: u64, feed_seq: u64) -> Hash {
    Hash::digest_bytes(&encode_canonical((link_session, feed_generation, feed_seq)))
}

/// The hash of the chunk that follows the one with hash `before`.
pub fn snapshot_hash(before: Hash, body: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(before.0.len() + body.len());
    bytes.extend(before.0);
    bytes.extend(body);
    Hash::digest_bytes(&bytes)
}
