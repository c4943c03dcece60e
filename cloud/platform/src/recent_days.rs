//! The last fourteen days by a reader's clock, by which the overview counts, and the counts of the
//! last minute.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Duration, NaiveDate, TimeZone};
use chrono_tz::Tz;
use serde::Deserialize;
use utoipa::ToSchema;
use wire::UnixMillis;

/// Today is the last of them.
const DAYS: i64 = 14;
/// For how long counts are repeated without another read.
const REPEATED_MS: i64 = 60_000;
/// With this many time zones, further readers get counts that are not stored.
const ZONES_MAX: usize = 64;

/// The query of a route that counts by day.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct DaysQuery {
    /// The IANA time zone of the reader, such as `Asia/Shanghai`. Days begin in UTC if it is missing
    /// or unknown.
    time_zone: Option<String>,
}

/// The days of a reader, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentDays {
    zone: Tz,
    /// The start of each day, and of tomorrow.
    bounds: Vec<UnixMillis>,
}

impl DaysQuery {
    pub fn find_days(&self, now: UnixMillis) -> RecentDays {
        let zone = self.time_zone.as_deref().and_then(|name| name.parse().ok());
        RecentDays::until(zone.unwrap_or(Tz::UTC), now)
    }
}

impl RecentDays {
    fn until(zone: Tz, now: UnixMillis) -> Self {
        let local = DateTime::from_timestamp_millis(now.0).unwrap_or_default();
        let today = local.with_timezone(&zone).date_naive();
        let days = (1 - DAYS)..=1;
        let bounds = days.map(|offset| start_of_day(zone, today + Duration::days(offset)));
        Self {
            zone,
            bounds: bounds.collect(),
        }
    }

    /// The start of the first day.
    pub fn since(&self) -> UnixMillis {
        self.bounds.first().copied().unwrap_or(UnixMillis(0))
    }

    /// The start and the end of each day.
    pub fn spans(&self) -> impl Iterator<Item = (UnixMillis, UnixMillis)> {
        self.bounds.windows(2).map(|span| (span[0], span[1]))
    }

    /// How many of these times are in each day.
    pub fn count_times(&self, times: &[UnixMillis]) -> Vec<u64> {
        let spans = self.spans();
        spans
            .map(|(from, until)| {
                let within = times.iter().filter(|at| **at >= from && **at < until);
                within.count() as u64
            })
            .collect()
    }
}

/// Where the clocks change at midnight, the day begins with its first hour.
fn start_of_day(zone: Tz, day: NaiveDate) -> UnixMillis {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    let mut hours = (0..3).map(|hour| midnight + Duration::hours(hour));
    let first = hours.find_map(|start| zone.from_local_datetime(&start).earliest());
    let start = first.map_or_else(|| midnight.and_utc(), |start| start.to_utc());
    UnixMillis(start.timestamp_millis())
}

/// The counts of the last minute by time zone. Clones share them.
#[derive(Debug)]
pub struct RecentCounts<T>(Arc<Mutex<BTreeMap<&'static str, StoredCounts<T>>>>);

#[derive(Debug)]
struct StoredCounts<T> {
    at: UnixMillis,
    counts: T,
}

impl<T> Clone for RecentCounts<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for RecentCounts<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> RecentCounts<T> {
    pub fn find_counts(&self, days: &RecentDays, now: UnixMillis) -> Option<T> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = known.get(days.zone.name())?;
        is_recent(stored, now).then(|| stored.counts.clone())
    }

    pub fn store_counts(&self, days: &RecentDays, now: UnixMillis, counts: T) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, stored| is_recent(stored, now));
        if known.len() < ZONES_MAX {
            known.insert(days.zone.name(), StoredCounts { at: now, counts });
        }
    }
}

fn is_recent<T>(stored: &StoredCounts<T>, now: UnixMillis) -> bool {
    now.ms_since(stored.at) < REPEATED_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(zone: &str, now: &str) -> RecentDays {
        let now = DateTime::parse_from_rfc3339(now).unwrap();
        let time_zone = Some(zone.to_owned());
        DaysQuery { time_zone }.find_days(UnixMillis(now.timestamp_millis()))
    }

    fn written(at: UnixMillis) -> String {
        DateTime::from_timestamp_millis(at.0).unwrap().to_rfc3339()
    }

    #[test]
    fn the_days_begin_at_the_readers_midnight_and_end_with_today() {
        for (zone, now, first, last) in [
            (
                "Asia/Shanghai",
                "2026-11-23T15:59:59Z",
                "2026-11-09T16:00:00+00:00",
                "2026-11-23T16:00:00+00:00",
            ),
            (
                "Asia/Shanghai",
                "2026-11-23T16:00:00Z",
                "2026-11-10T16:00:00+00:00",
                "2026-11-24T16:00:00+00:00",
            ),
            (
                "nowhere",
                "2026-11-23T16:00:00Z",
                "2026-11-10T00:00:00+00:00",
                "2026-11-24T00:00:00+00:00",
            ),
            // Winter time began on 25 October: that day has 25 hours.
            (
                "Europe/Berlin",
                "2026-10-30T12:00:00Z",
                "2026-10-16T22:00:00+00:00",
                "2026-10-30T23:00:00+00:00",
            ),
        ] {
            let days = days(zone, now);
            assert_eq!(days.spans().count(), 14);
            assert_eq!(written(days.since()), first, "{zone} {now}");
            let (_, end) = days.spans().last().unwrap();
            assert_eq!(written(end), last, "{zone} {now}");
        }
    }

    #[test]
    fn a_day_without_a_midnight_begins_with_its_first_hour() {
        // In Beirut the clocks went from 00:00 to 01:00 on 30 March 2025.
        let days = days("Asia/Beirut", "2025-03-30T12:00:00Z");
        let (today, _) = days.spans().last().unwrap();
        assert_eq!(written(today), "2025-03-29T22:00:00+00:00");
    }

    #[test]
    fn each_time_counts_in_its_day() {
        let days = days("UTC", "2026-11-23T16:00:00Z");
        let (today, tomorrow) = days.spans().last().unwrap();
        let times = [
            days.since().plus_ms(-1),
            days.since(),
            today.plus_ms(-1),
            today,
            today.plus_ms(1),
            tomorrow,
        ];
        let counts = days.count_times(&times);
        assert_eq!(counts[0], 1);
        assert_eq!(counts[12], 1);
        assert_eq!(counts[13], 2);
        assert_eq!(counts.iter().sum::<u64>(), 4);
    }

    #[test]
    fn counts_are_repeated_for_a_minute_to_readers_of_their_zone() {
        let now = UnixMillis(1_764_000_000_000);
        let counts = RecentCounts::default();
        let here = RecentDays::until(Tz::UTC, now);
        counts.store_counts(&here, now, 7);
        assert_eq!(counts.find_counts(&here, now.plus_ms(59_999)), Some(7));
        assert_eq!(counts.find_counts(&here, now.plus_ms(60_000)), None);
        let elsewhere = RecentDays::until(Tz::Asia__Shanghai, now);
        assert_eq!(counts.find_counts(&elsewhere, now), None);
    }
}
