//! The frames of the link between an edge and the hub.
//!
//! A frame is a CBOR pair of kind and body, the body a map with numbered keys, so that a peer of
//! another version reads past a field it does not know and takes an unknown kind as `Unknown`.
//! Frames that change standing name their term and boot nonce; one that does not match is ignored.

use minicbor::{Decode, Decoder, Encode, Encoder, bytes::ByteVec};

use crate::{
    Actor, BootNonce, Chain, Code, Command, CommandId, EdgeId, Hash, Order, OrderId, Outcome,
    Policy, Region, UnixMillis,
};

pub const PROTOCOL_MIN: u16 = 1;
pub const PROTOCOL_MAX: u16 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Hello(Hello),
    Welcome(Welcome),
    Up(Up),
    Outcomes(OutcomesFrame),
    Down(Down),
    Ack(Ack),
    Credit(Credit),
    Ask(Ask),
    Snapshot(SnapshotChunk),
    Quarantine(Quarantine),
    Resend(Resend),
    Refused(Refused),
    Held(HeldNotice),
    Probe(Probe),
    Alive(Alive),
    /// A kind from a newer peer; it is counted and otherwise passed over.
    Unknown(u16),
}

/// The hub's and the edge's standing in this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Standing {
    #[n(0)]
    pub term: u64,
    #[n(1)]
    pub nonce: BootNonce,
}

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
    /// How ops are packed in `Up`: 0 is one after the other.
    #[n(12)]
    pub codec: u8,
    /// The edge's program version, for the operator's eyes.
    #[n(13)]
    pub version: String,
    /// The newest op with a stored outcome: the hub has had the log up to it, so that a quarantine
    /// returns only what comes after.
    #[n(14)]
    pub settled: Option<Chain>,
    /// It was told that it is a second instance: nothing of it is taken until it is enrolled anew.
    #[n(15)]
    pub twin: Option<bool>,
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
    #[n(5)]
    pub ops: Vec<ByteVec>,
}

impl Up {
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.ops.len() as u64 - 1
    }
}

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

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum HeldReason {
    /// Another edge holds the region's right to assign.
    #[n(0)]
    Region,
    /// It fails alone and again; an operator has to look.
    #[n(1)]
    NeedsOperator,
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
    },
    /// How the region assigns from here on. A frame ends at it: what a grant's digest is compared with
    /// is exactly what came before.
    #[n(5)]
    Assignment(#[n(0)] crate::RegionAssignment),
}

/// What the edge has stored of what the hub sent; the digest is over its confirmed orders.
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
}

/// An accept made elsewhere, put to the holder of the region: it logs what it does not know, whatever
/// it thinks of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ask {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub command: Command,
    #[n(2)]
    pub token: String,
    /// Whom the token names, as whoever took it first has it.
    #[n(3)]
    pub actor: Actor,
    /// When it was first taken: the token is judged at that moment.
    #[n(4)]
    pub taken_at: UnixMillis,
}

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
    #[n(4)]
    pub count: u32,
    #[n(5)]
    pub hash: Hash,
    #[n(6)]
    pub body: ByteVec,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum QuarantineWhy {
    #[n(0)]
    EdgeRestored,
    #[n(1)]
    EdgeCloned,
}

impl QuarantineWhy {
    pub const ALL: [Self; 2] = [Self::EdgeRestored, Self::EdgeCloned];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdgeRestored => "edge_restored",
            Self::EdgeCloned => "edge_cloned",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Quarantine {
    #[n(0)]
    pub old_epoch: u64,
    #[n(1)]
    pub old_nonce: BootNonce,
    #[n(2)]
    pub new_epoch: u64,
    #[n(3)]
    pub grant: u64,
    #[n(4)]
    pub last_accepted: Hash,
    #[n(5)]
    pub why: QuarantineWhy,
    /// Ops of that edge stored from the old epoch up, those left out that it surely has.
    #[n(6)]
    pub tail: Vec<ByteVec>,
    /// Which part of the tail this is; absent where it is the whole of an empty one.
    #[n(7)]
    pub part: Option<TailPart>,
}

/// A run of the tail: its ops stand in one epoch without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct TailPart {
    /// Counted from 0 in each session.
    #[n(0)]
    pub index: u32,
    #[n(1)]
    pub epoch: u64,
    #[n(2)]
    pub first_seq: u64,
    /// The chain's hash at the first op; those of the others follow from it.
    #[n(3)]
    pub first_hash: Hash,
    /// More parts follow; nothing is acted on before the last.
    #[n(4)]
    pub more: bool,
}

