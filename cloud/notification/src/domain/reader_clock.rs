//! The reader's clock and time zone, and times in sentences by it, in the web pages' format.

use chrono::{DateTime, Datelike, Offset, Timelike};
use chrono_tz::Tz;
use texts::{Phrase, Sentence};
use wire::{Language, PlannedTime, UnixMillis};

use crate::say;

const MONTHS: [Phrase; 12] = [
    say::month_jan,
    say::month_feb,
    say::month_mar,
    say::month_apr,
    say::month_may,
    say::month_jun,
    say::month_jul,
    say::month_aug,
    say::month_sep,
    say::month_oct,
    say::month_nov,
    say::month_dec,
];

/// An IANA time zone, such as `Asia/Shanghai`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(Tz);

impl TimeZone {
    pub const USUAL: Self = Self(chrono_tz::Asia::Shanghai);

    pub fn from_name(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    fn local_time(self, at: UnixMillis) -> DateTime<Tz> {
        DateTime::from_timestamp_millis(at.0)
            .unwrap_or_default()
            .with_timezone(&self.0)
    }

    pub(super) fn minute_at(self, at: UnixMillis) -> i64 {
        let at = self.local_time(at);
        i64::from(at.hour() * 60 + at.minute())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderLocale {
    pub language: Language,
    pub clock: ReaderClock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderClock {
    /// The clock of the reader or displaying device.
    Own(TimeZone),
    /// The default clock, because the reader chose none. Times include the zone, or a reader
    /// elsewhere would misread them.
    Usual,
}

impl ReaderLocale {
    /// Rounds down, so a stated deadline is never later than the real one.
    pub fn format_minute(self, at: UnixMillis) -> String {
        let local = self.local_time(at);
        self.format_moment(local, format_time_of_day(local))
    }

    /// The end repeats the date only if it is on another day.
    pub fn format_planned_time(self, time: PlannedTime) -> String {
        let start = self.local_time(time.service_start_time);
        let Some(end) = time.service_end_time else {
            return self.format_minute(time.service_start_time);
        };
        let local_end = self.local_time(end);
        if start.date_naive() != local_end.date_naive() {
            let start = self.format_minute(time.service_start_time).into();
            let end = self.format_minute(end).into();
            return say::moment_until { start, end }.render_in(self.language);
        }
        let start_time = format_time_of_day(start);
        let end_time = format_time_of_day(local_end);
        self.format_moment(start, format!("{start_time}–{end_time}"))
    }

    /// To the millisecond, because races are lost by less than a second.
    pub fn format_millisecond(self, at: UnixMillis) -> String {
        let local = self.local_time(at);
        let hour = local.hour();
        let minute = local.minute();
        let second = local.second();
        let millis = local.timestamp_subsec_millis();
        self.format_moment(
            local,
            format!("{hour:02}:{minute:02}:{second:02}.{millis:03}"),
        )
    }

    fn local_time(self, at: UnixMillis) -> DateTime<Tz> {
        match self.clock {
            ReaderClock::Own(zone) => zone.local_time(at),
            ReaderClock::Usual => TimeZone::USUAL.local_time(at),
        }
    }

    fn format_moment(self, local: DateTime<Tz>, time: String) -> String {
        let year = local.year().into();
        let month = MONTHS[local.month0() as usize].into();
        let day = local.day().into();
        let time = time.into();
        match self.clock {
            ReaderClock::Own(_) => say::moment {
                year,
                month,
                day,
                time,
            }
            .render_in(self.language),
            ReaderClock::Usual => {
                let zone = offset_text(local.offset().fix().local_minus_utc()).into();
                say::moment_and_zone {
                    year,
                    month,
                    day,
                    time,
                    zone,
                }
                .render_in(self.language)
            }
        }
    }
}

fn format_time_of_day(local: DateTime<Tz>) -> String {
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// Such as `GMT+8` or `GMT-3:30`.
fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match minutes % 60 {
        0 => format!("GMT{sign}{}", minutes / 60),
        rest => format!("GMT{sign}{}:{rest:02}", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// `protocol/web/src/format.test.ts` tests the pages against the same file.
    #[test]
    fn a_moment_is_written_as_the_pages_write_it() {
        let golden = include_str!("../../../../protocol/wire/golden/sentences.json");
        let golden: Value = serde_json::from_str(golden).unwrap();
        let cases = golden["moments"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let at = UnixMillis(case["at"].as_i64().unwrap());
            let zone = TimeZone::from_name(case["zone"].as_str().unwrap()).unwrap();
            for language in Language::ALL {
                let locale = ReaderLocale {
                    language,
                    clock: ReaderClock::Own(zone),
                };
                assert_eq!(locale.format_minute(at), case["minute"][language.tag()]);
                assert_eq!(locale.format_millisecond(at), case["exact"][language.tag()]);
                if zone == TimeZone::USUAL {
                    let unknown = ReaderLocale {
                        language,
                        clock: ReaderClock::Usual,
                    };
                    assert_eq!(
                        unknown.format_minute(at),
                        case["minute_and_zone"][language.tag()]
                    );
                }
            }
        }
    }

    #[test]
    fn a_planned_time_names_the_day_of_its_end_if_it_is_another_one() {
        let start = UnixMillis(1_764_741_600_000);
        for (hours, english, chinese) in [
            (None, "Dec 3, 2025, 14:00", "2025年12月3日 14:00"),
            (
                Some(2),
                "Dec 3, 2025, 14:00–16:00",
                "2025年12月3日 14:00–16:00",
            ),
            (
                Some(12),
                "Dec 3, 2025, 14:00 to Dec 4, 2025, 02:00",
                "2025年12月3日 14:00 至 2025年12月4日 02:00",
            ),
        ] {
            let time = PlannedTime {
                service_start_time: start,
                service_end_time: hours.map(|hours: i64| start.plus_ms(hours * 3_600_000)),
            };
            for (language, expected) in [(Language::English, english), (Language::Chinese, chinese)]
            {
                let clock = ReaderClock::Own(TimeZone::USUAL);
                let locale = ReaderLocale { language, clock };
                assert_eq!(locale.format_planned_time(time), expected);
            }
        }
    }

    #[test]
    fn a_zone_is_written_by_its_distance_from_greenwich() {
        for (seconds, text) in [
            (0, "GMT+0"),
            (28_800, "GMT+8"),
            (19_800, "GMT+5:30"),
            (-12_600, "GMT-3:30"),
        ] {
            assert_eq!(offset_text(seconds), text);
        }
    }

    #[test]
    fn each_month_has_its_name() {
        let of = |month: usize| MONTHS[month].text_in(Language::English);
        assert_eq!((of(0), of(8), of(11)), ("Jan", "Sep", "Dec"));
        let distinct: std::collections::BTreeSet<_> = (0..12).map(of).collect();
        assert_eq!(distinct.len(), 12);
    }
}
