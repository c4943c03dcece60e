//! The snapshot of a region at one feed number, cut into chunks.
//!
//! Invariants: each chunk's hash covers its body and the previous hash, so the last hash proves all
//! chunks. The hub chooses the place of the next chunk; the edge stores and returns it, so that an
//! interrupted session resumes after the last stored chunk.

use minicbor::{Decode, Encode};

use crate::{FeedChange, Hash, LinkSessionId};

/// How much of a snapshot an edge has stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StagedSnapshot {
    #[n(0)]
    pub feed_generation: u64,
    /// The feed number that the snapshot shows.
    #[n(1)]
    pub feed_seq: u64,
    /// The number of stored chunks, and so the index of the next one.
    #[n(2)]
    pub chunks: u32,
    /// The hash of the last stored chunk.
    #[n(3)]
    pub hash: Hash,
    #[n(4)]
    pub next: SnapshotCursor,
}

/// The body of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SnapshotPart {
    #[n(0)]
    pub changes: Vec<FeedChange>,
    /// Where the next chunk begins; absent in the last one.
    #[n(1)]
    pub next: Option<SnapshotCursor>,
}

/// The entity after which the hub continues. Only the hub interprets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct SnapshotCursor {
    #[n(0)]
    pub kind: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub entity: [u8; 16],
}

impl SnapshotPart {
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::op::encode_canonical(self)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        minicbor::decode(bytes)
    }
}

/// The first hash of a snapshot's chain, unique per session and feed number.
pub fn snapshot_start(link_session: LinkSessionId, feed_generation: u64, feed_seq: u64) -> Hash {
    Hash::digest_bytes(&crate::op::encode_canonical((
        link_session,
        feed_generation,
        feed_seq,
    )))
}

/// The hash of the chunk that follows the one with hash `before`.
pub fn snapshot_hash(before: Hash, body: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(before.0.len() + body.len());
    bytes.extend(before.0);
    bytes.extend(body);
    Hash::digest_bytes(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BootNonce;

    #[test]
    fn a_part_reads_back_and_its_hash_knows_what_came_before() {
        let next = Some(SnapshotCursor {
            kind: 1,
            entity: [7; 16],
        });
        let part = SnapshotPart {
            changes: Vec::new(),
            next,
        };
        assert_eq!(SnapshotPart::from_bytes(&part.to_bytes()).unwrap(), part);
        let standing = |term| LinkSessionId {
            term,
            nonce: BootNonce([1; 16]),
        };
        let start = snapshot_start(standing(1), 5, 9);
        assert_ne!(start, snapshot_start(standing(2), 5, 9));
        assert_ne!(snapshot_hash(start, b"a"), snapshot_hash(Hash::ZERO, b"a"));
    }
}
