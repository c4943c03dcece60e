//! The edge's log on its way to the hub, and the frames that steer it.

use minicbor::{Decode, Encode, bytes::ByteVec};

use super::{LinkSessionId, greeting::CODEC_PACKED};
use crate::{
    Hash, StagedSnapshot, UnixMillis,
    pack::{PackError, pack_ops, unpack_ops},
};

/// A run of ops, exactly as the log stores them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpsFrame {
    #[n(0)]
    pub standing: LinkSessionId,
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
    pub standing: LinkSessionId,
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
}

/// The hub has stored ops up to `cursor` and takes this many more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Credit {
    #[n(0)]
    pub standing: LinkSessionId,
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
    pub standing: LinkSessionId,
    #[n(1)]
    pub from: u64,
}
