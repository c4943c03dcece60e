//! A numbered stream towards the edge: outcomes, or the feed.
//!
//! Invariant: one read is under way at a time and each continues what was sent, so that frames go
//! out in order and without a gap. What the edge has not acknowledged is bounded; beyond that the
//! stream waits for an Ack.

/// How many an edge may leave unacknowledged before nothing more is read for it.
const UNACKNOWLEDGED_MAX: u64 = 5_000;
const READ_MAX: u32 = 200;

#[derive(Debug)]
pub(super) struct Downstream {
    acknowledged: u64,
    sent: u64,
    head: u64,
    reading: bool,
}

impl Downstream {
    pub(super) fn after(cursor: u64) -> Self {
        Self { acknowledged: cursor, sent: cursor, head: cursor, reading: false }
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn has_sent(&self, number: u64) -> bool {
        number <= self.sent
    }

    /// The store holds up to `head`. Answers what to read now, if anything.
    pub(super) fn reach(&mut self, head: u64) -> Option<(u64, u32)> {
        self.head = self.head.max(head);
        self.next()
    }

    /// What was read has gone out, up to `to`. A read that brought nothing ends the reading until
    /// the store is said to reach further.
    pub(super) fn read(&mut self, to: u64) -> Option<(u64, u32)> {
        self.reading = false;
        if to <= self.sent {
            self.head = self.sent;
        }
        self.sent = self.sent.max(to);
        self.head = self.head.max(self.sent);
        self.next()
    }

    pub(super) fn acknowledge(&mut self, cursor: u64) -> Option<(u64, u32)> {
        self.acknowledged = self.acknowledged.max(cursor);
        self.next()
    }

    fn next(&mut self) -> Option<(u64, u32)> {
        let room = self.sent - self.acknowledged < UNACKNOWLEDGED_MAX;
        if self.reading || !room || self.sent >= self.head {
            return None;
        }
        self.reading = true;
        Some((self.sent, READ_MAX))
    }
}
