//! The only place that reads a clock or makes a time-ordered id. Everything else is handed a `Clock`,
//! so that tests can hold time still.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use uuid::{ContextV7, Timestamp, Uuid};
use wire::UnixMillis;

#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// Unix milliseconds, moved by hand.
    Fixed(Arc<AtomicI64>),
}

/// Counts ids of one millisecond up, so that the ids of a process sort as they were made.
static ID_CONTEXT: Mutex<ContextV7> = Mutex::new(ContextV7::new());

impl Clock {
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until `advance` moves it.
    pub fn fixed(at: UnixMillis) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(at.0))))
    }

    /// Moves a fixed clock, and all its clones; the system's clock moves by itself.
    pub fn advance(&self, ms: i64) {
        if let Source::Fixed(at) = &self.0 {
            at.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// Wall-clock time: for display, expiry and audit. It may jump either way.
    pub fn now(&self) -> UnixMillis {
        match &self.0 {
            Source::System => {
                let at = clock_gettime(ClockId::Realtime);
                UnixMillis(at.tv_sec.saturating_mul(1000) + at.tv_nsec / 1_000_000)
            }
            Source::Fixed(at) => UnixMillis(at.load(Ordering::SeqCst)),
        }
    }

    /// For measuring. Never goes back, and goes on while the machine sleeps.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::System => {
                let at = clock_gettime(ClockId::Boottime);
                let seconds = u64::try_from(at.tv_sec).unwrap_or_default();
                Duration::new(seconds, u32::try_from(at.tv_nsec).unwrap_or_default())
            }
            Source::Fixed(at) => {
                Duration::from_millis(u64::try_from(at.load(Ordering::SeqCst)).unwrap_or_default())
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_process_sort_in_the_order_they_were_made_in() {
        let clock = Clock::fixed(UnixMillis(1_764_000_000_000));
        let ids: Vec<Uuid> = (0..5_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted());
        clock.advance(1);
        assert!(clock.new_id() > ids[4_999]);
    }

    #[test]
    fn a_fixed_clock_moves_only_by_hand_and_with_all_its_clones() {
        let clock = Clock::fixed(UnixMillis(1_000));
        let clone = clock.clone();
        let before = clone.elapsed();
        clock.advance(250);
        assert_eq!(clone.now(), UnixMillis(1_250));
        assert_eq!(clone.elapsed() - before, Duration::from_millis(250));
    }

    #[test]
    fn the_systems_clock_is_of_this_age_and_never_runs_back() {
        let clock = Clock::system();
        assert!(clock.now() > UnixMillis(1_700_000_000_000));
        let first = clock.elapsed();
        assert!(clock.elapsed() >= first);
    }
}
