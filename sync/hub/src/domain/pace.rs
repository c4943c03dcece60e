//! Batch sizes and backoff for working an edge's log: how many ops the owner gets at once, and how
//! long to wait while the owner is away.
//!
//! Bisection finds the op that makes a batch fail, so a bad op costs the others few extra calls.

use std::time::Duration;

/// Maximum ops per pass and per batch.
pub(crate) const OPS_MAX: usize = 1_000;

#[derive(Debug)]
pub(crate) struct BatchSizer {
    max: usize,
    suspects: Option<SuspectOps>,
}

/// The next ops of the log, at least one of which made a batch fail.
#[derive(Debug, Clone, Copy)]
struct SuspectOps {
    left: usize,
    /// The initial number of suspects.
    of: usize,
}

impl Default for BatchSizer {
    fn default() -> Self {
        Self {
            max: OPS_MAX,
            suspects: None,
        }
    }
}

impl BatchSizer {
    /// The number of ops to take next: half of the suspects, or the current maximum.
    pub(crate) fn next_size(&self) -> usize {
        self.suspects
            .map_or(self.max, |suspects| (suspects.left / 2).max(1))
    }

    /// Records that `ops` ops were decided. If every suspect was decided in parts, no op is bad:
    /// the batch was too large, and the next ones are smaller for a while.
    pub(crate) fn record_success(&mut self, ops: usize) {
        let Some(suspects) = &mut self.suspects else {
            self.max = (self.max * 2).min(OPS_MAX);
            return;
        };
        suspects.left = suspects.left.saturating_sub(ops);
        if suspects.left == 0 {
            self.max = (suspects.of / 2).max(1);
            self.suspects = None;
        }
    }

    pub(crate) fn record_failure(&mut self, ops: usize) {
        let of = self.suspects.map_or(ops, |suspects| suspects.of);
        self.suspects = Some(SuspectOps { left: ops, of });
    }

    /// The bad op was found and set aside; the rest is cleared.
    pub(crate) fn clear_suspects(&mut self) {
        *self = Self::default();
    }
}

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Backoff before the next call to an unreachable owner: doubles from 200 ms to 5 s.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn next(&mut self) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.failures.min(8)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the calls for a log of `ops` ops, without the calls that isolate the failing op.
    fn calls(ops: usize, fails: Option<usize>) -> (usize, usize) {
        let mut portion = BatchSizer::default();
        let mut done = 0;
        let mut fails = fails;
        let mut passed = 0;
        let mut failed = 0;
        let mut left = ops;
        while left > 0 {
            let size = portion.next_size().min(left);
            let bad = fails.is_some_and(|at| (done..done + size).contains(&at));
            match (bad, size) {
                (true, 1) => {
                    portion.clear_suspects();
                    fails = None;
                    (done, left) = (done + 1, left - 1);
                }
                (true, _) => {
                    failed += 1;
                    portion.record_failure(size);
                }
                (false, _) => {
                    passed += 1;
                    portion.record_success(size);
                    (done, left) = (done + size, left - size);
                }
            }
        }
        (passed, failed)
    }

    #[test]
    fn one_that_fails_costs_the_others_few_calls_wherever_it_stands() {
        const OPS: usize = 3_000;
        let bound = 2 * OPS_MAX.ilog2() as usize + 3;
        let (plain, _) = calls(OPS, None);
        assert_eq!(plain, 3);
        for at in 0..OPS {
            let (passed, failed) = calls(OPS, Some(at));
            // A control call follows each failed call.
            let more = passed + 2 * failed - plain;
            assert!(more <= bound, "{more} more for the one at {at}");
        }
    }

    #[test]
    fn a_batch_that_is_only_too_much_makes_the_next_ones_smaller_for_a_while() {
        let mut portion = BatchSizer::default();
        portion.record_failure(1_000);
        for expected in [500, 250, 125, 62] {
            assert_eq!(portion.next_size(), expected);
            portion.record_success(expected);
        }
        portion.record_success(63);
        assert_eq!(portion.next_size(), 500);
        portion.record_success(500);
        assert_eq!(portion.next_size(), OPS_MAX);
    }

    #[test]
    fn the_pause_grows_to_a_bound_and_starts_over_after_a_success() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..40).map(|_| backoff.next()).collect();
        assert_eq!(pauses[0], FIRST);
        assert!(pauses.is_sorted() && pauses[39] == LONGEST);
        backoff.reset();
        assert_eq!(backoff.next(), FIRST);
    }
}
