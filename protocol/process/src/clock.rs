//! The only place that reads a clock or makes a time-ordered id. Other code takes a `Clock`, so
//! that tests can hold time still.

use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicI64, Ordering},
};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use uuid::{ContextV7, Timestamp, Uuid};
use wire::UnixMillis;

#[derive(Clone, Debug)]
pub struct Clock(ClockSource);

#[derive(Clone, Debug)]
enum ClockSource {
    System,
    Fixed(Arc<FixedClock>),
    Settable(Arc<SettableClock>),
}

/// Moves only by hand.
#[derive(Debug)]
struct FixedClock {
    elapsed_ms: AtomicI64,
    /// The wall-clock time when `elapsed_ms` was zero.
    began_at: AtomicI64,
}

#[derive(Debug)]
struct SettableClock {
    machine: Clock,
    setting: RwLock<ClockSetting>,
}

#[derive(Debug, Clone, Copy)]
enum ClockSetting {
    FollowsMachine,
    /// The machine's clock, but never earlier than this moment.
    NotBefore(KnownMoment),
    /// Counts on from this moment, whatever the machine's clock reads.
    CountsFrom(KnownMoment),
}

/// A wall-clock time with the monotonic time of that moment.
#[derive(Debug, Clone, Copy)]
struct KnownMoment {
    at: UnixMillis,
    elapsed: Duration,
}

impl KnownMoment {
    /// The wall-clock time at `elapsed`.
    fn counted_to(&self, elapsed: Duration) -> UnixMillis {
        let passed = elapsed.saturating_sub(self.elapsed);
        self.at
            .plus_ms(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Counts up within a millisecond, so that ids of a process sort in creation order.
static ID_CONTEXT: Mutex<ContextV7> = Mutex::new(ContextV7::new());

impl Clock {
    pub fn system() -> Self {
        Self(ClockSource::System)
    }

    /// A clock that stands still until `advance` moves it.
    pub fn fixed_at(at: UnixMillis) -> Self {
        let elapsed_ms = AtomicI64::new(at.0);
        let began_at = AtomicI64::new(0);
        Self(ClockSource::Fixed(Arc::new(FixedClock {
            elapsed_ms,
            began_at,
        })))
    }

    /// Makes the wall-clock time settable; clones share the setting.
    #[must_use]
    pub fn into_settable(self) -> Self {
        let setting = RwLock::new(ClockSetting::FollowsMachine);
        Self(ClockSource::Settable(Arc::new(SettableClock {
            machine: self,
            setting,
        })))
    }

    /// Counts on from `at` and stops following the machine's clock. Affects only a settable clock.
    pub fn count_from(&self, at: UnixMillis) {
        self.set(ClockSetting::CountsFrom(KnownMoment {
            at,
            elapsed: self.elapsed(),
        }));
    }

    /// Counts from `at` until the machine's clock has passed it, then follows that clock.
    pub fn never_be_before(&self, at: UnixMillis) {
        self.set(ClockSetting::NotBefore(KnownMoment {
            at,
            elapsed: self.elapsed(),
        }));
    }

    pub fn follow_machine(&self) {
        self.set(ClockSetting::FollowsMachine);
    }

    fn set(&self, to: ClockSetting) {
        if let ClockSource::Settable(clock) = &self.0 {
            *clock
                .setting
                .write()
                .unwrap_or_else(PoisonError::into_inner) = to;
        }
    }

    /// Moves a fixed clock and its clones; the system's clock moves alone.
    pub fn advance(&self, ms: i64) {
        match &self.0 {
            ClockSource::System => {}
            ClockSource::Fixed(clock) => {
                clock.elapsed_ms.fetch_add(ms, Ordering::SeqCst);
            }
            ClockSource::Settable(clock) => clock.machine.advance(ms),
        }
    }

    /// Moves only a fixed clock's wall-clock time, as setting a machine's clock does.
    pub fn jump_wall_clock(&self, ms: i64) {
        match &self.0 {
            ClockSource::System => {}
            ClockSource::Fixed(clock) => {
                clock.began_at.fetch_add(ms, Ordering::SeqCst);
            }
            ClockSource::Settable(clock) => clock.machine.jump_wall_clock(ms),
        }
    }

    /// The machine's wall-clock time, whatever this clock was set to.
    pub fn machine_now(&self) -> UnixMillis {
        match &self.0 {
            ClockSource::System | ClockSource::Fixed(_) => self.now(),
            ClockSource::Settable(clock) => clock.machine.machine_now(),
        }
    }

    /// Wall-clock time for display, expiry and audit. It may jump either way.
    pub fn now(&self) -> UnixMillis {
        match &self.0 {
            ClockSource::System => {
                let at = clock_gettime(ClockId::Realtime);
                UnixMillis(at.tv_sec.saturating_mul(1000) + at.tv_nsec / 1_000_000)
            }
            ClockSource::Fixed(clock) => UnixMillis(
                clock.began_at.load(Ordering::SeqCst) + clock.elapsed_ms.load(Ordering::SeqCst),
            ),
            ClockSource::Settable(clock) => clock.now(),
        }
    }

    /// Monotonic time for measuring; it keeps running while the machine sleeps.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            ClockSource::System => {
                let at = clock_gettime(ClockId::Boottime);
                let seconds = u64::try_from(at.tv_sec).unwrap_or_default();
                Duration::new(seconds, u32::try_from(at.tv_nsec).unwrap_or_default())
            }
            ClockSource::Fixed(clock) => {
                let elapsed_ms = clock.elapsed_ms.load(Ordering::SeqCst);
                Duration::from_millis(u64::try_from(elapsed_ms).unwrap_or_default())
            }
            ClockSource::Settable(clock) => clock.machine.elapsed(),
        }
    }

