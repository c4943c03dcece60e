//! The way of ops into the store.
//!
//! Invariant: `received` is the end of what was handed to the store and `stored` the end of what it
//! confirmed; a frame is taken only where it continues `received`, whatever was repeated, reordered
//! or lost before it.

use std::collections::VecDeque;

use wire::{Chain, Code, Limits, PackError, Up};

use super::{NewOp, NewOps};

#[derive(Debug)]
pub(super) struct Upstream {
    epoch: u64,
    received: Chain,
    stored: Chain,
    /// The runs between `stored` and `received`: the end of each, and its bytes.
    in_flight: VecDeque<(Chain, u64)>,
    /// A gap that was asked for and not yet filled: frames behind it are not asked for again.
    asked: Option<u64>,
    /// The furthest op that came too early and was dropped.
    dropped_to: u64,
    ticks_waited: u32,
}

/// What was dropped comes again only when it is asked for, and the last ops of a log have no frame
/// behind them that would raise the question once more.
const ASK_AGAIN_AFTER_TICKS: u32 = 5;

#[derive(Debug)]
pub(super) enum Taken {
    Store(NewOps),
    /// All of it was here before.
    Repeat,
    Gap {
        from: u64,
    },
    /// As `Gap`, behind one that was asked for a moment ago.
    GapAskedFor,
    OtherEpoch,
    Refused(Code, &'static str),
}

impl Upstream {
    pub(super) fn new(epoch: u64, cursor: Chain) -> Self {
        let in_flight = VecDeque::new();
        let (received, stored, asked) = (cursor, cursor, None);
        Self { epoch, received, stored, in_flight, asked, dropped_to: 0, ticks_waited: 0 }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last op known to be on disk.
    pub(super) fn cursor(&self) -> u64 {
        self.stored.seq
    }

    pub(super) fn take(&mut self, term: u64, up: Up, limits: &Limits) -> Taken {
        if up.epoch != self.epoch {
            return Taken::OtherEpoch;
        }
        let count = up.count();
        let Some(last_seq) = up.first_seq.checked_add(count).map(|past| past - 1) else {
            return Taken::Refused(Code::MalformedBody, "a seq beyond all numbers");
        };
        if up.first_seq == 0 || count == 0 {
            return Taken::Refused(Code::MalformedBody, "an Up without ops");
        }
        let up = match up.unpacked(limits.batch_ops_max, limits.batch_bytes_max) {
            Ok(up) => up,
            Err(PackError::Malformed) => {
                return Taken::Refused(Code::MalformedBody, "its packed ops cannot be read");
            }
            Err(PackError::TooLarge) => {
                return Taken::Refused(Code::BodyTooLarge, "an Up beyond the limits of Welcome");
            }
        };
        let bytes = up.ops.iter().map(|op| op.len() as u64).sum();
        // One op goes alone however large it is: else an op beyond the limit would wait for ever.
        let too_many = count > limits.batch_ops_max.into();
        if too_many || (count > 1 && bytes > u64::from(limits.batch_bytes_max)) {
            return Taken::Refused(Code::BodyTooLarge, "an Up beyond the limits of Welcome");
        }
        if up.first_seq > self.received.seq + 1 {
            return self.gap(last_seq);
        }
        self.continued(term, up, last_seq, bytes, limits)
    }

    /// The store has ops and cursor on disk.
    pub(super) fn stored(&mut self, cursor: u64) {
        while let Some((end, _)) = self.in_flight.front() {
            if end.seq > cursor {
                return;
            }
            self.stored = *end;
            self.in_flight.pop_front();
        }
    }

    /// About a second has passed. Answers from where to ask once more, if something is missing.
    pub(super) fn tick(&mut self) -> Option<u64> {
        self.asked = None;
        if self.dropped_to <= self.received.seq {
            return None;
        }
        self.ticks_waited += 1;
        if self.ticks_waited < ASK_AGAIN_AFTER_TICKS {
            return None;
        }
        self.ticks_waited = 0;
        let from = self.received.seq + 1;
        self.asked = Some(from);
        self.asked
    }

    fn gap(&mut self, dropped_to: u64) -> Taken {
        self.dropped_to = self.dropped_to.max(dropped_to);
        let from = self.received.seq + 1;
        if self.asked.replace(from) == Some(from) {
            Taken::GapAskedFor
        } else {
            Taken::Gap { from }
        }
    }

    /// A frame that begins at or before the next op: its chain is computed anew from its own
    /// beginning, and has to pass through the hash at which our log ends.
    fn continued(
        &mut self,
        term: u64,
        up: Up,
        last_seq: u64,
        bytes: u64,
        limits: &Limits,
    ) -> Taken {
        let after = self.received;
        let mut end = Chain { seq: up.first_seq - 1, hash: up.prev_hash };
        let mut passes = end == after;
        let mut ops = Vec::new();
        for bytes in up.ops {
            end = end.then(&bytes);
            passes |= end == after;
            if end.seq > after.seq {
                ops.push(NewOp { at: end, bytes: bytes.into() });
            }
        }
        if end.hash != up.hash {
            // The frame contradicts itself: that says nothing of the log.
            return Taken::Refused(Code::MalformedBody, "the ops do not add up to their hash");
        }
        if last_seq < after.seq {
            return Taken::Repeat;
        }
        if !passes {
            return Taken::Refused(Code::ChainBroken, "the chain does not continue ours");
        }
        if ops.is_empty() {
            return Taken::Repeat;
        }
        if !self.within_credit(last_seq, bytes, limits) {
            return Taken::Refused(Code::TooManyRequests, "more than was credited");
        }
        self.received = end;
        self.in_flight.push_back((end, bytes));
        self.asked = None;
        self.ticks_waited = 0;
        Taken::Store(NewOps { term, epoch: self.epoch, after, ops })
    }

    fn within_credit(&self, last_seq: u64, bytes: u64, limits: &Limits) -> bool {
        let waiting: u64 = self.in_flight.iter().map(|(_, bytes)| bytes).sum();
        let alone = waiting == 0 && last_seq == self.stored.seq + 1;
        let ops_fit = last_seq - self.stored.seq <= limits.credit_ops.into();
        ops_fit && (alone || waiting + bytes <= limits.credit_bytes.into())
    }
}
