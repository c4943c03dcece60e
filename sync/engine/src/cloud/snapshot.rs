//! The image of a region on its way to an edge whose feed cannot go on.
//!
//! Invariants: the chunks of an image continue each other, also across sessions; one read is under
//! way at a time, and few chunks are beyond the edge's stored part, so that a cut costs no more
//! than these and an image is never in memory as a whole; the feed goes on only after the edge has
//! said that the image is its view, from the image's number.

use wire::{
    Ack, Frame, Hash, Hello, SnapshotChunk, SnapshotPart, SnapshotPlace, Staged, Standing,
    snapshot_hash, snapshot_start,
};

use super::{
    StoredEdge,
    downstream::{AGAIN_AFTER_TICKS, is_overdue},
    hello,
};

/// Up to this many changes are sent one by one rather than as an image.
const FAR_BEHIND: u64 = 2_000;
/// Chunks that may be on the wire. A cut sends as many twice.
const IN_FLIGHT_MAX: u32 = 4;

#[derive(Debug)]
pub(super) struct ImageTransfer {
    standing: Standing,
    feed_generation: u64,
    pub(super) feed_seq: u64,
    /// The edge's stored part, by its own word.
    stored: At,
    sent: At,
    reading: bool,
    /// The last chunk's hash, once it has gone out.
    end: Option<Hash>,
    ticks_waited: u32,
}

/// A place in an image, behind some of its chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    chunks: u32,
    hash: Hash,
    /// The beginning of the next chunk. Absent before the first.
    next: Option<SnapshotPlace>,
}

/// A read of the next chunk of the image as of `feed_seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRequest {
    pub feed_seq: u64,
    /// Absent at the beginning.
    pub after: Option<SnapshotPlace>,
}

impl ImageTransfer {
    /// The image at the beginning of a session, if the feed cannot go on or would be dearer.
    pub(super) fn needed(hello: &Hello, stored: &StoredEdge, standing: Standing) -> Option<Self> {
        if hello.snapshots != Some(true) {
            return None;
        }
        if let Some(staged) = &hello.staged
            && can_go_on(staged, hello, stored)
        {
            let (generation, feed_seq) = (staged.feed_generation, staged.feed_seq);
            return Some(Self::at(standing, generation, feed_seq, At::of(staged)));
        }
        if must_begin(hello, stored) {
            return Some(Self::begun(standing, stored.feed_generation, as_of(0, stored)));
        }
        let from = hello::feed_start(hello, stored);
        let feed_seq = as_of(from, stored);
        let behind = feed_seq.saturating_sub(from);
        let cheaper = behind >= FAR_BEHIND && (from == 0 || behind > stored.orders);
        cheaper.then(|| Self::begun(standing, stored.feed_generation, feed_seq))
    }

    pub(super) fn begun(standing: Standing, feed_generation: u64, feed_seq: u64) -> Self {
        let hash = snapshot_start(standing, feed_generation, feed_seq);
        let at = At { chunks: 0, hash, next: None };
        Self::at(standing, feed_generation, feed_seq, at)
    }

    fn at(standing: Standing, feed_generation: u64, feed_seq: u64, at: At) -> Self {
        let (stored, sent) = (at, at);
        let (reading, end, ticks_waited) = (false, None, 0);
        Self { standing, feed_generation, feed_seq, stored, sent, reading, end, ticks_waited }
    }

    pub(super) fn next(&mut self) -> Option<ChunkRequest> {
        let full = self.sent.chunks - self.stored.chunks >= IN_FLIGHT_MAX;
        if self.reading || full || self.end.is_some() {
            return None;
        }
        self.reading = true;
        Some(ChunkRequest { feed_seq: self.feed_seq, after: self.sent.next })
    }

    /// The chunk of the part that was read. None if nobody asked for it.
    pub(super) fn send(&mut self, part: &SnapshotPart) -> Option<Frame> {
        if !std::mem::take(&mut self.reading) {
            return None;
        }
        let body = part.to_bytes();
        let hash = snapshot_hash(self.sent.hash, &body);
        let index = self.sent.chunks;
        let count = if part.next.is_none() { index + 1 } else { 0 };
        self.end = part.next.is_none().then_some(hash);
        self.sent = At { chunks: index + 1, hash, next: part.next };
        Some(Frame::Snapshot(SnapshotChunk {
            standing: self.standing,
            feed_generation: self.feed_generation,
            feed_seq: self.feed_seq,
            index,
            count,
            hash,
            body: body.into(),
        }))
    }

    /// Takes the edge's word. Returns the image's number once the image is the edge's view.
    pub(super) fn acknowledged(&mut self, ack: &Ack) -> Option<u64> {
        if self.end.is_some() && ack.snapshot == self.end {
            return Some(self.feed_seq);
        }
        if let Some(staged) = &ack.staged
            && (staged.feed_generation, staged.feed_seq) == (self.feed_generation, self.feed_seq)
            && (self.stored.chunks + 1..=self.sent.chunks).contains(&staged.chunks)
        {
            self.stored = At::of(staged);
            self.ticks_waited = 0;
        }
        None
    }

    /// About a second has passed. Chunks without an answer go out again.
    pub(super) fn tick(&mut self) -> Option<ChunkRequest> {
        let awaits = !self.reading && self.sent != self.stored;
        if !is_overdue(&mut self.ticks_waited, awaits, AGAIN_AFTER_TICKS) {
            return None;
        }
        self.sent = self.stored;
        self.end = None;
        self.next()
    }
}

impl At {
    fn of(staged: &Staged) -> Self {
        Self { chunks: staged.chunks, hash: staged.hash, next: Some(staged.next) }
    }
}

/// The feed must forget nothing behind this number: the edge's cursor, or 0 if it cannot go on from
/// there.
pub fn feed_base(hello: &Hello, stored: &StoredEdge) -> u64 {
    if hello.snapshots == Some(true) && must_begin(hello, stored) {
        return 0;
    }
    hello::feed_start(hello, stored)
}

/// Returns whether the feed cannot go on from the edge's cursor.
fn must_begin(hello: &Hello, stored: &StoredEdge) -> bool {
    if hello.feed_generation != stored.feed_generation {
        // An edge without any feed so far has nothing that an image would take from it.
        return hello.feed_generation != 0;
    }
    let cursor = hello.feed_cursor;
    cursor > stored.feed_seq || (cursor > 0 && cursor < stored.feed_holds_from)
}

/// A stored part of an image counts while the feed holds all later changes, the rest can be read as
/// of the same number, and the edge has not read beyond it.
fn can_go_on(staged: &Staged, hello: &Hello, stored: &StoredEdge) -> bool {
    staged.feed_generation == stored.feed_generation
        && staged.feed_seq >= hello::feed_start(hello, stored)
        && (stored.feed_holds_from..=stored.feed_seq).contains(&staged.feed_seq)
        && staged.feed_seq >= stored.feed_compacted_to
}

/// The number of an image. A grant is compared with exactly the changes before it [GRANT_DIGEST]:
/// if the edge holds the region and has not heard of it yet, the image ends at the grant.
fn as_of(from: u64, stored: &StoredEdge) -> u64 {
    stored.granted_seq.filter(|granted| *granted > from).unwrap_or(stored.feed_seq)
}
