//! A hub frame with the signature that proves its origin.
//!
//! The hub seals every frame for an edge that sent a challenge in its Hello. A signature binds the
//! edge, the challenge, the hub's nonce, the frame's place in its session and the frame's bytes.

use minicbor::{Decode, Encode, Encoder, bytes::ByteVec};

use crate::{Challenge, EdgeId, HubKey, HubNonce};

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SealedFrame {
    /// Counted from 0 in each session, so that frames cannot be repeated, dropped or reordered.
    #[n(0)]
    pub number: u64,
    #[n(1)]
    pub frame: ByteVec,
    /// The hub's Ed25519 signature over the bytes of a [`SealPayload`].
    #[n(2)]
    pub signature: ByteVec,
    /// Present in the first sealed frame of a session.
    #[n(3)]
    pub opening: Option<HubHandshake>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HubHandshake {
    #[n(0)]
    pub key: HubKey,
    #[n(1)]
    pub nonce: HubNonce,
}

/// The content that a signature binds.
#[derive(Debug, Clone, Copy)]
pub struct SealPayload<'a> {
    pub edge: &'a EdgeId,
    pub challenge: Challenge,
    pub nonce: HubNonce,
    pub number: u64,
    pub frame: &'a [u8],
}

impl SealPayload<'_> {
    pub fn signed_bytes(&self) -> Vec<u8> {
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
        debug_assert!(written, "writing to memory cannot fail");
        bytes
    }
}

/// How far a frame is proven to come from the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameProof {
    /// The hub's key signed it for this session.
    Signed,
    /// The edge has no hub key, and this session has no signatures it could trust.
    Unsigned,
    /// The signature is missing or wrong, or the frame is out of sequence.
    Forged,
}