    /// A new UUIDv7.
    pub fn new_id(&self) -> Uuid {
        let now = u64::try_from(self.now().0).unwrap_or_default();
        let nanos = u32::try_from(now % 1000).unwrap_or_default() * 1_000_000;
        let context = ID_CONTEXT.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, now / 1000, nanos))
    }
}

impl SettableClock {
    fn now(&self) -> UnixMillis {
        let setting = *self.setting.read().unwrap_or_else(PoisonError::into_inner);
        match setting {
            ClockSetting::FollowsMachine => self.machine.now(),
            ClockSetting::NotBefore(moment) => self
                .machine
                .now()
                .max(moment.counted_to(self.machine.elapsed())),
            ClockSetting::CountsFrom(moment) => moment.counted_to(self.machine.elapsed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_process_sort_in_the_order_they_were_made_in() {
        let clock = Clock::fixed_at(UnixMillis(1_764_000_000_000));
        let ids: Vec<Uuid> = (0..5_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted());
        clock.advance(1);
        assert!(clock.new_id() > ids[4_999]);
    }

    #[test]
    fn a_fixed_clock_moves_only_by_hand_and_with_all_its_clones() {
        let clock = Clock::fixed_at(UnixMillis(1_000));
        let clone = clock.clone();
        let before = clone.elapsed();
        clock.advance(250);
        assert_eq!(clone.now(), UnixMillis(1_250));
        assert_eq!(clone.elapsed() - before, Duration::from_millis(250));
    }

    #[test]
    fn a_clock_that_was_set_counts_on_and_follows_its_machine_again_when_told_to() {
        let clock = Clock::fixed_at(UnixMillis(1_000)).into_settable();
        let clone = clock.clone();
        clock.count_from(UnixMillis(900_000));
        clock.advance(250);
        assert_eq!(
            (clone.now(), clone.machine_now()),
            (UnixMillis(900_250), UnixMillis(1_250))
        );
        clock.never_be_before(UnixMillis(2_000));
        clock.advance(250);
        assert_eq!(
            clone.now(),
            UnixMillis(2_250),
            "the machine is behind that moment"
        );
        clock.follow_machine();
        assert_eq!(clone.now(), UnixMillis(1_500));
        clock.never_be_before(UnixMillis(1_000));
        assert_eq!(
            clone.now(),
            UnixMillis(1_500),
            "the machine has passed that moment"
        );
    }

    #[test]
    fn the_systems_clock_is_of_this_age_and_never_runs_back() {
        let clock = Clock::system();
        assert!(clock.now() > UnixMillis(1_700_000_000_000));
        let first = clock.elapsed();
        assert!(clock.elapsed() >= first);
    }
}
