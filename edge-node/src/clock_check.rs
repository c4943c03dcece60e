//! Compares the machine's clock with the hub's, uses the hub's time if the two differ, and reports
//! the fault.
//!
//! Invariants: only a time that the trusted hub sent for this very connection sets the clock, and
//! never one before that hub's earlier times; until the hub has sent its time, a run never uses a
//! moment earlier than the newest of the runs before it.

use std::sync::{Arc, Mutex, PoisonError};

use engine::trusted_time::CLOCK_BEHIND_MS_MAX;
use journal::JournalError;
use process::{clock::Clock, problem::format_error_chain};
use serde::Serialize;
use texts::{Language, Sentence, Text};
use utoipa::ToSchema;
use wire::{CLOCK_ERROR_MS_MAX, UnixMillis};

use crate::{
    say,
    store::{ClockFinding, ClockRecord, Store, WrongClock},
};

#[derive(Clone)]
pub(crate) struct ClockCheck(Arc<Inner>);

struct Inner {
    clock: Clock,
    store: Store,
    note: Mutex<ClockRecord>,
}

/// A fault of the machine's clock, as shown to users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ClockStanding {
    pub finding: ClockFinding,
    /// How far the machine's clock is ahead, in milliseconds; negative if it is behind.
    pub error_ms: i64,
    pub found_at: UnixMillis,
    pub message: Text,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct HubClockReading {
    pub at: UnixMillis,
    /// The trusted hub signed it for this connection.
    pub is_proven: bool,
    /// It came with a refusal, so the link stays down.
    pub is_refusal: bool,
}

impl ClockCheck {
    pub(crate) fn new(store: &Store, clock: &Clock) -> Self {
        let store = store.clone();
        let clock = clock.clone();
        Self(Arc::new(Inner {
            clock,
            store,
            note: Mutex::default(),
        }))
    }

    /// Starts from the time of the boot op if the machine's clock is behind it.
    pub(crate) async fn resume_from_log(&self) -> Result<(), JournalError> {
        let Inner { clock, store, .. } = &*self.0;
        let mut note = store.load_clock_record().await?;
        let booted_at = store.booted_at();
        let machine_now = clock.machine_now();
        let is_behind = booted_at.ms_since(machine_now) > CLOCK_ERROR_MS_MAX;
        note.fault = is_behind.then(|| {
            clock.never_be_before(booted_at);
            let error_ms = machine_now.0.saturating_sub(booted_at.0);
            WrongClock {
                finding: ClockFinding::ByLog,
                error_ms,
                found_at: booted_at,
            }
        });
        self.store_finding(note).await;
        Ok(())
    }

    /// True if the time of day is only a lower bound, so that no age can be computed from it.
    pub(crate) fn is_lower_bound(&self) -> bool {
        self.current_fault()
            .is_some_and(|fault| fault.finding == ClockFinding::ByLog)
    }

    /// Compares the machine's clock with the hub's, and uses the hub's if they differ.
    pub(crate) async fn compare_with_hub(&self, reading: HubClockReading) {
        let clock = &self.0.clock;
        let mut note = self.current_note();
        let error_ms = clock.machine_now().0.saturating_sub(reading.at.0);
        let is_believed =
            reading.is_proven && note.hub_at.ms_since(reading.at) <= CLOCK_BEHIND_MS_MAX;
        let differs = error_ms.saturating_abs() > CLOCK_ERROR_MS_MAX;
        let finding = match (differs, is_believed) {
            (true, true) => {
                clock.count_from(reading.at);
                Some(ClockFinding::ByCloud)
            }
            (false, true) => {
                clock.follow_machine();
                None
            }
            (true, false) if reading.is_refusal => Some(ClockFinding::NotBelieved),
            // An older hub signs nothing, but it has accepted this edge.
            (false, false) if self.distrusts_hub_time() => None,
            (_, false) => return,
        };
        if is_believed {
            note.hub_at = note.hub_at.max(reading.at);
        }
        note.fault = finding.map(|finding| WrongClock {
            finding,
            error_ms,
            found_at: reading.at,
        });
        self.store_finding(note).await;
    }

    pub(crate) fn current_standing(&self) -> Option<ClockStanding> {
        let fault = self.current_fault()?;
        let WrongClock {
            finding,
            error_ms,
            found_at,
        } = fault;
        Some(ClockStanding {
            finding,
            error_ms,
            found_at,
            message: fault.to_text(),
        })
    }

    /// How far the machine's clock is ahead, if this edge uses the cloud's time.
    pub(crate) fn error_ms(&self) -> Option<i64> {
        let fault = self.current_fault()?;
        (fault.finding == ClockFinding::ByCloud).then_some(fault.error_ms)
    }

    pub(crate) fn check_readiness(&self) -> Result<(), String> {
        match self.current_fault() {
            Some(fault) if self.distrusts_hub_time() => Err(fault.render_in(Language::English)),
            Some(_) | None => Ok(()),
        }
    }

    fn distrusts_hub_time(&self) -> bool {
        self.current_note()
            .fault
            .is_some_and(|fault| fault.finding == ClockFinding::NotBelieved)
    }

