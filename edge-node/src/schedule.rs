//! Moments that repeat by the edge's clock.

use std::time::Duration;

use process::clock::Clock;
use tokio::time::{Interval, MissedTickBehavior, interval};
use wire::UnixMillis;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const CLOCK_READ_EVERY: Duration = Duration::from_secs(1);

/// If the clock passes several moments in a jump, because the machine slept or its clock was set,
/// one is due then. None is due if it was set back.
pub(crate) struct Schedule {
    clock: Clock,
    period: Period,
    last: i64,
    ticks: Interval,
}

#[derive(Debug, Clone, Copy)]
struct Period {
    length_ms: i64,
    /// From the start of the hour or day to the start of the period.
    offset_ms: i64,
}

impl Schedule {
    pub(crate) fn each_hour(clock: &Clock, minute: u8) -> Self {
        Self::new(clock, Period::hour(minute))
    }

    pub(crate) fn each_day(clock: &Clock, hour: u8, minute: u8) -> Self {
        Self::new(clock, Period::day(hour, minute))
    }

    fn new(clock: &Clock, period: Period) -> Self {
        let mut ticks = interval(CLOCK_READ_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            clock: clock.clone(),
            period,
            last: period.number_at(clock.now()),
            ticks,
        }
    }

    pub(crate) async fn wait_for_next(&mut self) {
        loop {
            self.ticks.tick().await;
            let now = self.period.number_at(self.clock.now());
            if std::mem::replace(&mut self.last, now) < now {
                return;
            }
        }
    }
}

impl Period {
    fn hour(minute: u8) -> Self {
        Self {
            length_ms: HOUR_MS,
            offset_ms: i64::from(minute) * MINUTE_MS,
        }
    }

    fn day(hour: u8, minute: u8) -> Self {
        Self {
            length_ms: DAY_MS,
            offset_ms: i64::from(hour.min(23)) * HOUR_MS + i64::from(minute) * MINUTE_MS,
        }
    }

    fn number_at(self, now: UnixMillis) -> i64 {
        now.0
            .saturating_sub(self.offset_ms)
            .div_euclid(self.length_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_the_minute_of_its_hour() {
        let day = 20_000 * DAY_MS;
        for (hour, begins_at) in [(0, 0), (2, 2), (23, 23), (99, 23)] {
            let period = Period::day(hour, 41);
            let begin = day + begins_at * HOUR_MS + 41 * MINUTE_MS;
            assert_eq!(period.number_at(UnixMillis(begin - 1)), 19_999);
            assert_eq!(period.number_at(UnixMillis(begin)), 20_000);
            assert_eq!(period.number_at(UnixMillis(begin + DAY_MS - 1)), 20_000);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_hour_comes_once_and_hours_that_are_passed_in_a_jump_come_as_one() {
        let clock = Clock::fixed_at(UnixMillis(20_000 * DAY_MS));
        let mut schedule = Schedule::each_hour(&clock, 17);
        for passed_ms in [17 * MINUTE_MS, HOUR_MS, 5 * HOUR_MS] {
            clock.advance(passed_ms);
            schedule.wait_for_next().await;
        }
        clock.advance(HOUR_MS - 1);
        let early = tokio::time::timeout(10 * CLOCK_READ_EVERY, schedule.wait_for_next());
        assert!(early.await.is_err(), "before its minute");
        clock.jump_wall_clock(-3 * HOUR_MS);
        let back = tokio::time::timeout(10 * CLOCK_READ_EVERY, schedule.wait_for_next());
        assert!(back.await.is_err(), "the clock was set back");
        clock.advance(HOUR_MS);
        schedule.wait_for_next().await;
    }
}
