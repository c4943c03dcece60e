//! The end of an epoch, and the probe of its owner.

use minicbor::{Decode, Encode, bytes::ByteVec};

use super::LinkSessionId;
use crate::{BootNonce, Hash};

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    QuarantineWhy {
        EdgeRestored = 0 "edge_restored",
        EdgeCloned = 1 "edge_cloned",
    }
}
words_from_text!(QuarantineWhy);

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
    pub standing: LinkSessionId,
    #[n(1)]
    pub number: u64,
}

/// The edge's answer to a `Probe`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProbeReply {
    #[n(0)]
    pub standing: LinkSessionId,
    #[n(1)]
    pub number: u64,
}
