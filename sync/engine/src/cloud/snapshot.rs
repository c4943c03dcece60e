//! Transfers a region's snapshot to an edge that cannot continue its feed.
//!
//! Invariants: chunks are consecutive, also across sessions; one read is pending at a time, and few
//! chunks are ahead of the edge's stored part, so a cut repeats only those and a snapshot is never
//! in memory as a whole; the feed continues, from the snapshot's number, only after the edge
//! confirms the snapshot as its view.

use wire::{
    Ack, Frame, Hash, Hello, LinkSessionId, SnapshotChunk, SnapshotCursor, SnapshotPart,
    StagedSnapshot, snapshot_hash, snapshot_start,
};

use super::{
    ChunkRequest, StoredEdge, hello,
    streams::{AGAIN_AFTER_TICKS, is_overdue},
};

/// Fewer changes than this go out one by one instead of as a snapshot.
const FAR_BEHIND: u64 = 2_000;
/// Most chunks in flight, and so most chunks repeated after a cut.
const IN_FLIGHT_MAX: u32 = 4;

#[derive(Debug)]
pub(super) struct SnapshotTransfer {
    link_session: LinkSessionId,
    feed_generation: u64,
    pub(super) feed_seq: u64,
    /// The part that the edge reports as stored.
    stored: SnapshotPosition,
    sent: SnapshotPosition,
    reading: bool,
    /// The last chunk's hash, once sent.
    end: Option<Hash>,
    ticks_waited: u32,
}

/// A position in a snapshot, after some of its chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SnapshotPosition {
    chunks: u32,
    hash: Hash,
    /// The start of the next chunk; `None` before the first.
    next: Option<SnapshotCursor>,
}

impl SnapshotTransfer {
    /// The snapshot for a new session, if the feed cannot continue or would cost more.
    pub(super) fn start_if_needed(
        hello: &Hello,
        stored: &StoredEdge,
        link_session: LinkSessionId,
    ) -> Option<Self> {
        if hello.snapshots != Some(true) {
            return None;
        }
        if let Some(staged) = &hello.staged
            && can_resume_staged(staged, hello, stored)
        {
            let generation = staged.feed_generation;
            let feed_seq = staged.feed_seq;
            return Some(Self::from_position(
                link_session,
                generation,
                feed_seq,
                SnapshotPosition::from_staged(staged),
            ));
        }
        if needs_snapshot(hello, stored) {
            return Some(Self::begin_transfer(
                link_session,
                stored.feed_generation,
                choose_feed_seq(0, stored),
            ));
        }
        let from = hello::feed_start(hello, stored);
        let feed_seq = choose_feed_seq(from, stored);
        let behind = feed_seq.saturating_sub(from);
        let cheaper = behind >= FAR_BEHIND && (from == 0 || behind > stored.orders);
        cheaper.then(|| Self::begin_transfer(link_session, stored.feed_generation, feed_seq))
    }

    pub(super) fn begin_transfer(
        link_session: LinkSessionId,
        feed_generation: u64,
        feed_seq: u64,
    ) -> Self {
        let hash = snapshot_start(link_session, feed_generation, feed_seq);
        let at = SnapshotPosition {
            chunks: 0,
            hash,
            next: None,
        };
        Self::from_position(link_session, feed_generation, feed_seq, at)
    }

    fn from_position(
        link_session: LinkSessionId,
        feed_generation: u64,
        feed_seq: u64,
        at: SnapshotPosition,
    ) -> Self {
        let stored = at;
        let sent = at;
        let reading = false;
        let end = None;
        let ticks_waited = 0;
        Self {
            link_session,
            feed_generation,
            feed_seq,
            stored,
            sent,
            reading,
            end,
            ticks_waited,
        }
    }

    pub(super) fn next(&mut self) -> Option<ChunkRequest> {
        let full = self.sent.chunks - self.stored.chunks >= IN_FLIGHT_MAX;
        if self.reading || full || self.end.is_some() {
            return None;
        }
        self.reading = true;
        Some(ChunkRequest {
            feed_seq: self.feed_seq,
            after: self.sent.next,
        })
    }

