//! Circuit breaker state of one part's replicas: the next to call, those resting after faults, and
//! the retry budget.
//!
//! Invariants: time is passed in; after its rest a replica gets one trial call, and another if that
//! takes long; a single response ends the rest.

use std::time::Duration;

/// Consecutive faults until a replica rests.
const FAULTS_MAX: u32 = 5;
/// The first rest; each failed trial doubles it.
const REST: Duration = Duration::from_secs(1);
/// A recovered part gets calls again within this time.
const REST_MAX: Duration = Duration::from_secs(5);
/// A call earns a fifth of a retry.
const RETRY_COST: u32 = 5;
/// Retries saved for the moment when a replica dies with all its calls in progress.
const RETRIES_SAVED_MAX: u32 = 256;
const SAVED_MAX: u32 = RETRIES_SAVED_MAX * RETRY_COST;

/// All replicas of a part. The circuit is open while none can be chosen.
#[derive(Debug)]
pub(super) struct ReplicaSet {
    replicas: Vec<ReplicaHealth>,
    next: usize,
    saved: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct ReplicaHealth {
    faults: u32,
    rest: Option<Cooldown>,
}

#[derive(Debug, Clone, Copy)]
struct Cooldown {
    until: Duration,
    length: Duration,
    /// When the latest pending trial began.
    tried: Option<Duration>,
}

/// The result of a call, as evidence of health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallOutcome {
    Answered,
    Failed,
    /// The caller hung up or broke off, which proves nothing.
    Unknown,
}

impl ReplicaSet {
    pub(super) fn new(count: usize) -> Self {
        Self {
            replicas: vec![ReplicaHealth::default(); count],
            next: 0,
            saved: SAVED_MAX,
        }
    }

    /// The next replica in turn, or the time until one may be tried. A replica that just failed the
    /// same request comes last.
    pub(super) fn choose_replica(
        &mut self,
        now: Duration,
        failed: Option<usize>,
    ) -> Result<usize, Duration> {
        let chosen = self.next_in_turn(now, failed, |replica| replica.is_due(now))?;
        if let Some(rest) = &mut self.replicas[chosen].rest {
            rest.tried = Some(now);
        }
        self.saved = (self.saved + 1).min(SAVED_MAX);
        Ok(chosen)
    }

    /// Like [`Self::choose_replica`], for a readiness check. A check is not a trial, so it also
    /// goes to a replica whose trial is pending.
    pub(super) fn choose_for_probe(
        &mut self,
        now: Duration,
        failed: Option<usize>,
    ) -> Result<usize, Duration> {
        self.next_in_turn(now, failed, |replica| {
            replica.rest.is_none_or(|rest| rest.until <= now)
        })
    }

    pub(super) fn record_outcome(&mut self, replica: usize, end: CallOutcome, now: Duration) {
        let health = &mut self.replicas[replica];
        match (end, &mut health.rest) {
            (CallOutcome::Answered, _) => *health = ReplicaHealth::default(),
            (CallOutcome::Unknown, Some(rest)) => rest.tried = None,
            (CallOutcome::Failed, Some(rest)) if rest.tried.is_some() => {
                let length = (rest.length * 2).min(REST_MAX);
                *rest = Cooldown {
                    until: now + length,
                    length,
                    tried: None,
                };
            }
            // A call from before the rest.
            (CallOutcome::Failed, Some(_)) | (CallOutcome::Unknown, None) => {}
            (CallOutcome::Failed, None) => {
                health.faults += 1;
                if health.faults >= FAULTS_MAX {
                    health.rest = Some(Cooldown {
                        until: now + REST,
                        length: REST,
                        tried: None,
                    });
                }
            }
        }
    }

    /// A readiness check proves nothing about a replica after its rest; calls are its trial.
    pub(super) fn settle_look(&mut self, replica: usize, end: CallOutcome, now: Duration) {
        if self.replicas[replica].rest.is_none() {
            self.record_outcome(replica, end, now);
        }
    }