/// The hub asks whether the process at the other end still lives. Not a ping of the socket, which a
/// proxy may answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Probe {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub number: u64,
}

/// The edge's answer to a `Probe`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Alive {
    #[n(0)]
    pub standing: Standing,
    #[n(1)]
    pub number: u64,
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

/// Why the session ends, in a word the operator can look up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refused {
    #[n(0)]
    pub code: Code,
    #[n(1)]
    pub detail: String,
}

#[derive(Debug, thiserror::Error)]
#[error("this is not a frame of the link: {0}")]
pub struct FrameError(#[from] minicbor::decode::Error);

macro_rules! frame_kinds {
    ($($kind:literal $variant:ident),+ $(,)?) => {
        impl Frame {
            pub fn to_bytes(&self) -> Vec<u8> {
                let mut bytes = Vec::new();
                let mut e = Encoder::new(&mut bytes);
                let written = match self {
                    $(Self::$variant(body) => {
                        e.array(2).and_then(|e| e.u16($kind)).and_then(|e| e.encode(body)).is_ok()
                    })+
                    Self::Unknown(kind) => {
                        e.array(2).and_then(|e| e.u16(*kind)).and_then(|e| e.map(0)).is_ok()
                    }
                };
                debug_assert!(written, "memory takes every byte");
                bytes
            }

            pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrameError> {
                let mut d = Decoder::new(bytes);
                if d.array()? != Some(2) {
                    return Err(minicbor::decode::Error::message("not a pair").into());
                }
                match d.u16()? {
                    $($kind => Ok(Self::$variant(d.decode()?)),)+
                    kind => Ok(Self::Unknown(kind)),
                }
            }

            /// The name of the frame's kind, for metrics and logs.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)+
                    Self::Unknown(_) => "Unknown",
                }
            }
        }
    };
}

frame_kinds! {
    1 Hello, 2 Welcome, 3 Up, 4 Outcomes, 5 Down, 6 Ack, 7 Credit, 8 Ask, 9 Snapshot,
    10 Quarantine, 11 Resend, 12 Refused, 13 Held, 14 Probe, 15 Alive,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Standing {
        Standing { term: 3, nonce: BootNonce([9; 16]) }
    }

    #[test]
    fn a_field_or_kind_from_a_newer_peer_is_read_past() {
        let mut bytes = Vec::new();
        let mut e = Encoder::new(&mut bytes);
        e.array(2).unwrap().u16(7).unwrap().map(5).unwrap();
        e.u8(0).unwrap().encode(standing()).unwrap();
        e.u8(1).unwrap().u64(41).unwrap().u8(2).unwrap().u32(5).unwrap();
        e.u8(3).unwrap().u32(6).unwrap();
        e.u8(200).unwrap().str("from the future").unwrap();
        let credit = Credit { standing: standing(), cursor: 41, ops: 5, bytes: 6 };
        assert_eq!(Frame::from_bytes(&bytes).unwrap(), Frame::Credit(credit));

        let unknown = Frame::Unknown(900).to_bytes();
        assert_eq!(Frame::from_bytes(&unknown).unwrap(), Frame::Unknown(900));
    }

    #[test]
    fn bytes_that_are_no_frame_are_an_error() {
        for bad in [&b""[..], b"\x00", b"\x81\x01", b"\x82\x03\xa0", b"\xff\xff\xff"] {
            assert!(Frame::from_bytes(bad).is_err(), "{bad:?}");
        }
    }
}
