//! How a session begins, or does not.

use minicbor::{Decode, Encode};

use super::Standing;
use crate::{BootNonce, Chain, Challenge, Code, EdgeId, Hash, Region, Staged, UnixMillis};

/// Ops one after the other, as they are.
pub const CODEC_PLAIN: u8 = 0;
/// Ops packed, as `pack` does it.
pub const CODEC_PACKED: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    #[n(0)]
    pub protocol_min: u16,
    #[n(1)]
    pub protocol_max: u16,
    #[n(2)]
    pub edge: EdgeId,
    #[n(3)]
    pub region: Region,
    #[n(4)]
    pub epoch: u64,
    #[n(5)]
    pub nonce: BootNonce,
    /// The end of the edge's log.
    #[n(6)]
    pub last_seq: u64,
    #[n(7)]
    pub last_hash: Hash,
    #[n(8)]
    pub suspect: bool,
    #[n(9)]
    pub feed_generation: u64,
    #[n(10)]
    pub feed_cursor: u64,
    #[n(11)]
    pub outcome_cursor: u64,
    /// How ops stand in `Up` where Welcome names nothing else: 0, one after the other.
    #[n(12)]
    pub codec: u8,
    /// The edge's program version, for the operator's eyes.
    #[n(13)]
    pub version: String,
    /// The newest op with a stored outcome; a quarantine returns only later ones.
    #[n(14)]
    pub settled: Option<Chain>,
    /// It was told that it is a second instance: nothing of it is taken until it is enrolled anew.
    #[n(15)]
    pub twin: Option<bool>,
    /// It takes its region as an image.
    #[n(16)]
    pub snapshots: Option<bool>,
    /// The image that it has a part of.
    #[n(17)]
    pub staged: Option<Staged>,
    /// The codecs by which it can pack ops.
    #[n(18)]
    pub codecs: Option<Vec<u8>>,
    /// The hub is to seal its frames for it. An older version sends none and checks nothing.
    #[n(19)]
    pub challenge: Option<Challenge>,
    /// It knows the hub's key.
    #[n(20)]
    pub pinned: Option<bool>,
    /// Its link goes over plain HTTP to another machine.
    #[n(21)]
    pub plain_line: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    #[n(0)]
    pub protocol: u16,
    #[n(1)]
    pub standing: Standing,
    /// The last op the hub has stored, and the chain's hash there.
    #[n(2)]
    pub cursor: u64,
    #[n(3)]
    pub cursor_hash: Hash,
    #[n(4)]
    pub feed_generation: u64,
    #[n(5)]
    pub limits: Limits,
    #[n(6)]
    pub cloud_now: UnixMillis,
    /// An image as of this number comes next; until all of it is there, the edge keeps its cursor.
    #[n(7)]
    pub snapshot: Option<u64>,
    /// Of the codecs in Hello, the one by which the edge is to pack ops; absent where it is to pack
    /// none.
    #[n(8)]
    pub codec: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Limits {
    #[n(0)]
    pub batch_ops_max: u32,
    #[n(1)]
    pub batch_bytes_max: u32,
    #[n(2)]
    pub credit_ops: u32,
    #[n(3)]
    pub credit_bytes: u32,
}

/// Why the session ends, in a word the operator can look up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refused {
    #[n(0)]
    pub code: Code,
    #[n(1)]
    pub detail: String,
}