    /// Spends one retry from the budget. Returns true if it allowed one.
    pub(super) fn may_retry(&mut self) -> bool {
        let rest = self.saved.checked_sub(RETRY_COST);
        self.saved = rest.unwrap_or(self.saved);
        rest.is_some()
    }

    pub(super) fn count_resting(&self) -> usize {
        self.replicas
            .iter()
            .filter(|replica| replica.rest.is_some())
            .count()
    }

    fn next_in_turn(
        &mut self,
        now: Duration,
        failed: Option<usize>,
        may_go: impl Fn(&ReplicaHealth) -> bool,
    ) -> Result<usize, Duration> {
        let count = self.replicas.len();
        let turns = (0..count).map(|step| (self.next + step) % count);
        let due = turns.filter(|at| may_go(&self.replicas[*at]));
        let Some(chosen) = due.min_by_key(|at| failed == Some(*at)) else {
            let waits = self
                .replicas
                .iter()
                .map(|replica| replica.time_until_due(now));
            return Err(waits.min().unwrap_or(REST_MAX));
        };
        self.next = (chosen + 1) % count;
        Ok(chosen)
    }
}

impl ReplicaHealth {
    fn is_due(&self, now: Duration) -> bool {
        let Some(rest) = self.rest else {
            return true;
        };
        // A long trial call blocks others only briefly.
        let is_tried = rest.tried.is_some_and(|tried| now < tried + REST);
        rest.until <= now && !is_tried
    }

