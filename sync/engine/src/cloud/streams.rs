//! The numbered streams of an open session: the edge's ops up into the store, outcomes or the feed
//! down to the edge.
//!
//! Invariants: upwards, `received` ends the ops given to the store, `stored` the ops that the store
//! has confirmed. A frame is accepted only if it continues `received`, even after repeats,
//! reordering and losses. Downwards, one read is pending at a time and continues the sent numbers,
//! so frames go out in order and without a gap. Unacknowledged numbers are bounded: at the bound
//! the stream waits for an Ack, and without one it sends them again.

use std::collections::VecDeque;

use wire::{ChainHead, Code, LinkLimits, OpsFrame, PackError};

use super::{NewOp, NewOps};
use crate::trusted_time::{LogHeadReports, OpBounds};

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

/// Reads at most `limit` numbers after `after` from the store.
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

#[derive(Debug)]
pub(super) struct Uplink {
    pub(super) epoch: u64,
    received: ChainHead,
    pub(super) stored: ChainHead,
    /// End and byte count of each run between `stored` and `received`.
    in_flight: VecDeque<(ChainHead, u64)>,
    /// The start of the gap already requested; later frames trigger no second request.
    asked: Option<u64>,
    /// The highest op dropped because it came too early.
    dropped_to: u64,
    ticks_waited: u32,
}

/// The edge repeats dropped ops only on request, and after a log's last ops no frame triggers one.
const ASK_AGAIN_AFTER_TICKS: u32 = 5;

#[derive(Debug)]
pub(super) enum UpFrameResult {
    /// The caller still sets their bounds.
    Store(NewOps),
    /// The frame contains only ops received before.
    Repeat,
    Gap {
        from: u64,
    },
    /// Like `Gap`, but the gap was requested a moment ago.
    GapAskedFor,
    OtherEpoch,
    Refused(Code, &'static str),
}

impl Uplink {
    pub(super) fn new(epoch: u64, cursor: ChainHead) -> Self {
        let in_flight = VecDeque::new();
        let received = cursor;
        let stored = cursor;
        let asked = None;
        Self {
            epoch,
            received,
            stored,
            in_flight,
            asked,
            dropped_to: 0,
            ticks_waited: 0,
        }
    }

    pub(super) fn accept_up(
        &mut self,
        term: u64,
        up: OpsFrame,
        limits: &LinkLimits,
    ) -> UpFrameResult {
        if up.epoch != self.epoch {
            return UpFrameResult::OtherEpoch;
        }
        let count = up.op_count();
        let Some(last_seq) = up.first_seq.checked_add(count).map(|past| past - 1) else {
            return UpFrameResult::Refused(Code::MalformedBody, "a seq beyond the largest number");
        };
        if up.first_seq == 0 || count == 0 {
            return UpFrameResult::Refused(Code::MalformedBody, "an Up without ops");
        }
        let up = match up.into_unpacked(limits.batch_ops_max, limits.batch_bytes_max) {
            Ok(up) => up,
            Err(PackError::Malformed) => {
                return UpFrameResult::Refused(
                    Code::MalformedBody,
                    "could not decode its packed ops",
                );
            }
            Err(PackError::TooLarge) => {
                return UpFrameResult::Refused(
                    Code::BodyTooLarge,
                    "an Up beyond the limits of Welcome",
                );
            }
        };
        let bytes = up.ops.iter().map(|op| op.len() as u64).sum();
        // A single op may have any size; otherwise an op beyond the limit would block the log
        // forever.
        let too_many = count > limits.batch_ops_max.into();
        if too_many || (count > 1 && bytes > u64::from(limits.batch_bytes_max)) {
            return UpFrameResult::Refused(
                Code::BodyTooLarge,
                "an Up beyond the limits of Welcome",
            );
        }
        if up.first_seq > self.received.seq + 1 {
            return self.record_gap(last_seq);
        }
        self.accept_continuation(term, up, last_seq, bytes, limits)
    }

    pub(super) fn confirm_stored(&mut self, cursor: u64) {
        while let Some((end, _)) = self.in_flight.front() {
            if end.seq > cursor {
                return;
            }
            self.stored = *end;
            self.in_flight.pop_front();
        }
    }

    /// Runs about once a second. Returns the first missing op if the request is due again.
    pub(super) fn retry_overdue_gap(&mut self) -> Option<u64> {
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

    fn record_gap(&mut self, dropped_to: u64) -> UpFrameResult {
        self.dropped_to = self.dropped_to.max(dropped_to);
        let from = self.received.seq + 1;
        if self.asked.replace(from) == Some(from) {
            UpFrameResult::GapAskedFor
        } else {
            UpFrameResult::Gap { from }
        }
    }

    /// Accepts a frame that starts at or before the next op. Its chain, computed from its own
    /// start, must pass through the end of our log.
    fn accept_continuation(
        &mut self,
        term: u64,
        up: OpsFrame,
        last_seq: u64,
        bytes: u64,
        limits: &LinkLimits,
    ) -> UpFrameResult {
        let after = self.received;
        let mut end = ChainHead {
            seq: up.first_seq - 1,
            hash: up.prev_hash,
        };
        let mut passes = end == after;
        let mut ops = Vec::new();
        for bytes in up.ops {
            end = end.append_op(&bytes);
            passes |= end == after;
            if end.seq > after.seq {
                ops.push(NewOp {
                    head: end,
                    bytes: bytes.into(),
                    bounds: OpBounds::default(),
                });
            }
        }
        if end.hash != up.hash {
            // The frame contradicts itself, which proves nothing about the log.
            return UpFrameResult::Refused(Code::MalformedBody, "the ops do not match their hash");
        }
        if last_seq < after.seq {
            return UpFrameResult::Repeat;
        }
        if !passes {
            return UpFrameResult::Refused(
                Code::ChainBroken,
                "the hash chain does not continue the stored one",
            );
        }
        if ops.is_empty() {
            return UpFrameResult::Repeat;
        }
        if !self.within_credit(last_seq, bytes, limits) {
            return UpFrameResult::Refused(Code::TooManyRequests, "more ops than were credited");
        }
        self.received = end;
        self.in_flight.push_back((end, bytes));
        self.asked = None;
        self.ticks_waited = 0;
        UpFrameResult::Store(NewOps {
            term,
            epoch: self.epoch,
            after,
            ops,
            heads: LogHeadReports::default(),
        })
    }

    fn within_credit(&self, last_seq: u64, bytes: u64, limits: &LinkLimits) -> bool {
        let waiting: u64 = self.in_flight.iter().map(|(_, bytes)| bytes).sum();
        let alone = waiting == 0 && last_seq == self.stored.seq + 1;
        let ops_fit = last_seq - self.stored.seq <= limits.credit_ops.into();
        ops_fit && (alone || waiting + bytes <= limits.credit_bytes.into())
    }
}
