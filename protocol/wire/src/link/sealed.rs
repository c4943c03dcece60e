//! A frame of the hub with the proof that it is the hub's own.
//!
//! The hub seals every frame to an edge whose Hello brought a challenge. A signature binds the
//! edge, the challenge, the hub's nonce, the place of the frame in its session and the bytes of the
//! frame.

use minicbor::{Decode, Encode, Encoder, bytes::ByteVec};

use crate::{Challenge, EdgeId, HubKey, HubNonce};

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sealed {
    /// Counted from 0 in each session: no frame is repeated, left out or moved.
    #[n(0)]
    pub number: u64,
    #[n(1)]
    pub frame: ByteVec,
    /// The hub's Ed25519 signature over `Seal::bytes`.
    #[n(2)]
    pub signature: ByteVec,
    /// In the first sealed frame of a session.
    #[n(3)]
    pub opening: Option<SealOpening>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SealOpening {
    #[n(0)]
    pub key: HubKey,
    #[n(1)]
    pub nonce: HubNonce,
}

/// What a signature binds.
#[derive(Debug, Clone, Copy)]
pub struct Seal<'a> {
    pub edge: &'a EdgeId,
    pub challenge: Challenge,
    pub nonce: HubNonce,
    pub number: u64,
    pub frame: &'a [u8],
}

impl Seal<'_> {
    /// The signed bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.frame.len() + 160);
        let written = Encoder::new(&mut bytes)
            .array(6)
            .and_then(|e| e.str("holdfast hub frame 1"))
            .and_then(|e| e.encode(self.edge))
            .and_then(|e| e.encode(self.challenge))
            .and_then(|e| e.encode(self.nonce))
            .and_then(|e| e.u64(self.number))
            .and_then(|e| e.bytes(self.frame))
            .is_ok();
        debug_assert!(written, "memory takes every byte");
        bytes
    }
}

/// How far a frame is known to be the hub's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameProof {
    /// The hub's key has signed it for this session.
    Signed,
    /// The edge knows no key of the hub, and this session has no signatures it could trust.
    Unsigned,
    /// The signature is missing or wrong, or the frame is not in its place.
    Forged,
}
