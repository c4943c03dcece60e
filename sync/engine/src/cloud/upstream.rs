//! The way of ops into the store.
//!
//! Invariant: `received` is the end of the ops handed to the store, and `stored` the end of the ops
//! that the store confirmed. A frame is taken only if it continues `received`, after any repeats,
//! reorderings and losses.

use std::collections::VecDeque;

use wire::{Chain, Code, Limits, PackError, Up};

use super::{NewOp, NewOps, downstream::is_overdue};
use crate::moments::{HeadNotes, OpBounds};

#[derive(Debug)]
pub(super) struct Uplink {
    pub(super) epoch: u64,
    received: Chain,
    pub(super) stored: Chain,
    /// The runs between `stored` and `received`: end and bytes of each.
    in_flight: VecDeque<(Chain, u64)>,
    /// A gap that was asked for and is not filled yet. Frames behind it raise no further question.
    asked: Option<u64>,
    /// The highest op that came too early and was dropped.
    dropped_to: u64,
    ticks_waited: u32,
}

/// Dropped ops come again only when asked for, and no frame behind a log's last ops would raise the
/// question.
const ASK_AGAIN_AFTER_TICKS: u32 = 5;

#[derive(Debug)]
pub(super) enum UpRuling {
    /// Their bounds are still to be noted.
    Store(NewOps),
    /// All of its ops are known.
    Repeat,
    Gap {
        from: u64,
    },
    /// As `Gap`, behind a gap that was asked for a moment ago.
    GapAskedFor,
    OtherEpoch,
    Refused(Code, &'static str),
}

impl Uplink {
    pub(super) fn new(epoch: u64, cursor: Chain) -> Self {
        let in_flight = VecDeque::new();
        let (received, stored, asked) = (cursor, cursor, None);
        Self { epoch, received, stored, in_flight, asked, dropped_to: 0, ticks_waited: 0 }
    }

    pub(super) fn take(&mut self, term: u64, up: Up, limits: &Limits) -> UpRuling {
        if up.epoch != self.epoch {
            return UpRuling::OtherEpoch;
        }
        let count = up.count();
        let Some(last_seq) = up.first_seq.checked_add(count).map(|past| past - 1) else {
            return UpRuling::Refused(Code::MalformedBody, "a seq beyond all numbers");
        };
        if up.first_seq == 0 || count == 0 {
            return UpRuling::Refused(Code::MalformedBody, "an Up without ops");
        }
        let up = match up.unpacked(limits.batch_ops_max, limits.batch_bytes_max) {
            Ok(up) => up,
            Err(PackError::Malformed) => {
                return UpRuling::Refused(Code::MalformedBody, "its packed ops cannot be read");
            }
            Err(PackError::TooLarge) => {
                return UpRuling::Refused(Code::BodyTooLarge, "an Up beyond the limits of Welcome");
            }
        };
        let bytes = up.ops.iter().map(|op| op.len() as u64).sum();
        // One op alone may have any size. An op beyond the limit would otherwise wait for ever.
        let too_many = count > limits.batch_ops_max.into();
        if too_many || (count > 1 && bytes > u64::from(limits.batch_bytes_max)) {
            return UpRuling::Refused(Code::BodyTooLarge, "an Up beyond the limits of Welcome");
        }
        if up.first_seq > self.received.seq + 1 {
            return self.gap(last_seq);
        }
        self.continued(term, up, last_seq, bytes, limits)
    }

    pub(super) fn confirmed(&mut self, cursor: u64) {
        while let Some((end, _)) = self.in_flight.front() {
            if end.seq > cursor {
                return;
            }
            self.stored = *end;
            self.in_flight.pop_front();
        }
    }

    /// About a second has passed. Returns the first missing op, if the question is due again.
    pub(super) fn tick(&mut self) -> Option<u64> {
        self.asked = None;
        if !is_overdue(
            &mut self.ticks_waited,
            self.dropped_to > self.received.seq,
            ASK_AGAIN_AFTER_TICKS,
        ) {
            return None;
        }
        let from = self.received.seq + 1;
        self.asked = Some(from);
        self.asked
    }

    fn gap(&mut self, dropped_to: u64) -> UpRuling {
        self.dropped_to = self.dropped_to.max(dropped_to);
        let from = self.received.seq + 1;
        if self.asked.replace(from) == Some(from) {
            UpRuling::GapAskedFor
        } else {
            UpRuling::Gap { from }
        }
    }

    /// Takes a frame that begins at or before the next op. Its chain is computed from its own
    /// beginning and must pass through the hash at the end of our log.
    fn continued(
        &mut self,
        term: u64,
        up: Up,
        last_seq: u64,
        bytes: u64,
        limits: &Limits,
    ) -> UpRuling {
        let after = self.received;
        let mut end = Chain { seq: up.first_seq - 1, hash: up.prev_hash };
        let mut passes = end == after;
        let mut ops = Vec::new();
        for bytes in up.ops {
            end = end.then(&bytes);
            passes |= end == after;
            if end.seq > after.seq {
                ops.push(NewOp { at: end, bytes: bytes.into(), bounds: OpBounds::default() });
            }
        }
        if end.hash != up.hash {
            // The frame contradicts itself, which says nothing of the log.
            return UpRuling::Refused(Code::MalformedBody, "the ops do not add up to their hash");
        }
        if last_seq < after.seq {
            return UpRuling::Repeat;
        }
        if !passes {
            return UpRuling::Refused(Code::ChainBroken, "the chain does not continue ours");
        }
        if ops.is_empty() {
            return UpRuling::Repeat;
        }
        if !self.within_credit(last_seq, bytes, limits) {
            return UpRuling::Refused(Code::TooManyRequests, "more than was credited");
        }
        self.received = end;
        self.in_flight.push_back((end, bytes));
        self.asked = None;
        self.ticks_waited = 0;
        UpRuling::Store(NewOps { term, epoch: self.epoch, after, ops, heads: HeadNotes::default() })
    }

    fn within_credit(&self, last_seq: u64, bytes: u64, limits: &Limits) -> bool {
        let waiting: u64 = self.in_flight.iter().map(|(_, bytes)| bytes).sum();
        let alone = waiting == 0 && last_seq == self.stored.seq + 1;
        let ops_fit = last_seq - self.stored.seq <= limits.credit_ops.into();
        ops_fit && (alone || waiting + bytes <= limits.credit_bytes.into())
    }
}
