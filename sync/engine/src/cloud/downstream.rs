//! A numbered stream to the edge: outcomes or the feed.
//!
//! Invariant: one read is pending at a time and continues the sent numbers, so frames go out in
//! order and without a gap. Unacknowledged numbers are bounded: at the bound the stream waits for
//! an Ack, and without one it sends them again.

/// Reading stops at this many unacknowledged numbers.
const UNACKNOWLEDGED_MAX: u64 = 5_000;
const READ_MAX: u32 = 200;
/// Ticks without progress before a resend. An edge acknowledges at once, so by then it has ignored
/// a frame that overtook its predecessor.
pub(super) const AGAIN_AFTER_TICKS: u32 = 15;

/// Counts a tick of about a second. Returns true after `ticks_max` ticks without the due answer.
pub(super) fn is_overdue(ticks_waited: &mut u32, awaits: bool, ticks_max: u32) -> bool {
    *ticks_waited = if awaits { *ticks_waited + 1 } else { 0 };
    let overdue = *ticks_waited >= ticks_max;
    *ticks_waited %= ticks_max;
    overdue
}

#[derive(Debug)]
pub(super) struct Downstream {
    pub(super) acknowledged: u64,
    pub(super) sent: u64,
    /// The highest number sent in this session.
    reached: u64,
    ticks_waited: u32,
    pub(super) head: u64,
    reading: bool,
}

/// Asks the store for at most `limit` numbers after `after`.
pub(super) struct DownstreamRead {
    pub(super) after: u64,
    pub(super) limit: u32,
}

impl Downstream {
    pub(super) fn starting_after(cursor: u64) -> Self {
        Self {
            acknowledged: cursor,
            sent: cursor,
            reached: cursor,
            ticks_waited: 0,
            head: cursor,
            reading: false,
        }
    }

    /// The store reaches `head`. Starts no read.
    pub(super) fn record_head(&mut self, head: u64) {
        self.head = self.head.max(head);
    }

    pub(super) fn has_sent(&self, number: u64) -> bool {
        number <= self.reached
    }

    /// The store reaches `head`. Returns the next read if one is due.
    pub(super) fn advance_head(&mut self, head: u64) -> Option<DownstreamRead> {
        self.record_head(head);
        self.next()
    }

    /// Numbers up to `to` were sent. After an empty read, reading pauses until the head advances.
    pub(super) fn read(&mut self, to: u64) -> Option<DownstreamRead> {
        self.reading = false;
        if to <= self.sent {
            self.head = self.sent;
        }
        self.sent = self.sent.max(to);
        self.reached = self.reached.max(self.sent);
        self.head = self.head.max(self.sent);
        self.next()
    }

    pub(super) fn acknowledge(&mut self, cursor: u64) -> Option<DownstreamRead> {
        if cursor > self.acknowledged {
            self.acknowledged = cursor;
            self.ticks_waited = 0;
        }
        self.next()
    }

    /// Runs about once a second.
    pub(super) fn retry_overdue(&mut self) -> Option<DownstreamRead> {
        let awaits = !self.reading && self.sent > self.acknowledged;
        if !is_overdue(&mut self.ticks_waited, awaits, AGAIN_AFTER_TICKS) {
            return None;
        }
        self.sent = self.acknowledged;
        self.next()
    }

    fn next(&mut self) -> Option<DownstreamRead> {
        if self.reading {
            return None;
        }
        // The Ack of the first send may arrive just before the resend.
        self.sent = self.sent.max(self.acknowledged);
        let room = self.sent - self.acknowledged < UNACKNOWLEDGED_MAX;
        if !room || self.sent >= self.head {
            return None;
        }
        self.reading = true;
        Some(DownstreamRead {
            after: self.sent,
            limit: READ_MAX,
        })
    }
}
