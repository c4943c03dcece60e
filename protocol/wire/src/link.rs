//! The frames of the link between an edge and the hub, and those that begin, probe and end a
//! session.
//!
//! A frame is a CBOR pair of kind and body. The body is a map with numbered keys, so a peer of
//! another version skips unknown fields and reads an unknown kind as `Unknown`. Frames that change
//! state carry the session's term and boot nonce; others are ignored.

use minicbor::{Decode, Decoder, Encode, Encoder, bytes::ByteVec};

use crate::{
    assignment::QuarantineWhy,
    certificates::{CertificateReply, CertificateRequest},
    code::Code,
    hub_signature::SealedFrame,
    ids::{BootNonce, Challenge, EdgeId, Hash, LinkSessionId, Region},
    message_frames::{MessagesAnswerFrame, MessagesQueryFrame},
    op::ChainHead,
    photo_frames::{PhotoAnswerFrame, PhotoChunkFrame},
    session_frames::{
        Ack, ChangesFrame, Credit, ForwardedAcceptFrame, HeldNotice, OpsFrame, OutcomesFrame,
        ResendRequest, SnapshotChunk, StagedSnapshot,
    },
    time::UnixMillis,
};

pub const PROTOCOL_MIN: u16 = 1;
pub const PROTOCOL_MAX: u16 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Hello(Hello),
    Welcome(Welcome),
    Up(OpsFrame),
    Outcomes(OutcomesFrame),
    Down(ChangesFrame),
    Ack(Ack),
    Credit(Credit),
    Ask(ForwardedAcceptFrame),
    Snapshot(SnapshotChunk),
    Quarantine(Quarantine),
    Resend(ResendRequest),
    Refused(SessionRefusal),
    Held(HeldNotice),
    Probe(Probe),
    Alive(ProbeReply),
    Sealed(SealedFrame),
    CertificateRequest(CertificateRequest),
    CertificateReply(CertificateReply),
    PhotoChunk(PhotoChunkFrame),
    PhotoAnswer(PhotoAnswerFrame),
    MessagesQuery(MessagesQueryFrame),
    MessagesAnswer(MessagesAnswerFrame),
    /// A kind from a newer peer. It is counted and otherwise ignored.
    Unknown(u16),
}

#[derive(Debug, thiserror::Error)]
#[error("the bytes are not a link frame: {0}")]
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
                debug_assert!(written, "writing to memory cannot fail");
                bytes
            }

            pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrameError> {
                let mut d = Decoder::new(bytes);
                if d.array()? != Some(2) {
                    return Err(minicbor::decode::Error::message("not a pair").into());
                }
                match d.u16()? {
                    $($kind => match d.decode() {
                        Ok(body) => Ok(Self::$variant(body)),
                        // An enum value from a newer peer makes a known frame count as an unknown
                        // kind.
                        Err(error) if error.is_unknown_variant() => Ok(Self::Unknown($kind)),
                        Err(error) => Err(error.into()),
                    },)+
                    kind => Ok(Self::Unknown(kind)),
                }
            }

            /// For metrics and logs.
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
    10 Quarantine, 11 Resend, 12 Refused, 13 Held, 14 Probe, 15 Alive, 16 Sealed,
    17 CertificateRequest, 18 CertificateReply, 19 PhotoChunk, 20 PhotoAnswer, 21 MessagesQuery, 22 MessagesAnswer,
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
    /// Tablets on other machines connect to it without encryption.
    #[n(22)]
    pub plain_listeners: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    #[n(0)]
    pub protocol: u16,
    #[n(1)]
    pub link_session: LinkSessionId,
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
    /// The hub takes photos. Older hubs ignore their frames.
    #[n(9)]
    pub photos: Option<bool>,
    /// The hub sends the messages of orders. Older hubs ignore the query.
    #[n(10)]
    pub messages: Option<bool>,
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
    /// The edge's ops stored from the old epoch up, without those it surely has.
    #[n(6)]
    pub tail: Vec<ByteVec>,
    /// The part of the tail in this frame; absent if the tail is empty.
    #[n(7)]
    pub part: Option<TailPart>,
}

/// A run of the tail: ops of one epoch without a gap.
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
    /// The chain's hash at the first op; the other hashes follow from it.
    #[n(3)]
    pub first_hash: Hash,
    /// More parts follow; the edge acts only after the last one.
    #[n(4)]
    pub more: bool,
}

/// Checks that the process at the other end is alive; a proxy might answer a socket ping.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Probe {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub number: u64,
}

/// The edge's answer to a `Probe`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProbeReply {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub number: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link_session() -> LinkSessionId {
        LinkSessionId {
            term: 3,
            nonce: BootNonce([9; 16]),
        }
    }

    #[test]
    fn a_field_or_kind_from_a_newer_peer_is_read_past() {
        let mut bytes = Vec::new();
        let mut e = Encoder::new(&mut bytes);
        e.array(2).unwrap().u16(7).unwrap().map(5).unwrap();
        e.u8(0).unwrap().encode(link_session()).unwrap();
        e.u8(1)
            .unwrap()
            .u64(41)
            .unwrap()
            .u8(2)
            .unwrap()
            .u32(5)
            .unwrap();
        e.u8(3).unwrap().u32(6).unwrap();
        e.u8(200).unwrap().str("from the future").unwrap();
        let credit = Credit {
            link_session: link_session(),
            cursor: 41,
            ops: 5,
            bytes: 6,
            feed_seq: None,
        };
        assert_eq!(Frame::from_bytes(&bytes).unwrap(), Frame::Credit(credit));

        let unknown = Frame::Unknown(900).to_bytes();
        assert_eq!(Frame::from_bytes(&unknown).unwrap(), Frame::Unknown(900));
    }

    #[test]
    fn bytes_that_are_no_frame_are_an_error() {
        for bad in [
            &b""[..],
            b"\x00",
            b"\x81\x01",
            b"\x82\x03\xa0",
            b"\xff\xff\xff",
        ] {
            assert!(Frame::from_bytes(bad).is_err(), "{bad:?}");
        }
    }
}
