//! The image of a region, chunk by chunk.
//!
//! Invariants: a chunk is stored only behind the one before it, whatever session that came in; one of
//! another image is taken only at its beginning, and then nothing of the earlier one is kept; one that
//! comes again once its image is the view begins nothing, for that would be older than the view.

use wire::{SnapshotChunk, SnapshotPart, snapshot_hash, snapshot_start};

use super::{Do, Edge, SnapshotRun, Store, Why};

impl Edge {
    pub(super) fn snapshot(&self, chunk: &SnapshotChunk) -> Vec<Do> {
        let ignored = |why| vec![Do::Ignored { kind: "Snapshot", why }];
        let of = (chunk.feed_generation, chunk.feed_seq);
        let staged = self.position.staged.as_ref();
        let staged = staged.filter(|staged| (staged.feed_generation, staged.feed_seq) == of);
        let known = staged.map_or(0, |staged| staged.chunks);
        let taken = self.taken == Some(of) || self.position.snapshot == Some(chunk.hash);
        if chunk.index < known || taken {
            return ignored(Why::Stale);
        }
        if chunk.index > known {
            return ignored(Why::Gap);
        }
        let start = || snapshot_start(chunk.standing, chunk.feed_generation, chunk.feed_seq);
        let before = staged.map_or_else(start, |staged| staged.hash);
        if snapshot_hash(before, &chunk.body) != chunk.hash {
            return ignored(Why::Unexpected);
        }
        let Ok(SnapshotPart { changes, next }) = SnapshotPart::from_bytes(&chunk.body) else {
            return ignored(Why::Unexpected);
        };
        vec![Do::Store(Store::Snapshot(SnapshotRun {
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