    /// Builds the chunk for the part just read. `None` if no read was pending.
    pub(super) fn send(&mut self, part: &SnapshotPart) -> Option<Frame> {
        if !std::mem::take(&mut self.reading) {
            return None;
        }
        let body = part.to_bytes();
        let hash = snapshot_hash(self.sent.hash, &body);
        let index = self.sent.chunks;
        let count = if part.next.is_none() { index + 1 } else { 0 };
        self.end = part.next.is_none().then_some(hash);
        self.sent = SnapshotPosition {
            chunks: index + 1,
            hash,
            next: part.next,
        };
        Some(Frame::Snapshot(SnapshotChunk {
            link_session: self.link_session,
            feed_generation: self.feed_generation,
            feed_seq: self.feed_seq,
            index,
            count,
            hash,
            body: body.into(),
        }))
    }

    /// Applies the edge's report. Returns the snapshot's number once the snapshot is the edge's
    /// view.
    pub(super) fn apply_ack(&mut self, ack: &Ack) -> Option<u64> {
        if self.end.is_some() && ack.snapshot == self.end {
            return Some(self.feed_seq);
        }
        if let Some(staged) = &ack.staged
            && (staged.feed_generation, staged.feed_seq) == (self.feed_generation, self.feed_seq)
            && (self.stored.chunks + 1..=self.sent.chunks).contains(&staged.chunks)
        {
            self.stored = SnapshotPosition::from_staged(staged);
            self.ticks_waited = 0;
        }
        None
    }

    /// Runs about once a second. Unacknowledged chunks go out again.
    pub(super) fn retry_overdue(&mut self) -> Option<ChunkRequest> {
        let awaits = !self.reading && self.sent != self.stored;
        if !is_overdue(&mut self.ticks_waited, awaits, AGAIN_AFTER_TICKS) {
            return None;
        }
        self.sent = self.stored;
        self.end = None;
        self.next()
    }
}

impl SnapshotPosition {
    fn from_staged(staged: &StagedSnapshot) -> Self {
        Self {
            chunks: staged.chunks,
            hash: staged.hash,
            next: Some(staged.next),
        }
    }
}

/// The feed must keep everything after this number: the edge's cursor, or 0 if the feed cannot
/// continue there.
pub fn feed_base(hello: &Hello, stored: &StoredEdge) -> u64 {
    if hello.snapshots == Some(true) && needs_snapshot(hello, stored) {
        return 0;
    }
    hello::feed_start(hello, stored)
}

/// True if the feed cannot continue from the edge's cursor.
fn needs_snapshot(hello: &Hello, stored: &StoredEdge) -> bool {
    if hello.feed_generation != stored.feed_generation {
        // An edge without a feed so far has no stale orders for a snapshot to remove.
        return hello.feed_generation != 0;
    }
    let cursor = hello.feed_cursor;
    cursor > stored.feed_seq || (cursor > 0 && cursor < stored.feed_holds_from)
}

/// A staged part stays usable while the feed holds all later changes, the rest is readable as of
/// the same number, and the edge has not read past it.
fn can_resume_staged(staged: &StagedSnapshot, hello: &Hello, stored: &StoredEdge) -> bool {
    staged.feed_generation == stored.feed_generation
        && staged.feed_seq >= hello::feed_start(hello, stored)
        && (stored.feed_holds_from..=stored.feed_seq).contains(&staged.feed_seq)
        && staged.feed_seq >= stored.feed_compacted_to
}

/// The number of a new snapshot. The edge compares a grant with exactly the changes before it
/// [GRANT_DIGEST], so a snapshot ends at a grant that the edge holds but has not read.
fn choose_feed_seq(from: u64, stored: &StoredEdge) -> u64 {
    stored
        .granted_seq
        .filter(|granted| *granted > from)
        .unwrap_or(stored.feed_seq)
}
