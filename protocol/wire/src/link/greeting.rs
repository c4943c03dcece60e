//! The start of a session, or its refusal.

use minicbor::{Decode, Encode};

use super::LinkSessionId;
use crate::{
    BootNonce, ChainHead, Challenge, Code, EdgeId, Hash, Region, StagedSnapshot, UnixMillis,
};

/// Ops one after the other, unpacked.
pub const CODEC_PLAIN: u8 = 0;
/// Ops packed by `pack`.
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
    /// The encoding of ops in `Up` unless Welcome names another: 0, one after the other.
    #[n(12)]
    pub codec: u8,
    /// The edge's program version, for operators.
    #[n(13)]
    pub version: String,
    /// The newest op with a stored outcome; a quarantine returns only later ones.
    #[n(14)]
    pub settled: Option<ChainHead>,
    /// The hub identified it as a second instance and takes nothing from it until it is enrolled
    /// again.
    #[n(15)]
    pub twin: Option<bool>,
    /// It can load its region as a snapshot.
    #[n(16)]
    pub snapshots: Option<bool>,
    /// The snapshot that it has stored in part.
    #[n(17)]
    pub staged: Option<StagedSnapshot>,
    /// The codecs with which it can pack ops.
    #[n(18)]
    pub codecs: Option<Vec<u8>>,
    /// The hub must seal its frames for this challenge. Older edges send none and check nothing.
    #[n(19)]
    pub challenge: Option<Challenge>,
    /// It has the hub's key.
    #[n(20)]
    pub pinned: Option<bool>,
    /// Its link uses plain HTTP to another machine.
    #[n(21)]
    pub plain_line: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    #[n(0)]
    pub protocol: u16,
    #[n(1)]
    pub standing: LinkSessionId,
    /// The last op that the hub has stored, and the chain's hash there.
    #[n(2)]
    pub cursor: u64,
    #[n(3)]
    pub cursor_hash: Hash,
    #[n(4)]
    pub feed_generation: u64,
    #[n(5)]
    pub limits: LinkLimits,
    #[n(6)]
    pub cloud_now: UnixMillis,
    /// A snapshot as of this feed number follows; the edge keeps its cursor until it has all of it.
    #[n(7)]
    pub snapshot: Option<u64>,
    /// The codec from Hello with which the edge must pack ops; absent for unpacked ops.
    #[n(8)]
    pub codec: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LinkLimits {
    #[n(0)]
    pub batch_ops_max: u32,
    #[n(1)]
    pub batch_bytes_max: u32,
    #[n(2)]
    pub credit_ops: u32,
    #[n(3)]
    pub credit_bytes: u32,
}

/// Why the session ends, with a code that the operator can look up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SessionRefusal {
    #[n(0)]
    pub code: Code,
    #[n(1)]
    pub detail: String,
}
