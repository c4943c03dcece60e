//! Receives a region's snapshot chunk by chunk.
//!
//! Invariants: a chunk is stored only after its predecessor, also across sessions; another snapshot
//! is accepted only from its first chunk, which drops the earlier one; a repeated chunk of a
//! snapshot that is already the view starts nothing, because that snapshot is older than the view.

use wire::{SnapshotChunk, SnapshotPart, snapshot_hash, snapshot_start};

use super::{EdgeProtocol, EdgeWrite, IgnoreReason, LinkStep, SnapshotChunkWrite, ignore_frame};

impl EdgeProtocol {
    pub(super) fn handle_snapshot_chunk(&self, chunk: &SnapshotChunk) -> Vec<LinkStep> {
        let of = (chunk.feed_generation, chunk.feed_seq);
        let staged = self.position.staged.as_ref();
        let staged = staged.filter(|staged| (staged.feed_generation, staged.feed_seq) == of);
        let known = staged.map_or(0, |staged| staged.chunks);
        let taken = self.taken == Some(of) || self.position.snapshot == Some(chunk.hash);
        if chunk.index < known || taken {
            return ignore_frame("Snapshot", IgnoreReason::Stale);
        }
        if chunk.index > known {
            return ignore_frame("Snapshot", IgnoreReason::Gap);
        }
        let before = match staged {
            Some(staged) => staged.hash,
            None => snapshot_start(chunk.standing, chunk.feed_generation, chunk.feed_seq),
        };
        if snapshot_hash(before, &chunk.body) != chunk.hash {
            return ignore_frame("Snapshot", IgnoreReason::Unexpected);
        }
        let Ok(SnapshotPart { changes, next }) = SnapshotPart::from_bytes(&chunk.body) else {
            return ignore_frame("Snapshot", IgnoreReason::Unexpected);
        };
        vec![LinkStep::Store(EdgeWrite::Snapshot(SnapshotChunkWrite {
            begins: known == 0,
            feed_generation: chunk.feed_generation,
            feed_seq: chunk.feed_seq,
            index: chunk.index,
            hash: chunk.hash,
            changes,
            next,
        }))]
    }
}
