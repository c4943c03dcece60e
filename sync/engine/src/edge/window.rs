//! Flow control for the log: the hub's credit, and batches that grow on success and shrink on
//! resends.
//!
//! Invariant: ops sent past the hub's cursor never exceed the newest credit in ops and bytes,
//! except for a single op that alone is larger. Bytes count unpacked, because credit and limits
//! bound the hub's memory and store.

use std::collections::VecDeque;

use wire::{ChainHead, LinkLimits};

use super::{OpRange, OpRun};

const BATCH_MIN: u32 = 5;
const BATCH_MAX: u32 = 5_000;
const BATCH_FIRST: u32 = 50;
/// The largest batch, even if the hub allows more: several copies of a batch are in memory at once,
/// and edge machines are small. A thousand ops of usual size fit.
const BATCH_BYTES_MAX: u64 = 256 * 1024;
/// More resends than this without progress end the session.
const RESENDS_MAX: u32 = 8;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendResult {
    /// The chain after the sent ops.
    Up(ChainHead),
    /// The next op waits for more credit.
    NothingFits,
    /// The log does not continue the hub's chain.
    Broken,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum ResendResult {
    Again,
    /// The requested ops have arrived in the meantime.
    Ignored,
    Stuck,
}

#[derive(Debug)]
struct InFlightBatch {
    last_seq: u64,
    bytes: u64,
    /// The run reached the batch size, so a larger batch may get through too.
    full: bool,
}

#[derive(Debug)]
pub(super) struct SendWindow {
    limits: LinkLimits,
    /// The hub's cursor; the credit counts from it.
    cursor: u64,
    credit_ops: u32,
    credit_bytes: u32,
    /// The last sent op, with its chain hash if this session has computed it.
    sent_seq: u64,
    sent_hash: Option<wire::Hash>,
    in_flight: VecDeque<InFlightBatch>,
    batch: u32,
    range: Option<OpRange>,
    /// The next op exceeds the remaining credit.
    short: bool,
    resends: u32,
}

impl SendWindow {
    pub(super) fn new(cursor: ChainHead, limits: LinkLimits) -> Self {
        Self {
            limits,
            cursor: cursor.seq,
            credit_ops: limits.credit_ops,
            credit_bytes: limits.credit_bytes,
            sent_seq: cursor.seq,
            sent_hash: Some(cursor.hash),
            in_flight: VecDeque::new(),
            batch: BATCH_FIRST,
            range: None,
            short: false,
            resends: 0,
        }
    }

    /// The next ops to read. `None` if there are none, credit is used up or a read is pending.
    pub(super) fn next(&mut self, head: u64) -> Option<OpRange> {
        if self.range.is_some() || self.short || head <= self.sent_seq {
            return None;
        }
        let ops_left = (self.cursor + u64::from(self.credit_ops)).saturating_sub(self.sent_seq);
        let flying: u64 = self.in_flight.iter().map(|up| up.bytes).sum();
        let bytes_left = u64::from(self.credit_bytes).saturating_sub(flying);
        if ops_left == 0 || (bytes_left == 0 && flying > 0) {
            return None;
        }
        let first_whatever_size = flying == 0;
        let ops_max = u64::from(self.batch_ops())
            .min(ops_left)
            .try_into()
            .unwrap_or(u32::MAX);
        let bytes_max = bytes_left
            .min(self.limits.batch_bytes_max.into())
            .min(BATCH_BYTES_MAX);
        let from = self.sent_seq + 1;
        self.range = Some(OpRange {
            from,
            ops_max,
            bytes_max,
            first_whatever_size,
        });
        self.range
    }

    /// The hub has every op of a log that ends at `head`.
    pub(super) fn is_idle(&self, head: u64) -> bool {
        self.cursor == head && self.sent_seq == head && self.range.is_none()
    }

    pub(super) fn record_sent(&mut self, run: &OpRun) -> SendResult {
        let Some(wanted) = self.range.take() else {
            return SendResult::Broken;
        };
        let agrees = self.sent_hash.is_none_or(|hash| hash == run.before.hash);
        if run.before.seq + 1 != wanted.from || !agrees {
            return SendResult::Broken;
        }
        if run.ops.is_empty() {
            self.short = !wanted.first_whatever_size;
            return if self.short {
                SendResult::NothingFits
            } else {
                SendResult::Broken
            };
        }
        let sent = run.before.append_ops(run.ops.iter().map(Vec::as_slice));
        let bytes = run.ops.iter().map(|op| op.len() as u64).sum();
        let full = run.ops.len() as u64 >= u64::from(self.batch_ops());
        self.in_flight.push_back(InFlightBatch {
            last_seq: sent.seq,
            bytes,
            full,
        });
        self.sent_seq = sent.seq;
        self.sent_hash = Some(sent.hash);
        SendResult::Up(sent)
    }

    /// Returns false if the credit is outdated or names ops that were never sent.
    pub(super) fn apply_credit(&mut self, cursor: u64, ops: u32, bytes: u32) -> bool {
        if cursor < self.cursor || cursor > self.sent_seq {
            return false;
        }
        if cursor > self.cursor {
            self.resends = 0;
        }
        self.cursor = cursor;
        self.credit_ops = ops;
        self.credit_bytes = bytes;
        self.short = false;
        while self
            .in_flight
            .front()
            .is_some_and(|up| up.last_seq <= cursor)
        {
            let through = self.in_flight.pop_front();
            if through.is_some_and(|up| up.full) {
                self.batch = (self.batch * 2).min(BATCH_MAX);
            }
        }
        true
    }

    pub(super) fn rewind_to(&mut self, from: u64) -> ResendResult {
        // A Credit may overtake the Resend: the missing ops have arrived, and the hub dropped those
        // after the gap.
        let from = from.max(self.cursor + 1);
        if from > self.sent_seq {
            return ResendResult::Ignored;
        }
        self.resends += 1;
        if self.resends > RESENDS_MAX {
            return ResendResult::Stuck;
        }
        self.sent_seq = from - 1;
        self.sent_hash = None;
        self.short = false;
        self.in_flight.retain(|up| up.last_seq < from);
        self.batch = (self.batch / 2).max(BATCH_MIN);
        self.range = None;
        ResendResult::Again
    }

    fn batch_ops(&self) -> u32 {
        self.batch.min(self.limits.batch_ops_max).max(1)
    }
}

#[cfg(test)]
mod tests {
    use wire::{Hash, LinkLimits};

    use super::*;

    const LIMITS: LinkLimits = LinkLimits {
        batch_ops_max: 5_000,
        batch_bytes_max: 1_000,
        credit_ops: 100,
        credit_bytes: 1_000,
    };

    fn window() -> SendWindow {
        SendWindow::new(
            ChainHead {
                seq: 0,
                hash: Hash::ZERO,
            },
            LIMITS,
        )
    }

    /// Sends the requested ops with `size` bytes each, and returns their count.
    fn send(window: &mut SendWindow, head: u64, size: usize) -> u64 {
        let Some(wanted) = window.next(head) else {
            return 0;
        };
        let least = u64::from(wanted.first_whatever_size);
        let fit = (wanted.bytes_max / size as u64)
            .max(least)
            .min(u64::from(wanted.ops_max));
        let count = fit.min(head + 1 - wanted.from);
        let hash = window.sent_hash.unwrap_or(Hash::ZERO);
        let before = ChainHead {
            seq: wanted.from - 1,
            hash,
        };
        let ops = vec![vec![7; size]; count.try_into().unwrap()];
        let expected_none = ops.is_empty();
        assert_eq!(
            window.record_sent(&OpRun { before, ops }) == SendResult::NothingFits,
            expected_none
        );
        count
    }

    #[test]
    fn nothing_goes_out_beyond_the_credit() {
        let mut window = window();
        let sent: u64 = (0..50).map(|_| send(&mut window, 1_000, 1)).sum();
        assert_eq!(sent, 100);
        assert!(window.apply_credit(40, 100, 1_000));
        let sent: u64 = (0..50).map(|_| send(&mut window, 1_000, 1)).sum();
        assert_eq!(sent, 40, "credit counts from the cursor");
        assert!(!window.apply_credit(39, 900, 1), "an old one");
        assert!(!window.apply_credit(141, 900, 1), "never sent");
    }

    #[test]
    fn bytes_bound_as_well_and_one_large_op_goes_alone() {
        let mut window = window();
        assert_eq!(send(&mut window, 1_000, 300), 3);
        assert_eq!(
            send(&mut window, 1_000, 300),
            0,
            "what is left is too little for the next"
        );
        assert_eq!(
            window.next(1_000),
            None,
            "and it is not read again before there is more"
        );
        assert!(window.apply_credit(3, 100, 1_000));
        assert_eq!(send(&mut window, 1_000, 5_000), 1);
        assert_eq!(send(&mut window, 1_000, 1), 0);
    }

    #[test]
    fn batches_grow_while_they_get_through_and_shrink_when_they_do_not() {
        let limits = LinkLimits {
            credit_ops: 100_000,
            credit_bytes: 1 << 30,
            batch_bytes_max: 1 << 30,
            ..LIMITS
        };
        let mut window = SendWindow::new(
            ChainHead {
                seq: 0,
                hash: Hash::ZERO,
            },
            limits,
        );
        let mut cursor = 0;
        for _ in 0..12 {
            cursor += send(&mut window, 1_000_000, 1);
            assert!(window.apply_credit(cursor, 100_000, 1 << 30));
        }
        assert_eq!(window.batch, BATCH_MAX);
        send(&mut window, 1_000_000, 1);
        for _ in 0..RESENDS_MAX {
            assert_eq!(window.rewind_to(cursor + 1), ResendResult::Again);
            send(&mut window, 1_000_000, 1);
        }
        assert!(window.batch < 50);
        assert_eq!(window.rewind_to(cursor + 1), ResendResult::Stuck);
    }

    #[test]
    fn a_batch_weighs_little_whatever_the_hub_would_take() {
        let limits = LinkLimits {
            credit_bytes: 1 << 30,
            batch_bytes_max: 1 << 30,
            ..LIMITS
        };
        let mut window = SendWindow::new(
            ChainHead {
                seq: 0,
                hash: Hash::ZERO,
            },
            limits,
        );
        assert_eq!(send(&mut window, 1_000, 10_000), BATCH_BYTES_MAX / 10_000);
        assert_eq!(
            send(&mut window, 1_000, 10_000),
            BATCH_BYTES_MAX / 10_000,
            "the next follows"
        );
    }

    /// The hub drops ops that arrive out of order. The Credit for the ops that filled the gap may
    /// arrive before the Resend for them.
    #[test]
    fn a_question_that_a_credit_has_overtaken_asks_for_the_ops_behind_it() {
        let mut window = window();
        assert_eq!(send(&mut window, 10, 1), 10);
        assert!(window.apply_credit(4, 100, 1_000));
        assert_eq!(window.rewind_to(1), ResendResult::Again);
        assert_eq!(window.next(10).map(|wanted| wanted.from), Some(5));
        assert!(
            window.record_sent(&OpRun {
                before: ChainHead {
                    seq: 4,
                    hash: Hash::ZERO
                },
                ops: vec![vec![7]; 6]
            }) != SendResult::Broken
        );
        assert!(window.apply_credit(10, 100, 1_000));
        assert_eq!(
            window.rewind_to(5),
            ResendResult::Ignored,
            "all of it has arrived"
        );
    }

    #[test]
    fn a_short_batch_says_nothing_about_larger_ones() {
        let mut window = window();
        assert_eq!(send(&mut window, 3, 1), 3);
        assert!(window.apply_credit(3, 100, 1_000));
        assert_eq!(window.batch, BATCH_FIRST);
    }

    #[test]
    fn a_log_that_does_not_continue_the_hubs_cursor_is_not_sent() {
        let mut window = window();
        window.next(5);
        let before = ChainHead {
            seq: 0,
            hash: Hash::digest_bytes(b"another log"),
        };
        assert_eq!(
            window.record_sent(&OpRun {
                before,
                ops: vec![vec![1]]
            }),
            SendResult::Broken
        );
        window.next(5);
        let before = ChainHead {
            seq: 0,
            hash: Hash::ZERO,
        };
        assert_eq!(
            window.record_sent(&OpRun {
                before,
                ops: Vec::new()
            }),
            SendResult::Broken,
            "ops are missing"
        );
    }
}
