//! The beginning of a run: the high-water mark, the suspicion it raises, and the boot op. Mirrors
//! `edge-node/src/store/opening.rs`, `high_water.rs` and `standing.rs`.

use planted::is_planted;
use wire::{BootNonce, ChainHead, Op, Receipt, UnixMillis};

use super::{EdgeFile, FIRST_EPOCH};
use crate::bug::Bug;

/// The sign that made an edge suspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuspicionCause {
    NoMark,
    Older,
    Different,
    Chain,
    Receipt,
    Twin,
}

impl SuspicionCause {
    pub const ALL: [Self; 6] = [
        Self::NoMark,
        Self::Older,
        Self::Different,
        Self::Chain,
        Self::Receipt,
        Self::Twin,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoMark => "no mark",
            Self::Older => "older than the mark",
            Self::Different => "other than the mark",
            Self::Chain => "chain broken",
            Self::Receipt => "receipt unknown",
            Self::Twin => "twin",
        }
    }
}

/// The high-water file next to the database; `None` if it is missing or torn.
#[derive(Debug, Clone, Copy)]
pub struct FileMark {
    /// The mark in the operating system's cache.
    pub written: Option<(u64, ChainHead)>,
    /// The mark that survives a power loss.
    pub synced: Option<(u64, ChainHead)>,
}

impl FileMark {
    pub fn first(start: ChainHead) -> Self {
        let mark = Some((FIRST_EPOCH, start));
        Self {
            written: mark,
            synced: mark,
        }
    }
}

impl EdgeFile {
    /// Writes the mark, after each commit and before any answer. The previous mark counts as
    /// synced: only the worst case of the once-a-second sync matters.
    pub fn mark_now(&mut self) {
        self.mark.synced = self.mark.written;
        self.mark.written = Some((self.book.live.epoch, self.book.live.head));
    }

    /// The first write of a run: checks that the last answer came from this log, and logs the boot
    /// op.
    pub fn boot(&mut self, nonce: BootNonce, now: UnixMillis) {
        if let Some(alarm) = self.suspicion().filter(|_| !is_planted(Bug::Hwm)) {
            self.raise(alarm);
        }
        let head = self.book.live.head;
        if is_planted(Bug::SeqReused)
            && let Some(before) = head.seq.checked_sub(1).and_then(|seq| self.chain_at(seq))
            && before.seq > 0
        {
            self.book.live.head = before;
        }
        if !is_planted(Bug::BootOp) {
            self.append(Op::Boot { nonce, at: now });
        }
    }

    pub fn suspicion(&self) -> Option<SuspicionCause> {
        let head = self.book.live.head;
        let Some((epoch, mark)) = self.mark.written else {
            return (head.seq > 0).then_some(SuspicionCause::NoMark);
        };
        if epoch < self.book.live.epoch {
            return None;
        }
        if epoch > self.book.live.epoch || mark.seq > head.seq {
            return Some(SuspicionCause::Older);
        }
        let here = self.chain_at(mark.seq);
        here.is_some_and(|here| here != mark)
            .then_some(SuspicionCause::Different)
    }

    /// Keeps the first reason, unless the new one is that this is a twin.
    pub fn raise(&mut self, alarm: SuspicionCause) {
        let book = &mut self.book.live;
        if book.alarm.is_none() || alarm == SuspicionCause::Twin {
            book.alarm = Some(alarm);
        }
        book.suspect = true;
    }

    /// Returns true if a receipt names an op that this log lacks [RECEIPTS].
    pub fn is_missing(&self, seen: &Receipt) -> bool {
        let book = &self.book.live;
        if seen.epoch != book.epoch || book.suspect {
            return seen.epoch > book.epoch && !book.suspect;
        }
        let here = self.chain_at(seen.seq);
        seen.seq > book.head.seq || here.is_some_and(|here| here.hash != seen.hash)
    }
}
