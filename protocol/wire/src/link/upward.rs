//! The edge's log on its way up, and the frames that steer it.

use minicbor::{Decode, Encode, bytes::ByteVec};

use super::{Standing, greeting::CODEC_PACKED};
use crate::{
    Hash, Staged, UnixMillis,
    pack::{PackError, pack, unpack},
};

/// A run of ops, exactly as the log stores them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Up {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub epoch: u64,
    #[n(2)]
    pub first_seq: u64,
    #[n(3)]
    pub prev_hash: Hash,
    /// The chain's hash after the last op here.
    #[n(4)]
    pub hash: Hash,
    /// Empty where they are packed.
    #[n(5)]
    pub ops: Vec<ByteVec>,
    #[n(6)]
    pub packed: Option<Packed>,
}

/// Ops by a codec that Welcome has named.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Packed {
    #[n(0)]
    pub codec: u8,
    #[n(1)]
    pub count: u32,
    #[n(2)]
    pub bytes: ByteVec,
}

impl Up {
    /// How many ops it brings, or says that it does.
    pub fn count(&self) -> u64 {
        self.packed.as_ref().map_or(self.ops.len() as u64, |packed| packed.count.into())
    }

    /// The same ops in fewer bytes, where that is possible. One alone stays as it is, so that
    /// nothing packed is larger than the limits of a batch. So does what would not come out again
    /// as it went in: there is no such thing, and if there were, the log would stand still at it
    /// for ever.
    #[must_use]
    pub fn packed(self) -> Self {
        let (Ok(count), false) = (u32::try_from(self.ops.len()), self.ops.len() < 2) else {
            return self;
        };
        let bytes = pack(self.ops.iter().map(|op| &op[..]));
        let bytes_plain = self.ops.iter().map(|op| op.len()).sum();
        let comes_out = |again: Vec<Vec<u8>>| again.iter().eq(self.ops.iter().map(|op| &**op));
        if bytes.len() >= bytes_plain || !unpack(&bytes, count, bytes_plain).is_ok_and(comes_out) {
            return self;
        }
        let packed = Some(Packed { codec: CODEC_PACKED, count, bytes: bytes.into() });
        Self { ops: Vec::new(), packed, ..self }
    }

    /// The same ops one after the other, where they are no more than this together.
    pub fn unpacked(self, ops_max: u32, bytes_max: u32) -> Result<Self, PackError> {
        let Some(Packed { codec, count, bytes }) = self.packed else { return Ok(self) };
        if codec != CODEC_PACKED || !self.ops.is_empty() {
            return Err(PackError::Malformed);
        }
        if count > ops_max {
            return Err(PackError::TooLarge);
        }
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let ops = unpack(&bytes, count, bytes_max)?.into_iter().map(Into::into).collect();
        Ok(Self { ops, packed: None, ..self })
    }
}

/// The part of the hub's frames that the edge has stored; the digest is over its confirmed orders.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ack {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub outcome_cursor: u64,
    #[n(2)]
    pub feed_cursor: u64,
    #[n(3)]
    pub digest: Hash,
    /// Orders on which an outcome has run ahead of the feed; the digest is compared when none has.
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
    /// The end of the edge's log, so that the hub knows how far behind it is.
    #[n(9)]
    pub last_seq: u64,
    /// How much it has of the image that is on its way.
    #[n(10)]
    pub staged: Option<Staged>,
    /// The last image that became its view, by the hash of its last chunk.
    #[n(11)]
    pub snapshot: Option<Hash>,
    /// The fence of a grant to this edge whose digest its view did not agree with.
    #[n(12)]
    pub unproven: Option<u64>,
    /// The digest of how its region assigns, by the feed's last word.
    #[n(13)]
    pub assignment: Option<Hash>,
    /// How far the clock of the edge's machine is ahead, where the edge works by the hub's time
    /// instead.
    #[n(14)]
    pub clock_error_ms: Option<i64>,
    /// People whose commands it refuses, because it keeps its last room for those whom it knows.
    #[n(15)]
    pub newcomers_waiting: Option<u32>,
}

/// The hub has stored ops up to `cursor`, and takes this much more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Credit {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub cursor: u64,
    #[n(2)]
    pub ops: u32,
    #[n(3)]
    pub bytes: u32,
    /// Where the region's feed stands now: an edge that has read so far knows every revocation.
    #[n(4)]
    pub feed_seq: Option<u64>,
}

/// A gap in `Up`: nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Resend {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub from: u64,
}
