//! Checks frames from the hub: outcomes, feed changes and the chunks of a snapshot.
//!
//! Invariant: only a frame that continues the file without a gap is stored. The hub resends missing
//! frames.

use wire::{
    ChangesFrame, OutcomesFrame, SnapshotChunk, SnapshotPart, snapshot_hash, snapshot_start,
};

use super::{EdgeProtocol, EdgeWrite, IgnoreReason, LinkStep, SnapshotChunkWrite, ignore_frame};

impl EdgeProtocol {
    /// Outcome numbers are dense: a frame with a gap before or in it is ignored, and the hub sends
    /// it again. An overlapping frame contributes its new part.
    pub(super) fn handle_outcomes(&mut self, frame: OutcomesFrame) -> Vec<LinkStep> {
        if frame.epoch != self.position.epoch {
            return ignore_frame("Outcomes", IgnoreReason::OtherSession);
        }
        let cursor = self.position.outcome_cursor;
        let whole = frame
            .outcomes
            .iter()
            .map(|o| Some(o.number))
            .eq(expected_numbers(frame.from, frame.to));
        if frame.from > cursor || !whole {
            return ignore_frame("Outcomes", IgnoreReason::Gap);
        }
        if frame.to <= cursor {
            return ignore_frame("Outcomes", IgnoreReason::Stale);
        }
        let outcomes = frame
            .outcomes
            .into_iter()
            .filter(|o| o.number > cursor)
            .collect();
        vec![LinkStep::Store(EdgeWrite::Outcomes {
            to: frame.to,
            outcomes,
        })]
    }

    pub(super) fn handle_down(&mut self, frame: ChangesFrame) -> Vec<LinkStep> {
        let cursor = self.position.feed_cursor;
        if frame.from < cursor || frame.to < frame.from {
            return ignore_frame("Down", IgnoreReason::Stale);
        }
        if frame.from > cursor {
            return ignore_frame("Down", IgnoreReason::Gap);
        }
        vec![LinkStep::Store(EdgeWrite::Changes {
            to: frame.to,
            changes: frame.changes,
        })]
    }

    /// A chunk is stored only after its predecessor, also across sessions. Another snapshot is
    /// accepted only from its first chunk, which drops the earlier one. A repeated chunk of a
    /// snapshot that is already the view starts nothing, because that snapshot is older than the
    /// view.
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
            None => snapshot_start(chunk.link_session, chunk.feed_generation, chunk.feed_seq),
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

/// Yields each number of `from + 1 ..= to`. An overflowing range yields `None`, which matches no
/// outcome.
fn expected_numbers(from: u64, to: u64) -> impl Iterator<Item = Option<u64>> {
    let first = from.checked_add(1);
    let broken = first.is_none().then_some(None);
    let range = first
        .into_iter()
        .flat_map(move |first| (first..=to).map(Some));
    broken.into_iter().chain(range)
}