    fn time_until_due(&self, now: Duration) -> Duration {
        // While a trial is pending, another may begin soon.
        self.rest.map_or(Duration::ZERO, |rest| {
            rest.until.saturating_sub(now).max(REST)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A set whose `failed` replicas have failed until they rest, starting at time zero.
    fn set(count: usize, failed: &[usize]) -> ReplicaSet {
        let mut set = ReplicaSet::new(count);
        for replica in failed {
            for _ in 0..FAULTS_MAX {
                set.record_outcome(*replica, CallOutcome::Failed, at(0));
            }
        }
        set
    }

    fn turns(set: &mut ReplicaSet, now: Duration, count: usize) -> Vec<usize> {
        (0..count)
            .filter_map(|_| set.choose_replica(now, None).ok())
            .collect()
    }

    #[test]
    fn replicas_take_turns_and_one_that_rests_is_left_out() {
        assert_eq!(turns(&mut set(3, &[]), at(0), 6), [0, 1, 2, 0, 1, 2]);
        assert_eq!(turns(&mut set(3, &[1]), at(0), 4), [0, 2, 0, 2]);
        assert_eq!(set(3, &[1]).count_resting(), 1);
    }

    #[test]
    fn a_request_that_a_replica_failed_goes_to_another_where_there_is_one() {
        let mut three = set(3, &[]);
        assert_eq!(
            (
                three.choose_replica(at(0), Some(0)),
                three.choose_replica(at(0), Some(2))
            ),
            (Ok(1), Ok(0))
        );
        assert_eq!(
            set(2, &[1]).choose_replica(at(0), Some(0)),
            Ok(0),
            "nobody else is left"
        );
    }

    #[test]
    fn an_answer_between_faults_begins_the_count_anew() {
        let mut set = ReplicaSet::new(1);
        for _ in 0..3 {
            for _ in 1..FAULTS_MAX {
                set.record_outcome(0, CallOutcome::Failed, at(0));
            }
            set.record_outcome(0, CallOutcome::Answered, at(0));
        }
        assert_eq!(
            (set.count_resting(), set.choose_replica(at(0), None)),
            (0, Ok(0))
        );
    }

    #[test]
    fn without_replicas_that_answer_nobody_is_called_until_the_rest_is_over() {
        let mut set = set(2, &[0, 1]);
        assert_eq!(set.choose_replica(at(0), None), Err(REST));
        assert_eq!(set.choose_replica(at(999), None), Err(REST));
        assert_eq!(turns(&mut set, at(1_000), 5), [0, 1], "one trial each");
    }

    #[test]
    fn a_failed_trial_doubles_the_rest_up_to_its_bound() {
        let mut set = set(1, &[0]);
        let mut now = at(0);
        for rest in [REST, at(2_000), at(4_000), REST_MAX, REST_MAX] {
            assert!(
                set.choose_replica(now + rest - at(1), None).is_err(),
                "{rest:?}"
            );
            now += rest;
            assert_eq!(set.choose_replica(now, None), Ok(0), "{rest:?}");
            assert!(
                set.choose_replica(now, None).is_err(),
                "the trial is under way"
            );
            set.record_outcome(0, CallOutcome::Failed, now);
        }
        now += REST_MAX;
        assert_eq!(set.choose_replica(now, None), Ok(0));
        set.record_outcome(0, CallOutcome::Answered, now);
        assert_eq!(
            (turns(&mut set, now, 3), set.count_resting()),
            (vec![0, 0, 0], 0)
        );
    }

    #[test]
    fn a_long_call_on_trial_keeps_others_away_for_a_moment_only() {
        let mut set = set(1, &[0]);
        assert_eq!(set.choose_replica(at(1_000), None), Ok(0));
        assert!(set.choose_replica(at(1_999), None).is_err());
        assert_eq!(
            set.choose_replica(at(2_000), None),
            Ok(0),
            "the first has not answered yet"
        );
        set.record_outcome(0, CallOutcome::Answered, at(2_100));
        assert_eq!(
            (turns(&mut set, at(2_100), 3), set.count_resting()),
            (vec![0, 0, 0], 0)
        );
        set.record_outcome(0, CallOutcome::Failed, at(9_000));
        assert_eq!(
            set.count_resting(),
            0,
            "the end of the first says what any other's does"
        );
    }

    #[test]
    fn a_caller_who_hangs_up_during_a_trial_leaves_it_to_the_next() {
        let mut set = set(1, &[0]);
        assert_eq!(set.choose_replica(at(1_000), None), Ok(0));
        set.record_outcome(0, CallOutcome::Unknown, at(1_000));
        assert_eq!(set.choose_replica(at(1_000), None), Ok(0));
    }

    #[test]
    fn looks_are_no_trials_and_end_none() {
        let mut set = set(1, &[0]);
        assert!(
            set.choose_for_probe(at(999), None).is_err(),
            "callers are refused as well"
        );
        for end in [CallOutcome::Unknown, CallOutcome::Failed] {
            assert_eq!(
                [
                    set.choose_for_probe(at(1_000), None),
                    set.choose_for_probe(at(1_000), None)
                ],
                [Ok(0), Ok(0)]
            );
            set.settle_look(0, end, at(1_000));
        }
        assert_eq!(
            set.choose_replica(at(1_000), None),
            Ok(0),
            "the trial is still to be had"
        );
        assert_eq!(
            set.choose_for_probe(at(1_000), None),
            Ok(0),
            "beside the trial"
        );
        set.settle_look(0, CallOutcome::Unknown, at(1_000));
        assert!(
            set.choose_replica(at(1_000), None).is_err(),
            "the trial is still under way"
        );
    }

    #[test]
    fn a_late_fault_of_an_old_call_does_not_lengthen_the_rest() {
        let mut set = set(1, &[0]);
        set.record_outcome(0, CallOutcome::Failed, at(900));
        assert_eq!(set.choose_replica(at(1_000), None), Ok(0));
    }

    #[test]
    fn retries_are_a_fifth_of_the_calls_beyond_those_saved_up() {
        let mut set = ReplicaSet::new(1);
        let retries = |set: &mut ReplicaSet| (0..1_000).filter(|_| set.may_retry()).count();
        assert_eq!(retries(&mut set), 256);
        turns(&mut set, at(0), 25);
        assert_eq!(retries(&mut set), 5);
        turns(&mut set, at(0), 10_000);
        assert_eq!(retries(&mut set), 256);
    }
}
