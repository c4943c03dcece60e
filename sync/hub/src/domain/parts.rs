//! The cloud's parts as the status report shows them: their dead letters, and since when one is
//! away.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wire::{PartStatus, UnixMillis};

/// What one look found of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartFinding {
    pub part: &'static str,
    pub dead_letters: u64,
    pub is_away: bool,
}

/// The parts at this replica's last look. Clones share them: the watch updates them, a status
/// request reads them.
#[derive(Clone, Default)]
pub(crate) struct PartStates(Arc<Mutex<Vec<PartStatus>>>);

impl PartStates {
    pub(crate) fn record_look(&self, findings: &[PartFinding], now: UnixMillis) {
        let mut states = self.lock_states();
        *states = compare_parts(&states, findings, now);
    }

    /// Empty before the first look.
    pub(crate) fn list_parts(&self) -> Vec<PartStatus> {
        self.lock_states().clone()
    }

    fn lock_states(&self) -> MutexGuard<'_, Vec<PartStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part is away since the first of the looks in a row that found it so.
fn compare_parts(
    earlier: &[PartStatus],
    findings: &[PartFinding],
    now: UnixMillis,
) -> Vec<PartStatus> {
    let parts = findings.iter().map(|finding| {
        let known = earlier.iter().find(|state| state.part == finding.part);
        let since = known.and_then(|state| state.away_since).unwrap_or(now);
        PartStatus {
            part: finding.part.to_owned(),
            dead_letters: finding.dead_letters,
            away_since: finding.is_away.then_some(since),
        }
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
    const EARLIER: UnixMillis = UnixMillis(NOW.0 - 60_000);

    #[test]
    fn a_part_is_away_since_the_first_look_that_missed_it() {
        for (name, away_before, is_away, expected) in [
            ("answers", None, false, None),
            ("first missed", None, true, Some(NOW)),
            ("still missed", Some(EARLIER), true, Some(EARLIER)),
            ("answers again", Some(EARLIER), false, None),
        ] {
            let earlier = PartStatus {
                part: "payment".to_owned(),
                dead_letters: 3,
                away_since: away_before,
            };
            let finding = PartFinding {
                part: "payment",
                dead_letters: 2,
                is_away,
            };
            let state = compare_parts(&[earlier], &[finding], NOW).remove(0);
            assert_eq!(state.away_since, expected, "{name}");
            assert_eq!(state.dead_letters, 2, "{name}");
        }
    }

    #[test]
    fn an_absence_of_another_part_does_not_count() {
        let states = PartStates::default();
        assert_eq!(states.list_parts(), []);
        let finding = |part, is_away| PartFinding {
            part,
            dead_letters: 0,
            is_away,
        };
        states.record_look(&[finding("order", true), finding("auth", false)], EARLIER);
        states.record_look(&[finding("order", true), finding("auth", true)], NOW);
        let since = |part: &PartStatus| part.away_since;
        let found: Vec<_> = states.list_parts().iter().map(since).collect();
        assert_eq!(found, [Some(EARLIER), Some(NOW)]);
    }
}