    /// Follows the machine's clock again once an operator has corrected it.
    pub(crate) async fn notice_repair(&self) {
        let note = self.current_note();
        if note.fault.is_some() && self.current_fault().is_none() {
            self.0.clock.follow_machine();
            self.store_finding(ClockRecord {
                fault: None,
                ..note
            })
            .await;
        }
    }

    /// The fault as of now: the clock may have been set since.
    fn current_fault(&self) -> Option<WrongClock> {
        let clock = &self.0.clock;
        let fault = self.current_note().fault?;
        if fault.finding == ClockFinding::NotBelieved {
            return Some(fault);
        }
        let error_ms = clock.machine_now().0.saturating_sub(clock.now().0);
        let is_wrong = error_ms.saturating_abs() > CLOCK_ERROR_MS_MAX;
        is_wrong.then_some(WrongClock { error_ms, ..fault })
    }

    /// Stores the finding, and logs it if it changed.
    async fn store_finding(&self, record: ClockRecord) {
        let before = std::mem::replace(
            &mut *self.0.note.lock().unwrap_or_else(PoisonError::into_inner),
            record,
        );
        let finding_before = before.fault.map(|fault| fault.finding);
        let is_other = finding_before != record.fault.map(|fault| fault.finding);
        if is_other {
            self.log_finding(record);
        }
        // A repeated refusal changes nothing in the record.
        if !is_other && before.hub_at == record.hub_at {
            return;
        }
        if let Err(error) = self.0.store.save_clock_record(record).await {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not store the result of the clock check"
            );
        }
    }

    fn log_finding(&self, record: ClockRecord) {
        let machine_now = self.0.clock.machine_now();
        match record.fault {
            Some(fault) => tracing::error!(
                finding = %fault.finding, %machine_now, found_at = %fault.found_at,
                "{}", fault.render_in(Language::English)
            ),
            None => tracing::info!(%machine_now, "This machine's clock agrees with the cloud's"),
        }
    }

    fn current_note(&self) -> ClockRecord {
        *self.0.note.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sentence for WrongClock {
    fn render_in(&self, language: Language) -> String {
        let by = format_rounded(self.error_ms).into();
        let error = if self.error_ms > 0 { "ahead" } else { "behind" }.into();
        match self.finding {
            ClockFinding::ByCloud => say::clock_by_cloud { by, error }.render_in(language),
            ClockFinding::NotBelieved => say::clock_not_believed { by, error }.render_in(language),
            ClockFinding::ByLog => say::clock_by_log { by }.render_in(language),
        }
    }
}

/// Rounded, so that the text stays the same while the fault does.
fn format_rounded(error_ms: i64) -> String {
    let minutes = error_ms.saturating_abs() / 60_000;
    match minutes {
        ..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use wire::BootNonce;

    use super::*;
    use crate::tests::identity;

    const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
    const HOUR_MS: i64 = 3_600_000;

    struct Machine {
        clock: Clock,
        check: ClockCheck,
        _data: tempfile::TempDir,
    }

    /// The clock is three hours behind.
    async fn machine() -> Machine {
        let data = tempfile::tempdir().unwrap();
        let clock = Clock::fixed_at(NOW.plus_ms(-3 * HOUR_MS)).into_settable();
        let nonce = BootNonce([1; 16]);
        let opened = Store::open(data.path(), identity(), nonce, clock.now()).await;
        let check = ClockCheck::new(&opened.unwrap().0, &clock);
        check.resume_from_log().await.unwrap();
        Machine {
            clock,
            check,
            _data: data,
        }
    }

    impl Machine {
        async fn reads(&self, at: UnixMillis, is_proven: bool) {
            let reading = HubClockReading {
                at,
                is_proven,
                is_refusal: true,
            };
            self.check.compare_with_hub(reading).await;
        }

        fn finding(&self) -> Option<ClockFinding> {
            self.check
                .current_standing()
                .map(|standing| standing.finding)
        }
    }

    #[tokio::test]
    async fn a_time_that_is_not_proven_moves_no_clock_either_way() {
        let machine = machine().await;
        machine.reads(NOW, false).await;
        assert_eq!(machine.clock.now(), NOW.plus_ms(-3 * HOUR_MS));
        assert_eq!(machine.finding(), Some(ClockFinding::NotBelieved));
        assert!(
            machine
                .check
                .check_readiness()
                .is_err_and(|why| why.contains("3 h behind"))
        );
        machine.reads(NOW, true).await;
        assert_eq!(
            (machine.clock.now(), machine.finding()),
            (NOW, Some(ClockFinding::ByCloud))
        );
        machine.reads(machine.clock.machine_now(), false).await;
        assert_eq!(machine.clock.now(), NOW, "nor back to the machine's");
        machine.reads(machine.clock.machine_now(), true).await;
        assert_eq!(machine.clock.now(), NOW, "nor does a hub go back by hours");
    }

    #[tokio::test]
    async fn a_machine_that_is_set_right_is_followed_again() {
        let machine = machine().await;
        machine.reads(NOW, true).await;
        machine.clock.jump_wall_clock(3 * HOUR_MS);
        assert_eq!(machine.finding(), None);
        machine.check.notice_repair().await;
        machine.clock.jump_wall_clock(1_000);
        assert_eq!(machine.clock.now(), NOW.plus_ms(1_000));
    }
}
