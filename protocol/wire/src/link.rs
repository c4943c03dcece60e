//! The frames of the link between an edge and the hub.
//!
//! A frame is a CBOR pair of kind and body. The body is a map with numbered keys, so a peer of
//! another version skips unknown fields and reads an unknown kind as `Unknown`. Frames that change
//! state carry the session's term and boot nonce; others are ignored.

pub(crate) mod downward;
pub(crate) mod greeting;
pub(crate) mod quarantine;
pub(crate) mod sealed;
pub(crate) mod upward;

use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::BootNonce;
use downward::{AskFrame, ChangesFrame, HeldNotice, OutcomesFrame, SnapshotChunk};
use greeting::{Hello, SessionRefusal, Welcome};
use quarantine::{Probe, ProbeReply, Quarantine};
use sealed::SealedFrame;
use upward::{Ack, Credit, OpsFrame, ResendRequest};

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
    Ask(AskFrame),
    Snapshot(SnapshotChunk),
    Quarantine(Quarantine),
    Resend(ResendRequest),
    Refused(SessionRefusal),
    Held(HeldNotice),
    Probe(Probe),
    Alive(ProbeReply),
    Sealed(SealedFrame),
    /// A kind from a newer peer. It is counted and otherwise ignored.
    Unknown(u16),
}

/// The session in which a frame counts: the hub's term and the edge's boot nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LinkSessionId {
    #[n(0)]
    pub term: u64,
    #[n(1)]
    pub nonce: BootNonce,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> LinkSessionId {
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
        e.u8(0).unwrap().encode(standing()).unwrap();
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
            standing: standing(),
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
