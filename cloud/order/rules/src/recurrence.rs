//! The dates of a job that repeats: a rule of iCalendar (RFC 5545), read in the customer's time
//! zone, so that "every Tuesday at nine" stays at nine when the clocks change.
//!
//! A local time that does not exist, on a day that does not exist or in an hour that the clock
//! skips, is left out and not counted, as the RFC says. If an hour comes twice, the first counts.

mod rule;

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDate, NaiveDateTime, TimeZone,
};
use chrono_tz::Tz;
use wire::{PlannedTime, ServiceHours, UnixMillis};

use rule::{DayOfRule, Frequency, RuleEnd};

pub use rule::RecurrenceRule;

const OCCURRENCES_MIN: usize = 2;

pub const OCCURRENCES_MAX: usize = 26;

const WEEK_DAYS: u64 = 7;

/// Days from the first occurrence to the last: a leap year.
const SERIES_DAYS_MAX: u64 = 366;

/// The reason for refusing a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecurrenceRefusal {
    /// The rule cannot be parsed, or has parts that we do not support.
    UnknownRule,
    /// It has no end, or two.
    WrongEnd,
    UnknownTimeZone,
    /// The job has no hours of a day that could repeat.
    NoHours,
    /// The first occurrence is not one of the rule's.
    FirstNotInRule,
    TooFew,
    TooMany,
    /// The last occurrence is more than a year after the first.
    TooLong,
    /// An occurrence begins before the one before has ended.
    Overlapping,
}

/// How a job repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    rule: RecurrenceRule,
    zone: Tz,
}

impl Recurrence {
    pub fn parse(rule: &str, time_zone: &str) -> Result<Self, RecurrenceRefusal> {
        let rule = rule.parse()?;
        let zone = time_zone
            .parse()
            .map_err(|_| RecurrenceRefusal::UnknownTimeZone)?;
        Ok(Self { rule, zone })
    }

    pub fn rule(&self) -> &RecurrenceRule {
        &self.rule
    }

    /// The IANA name.
    pub fn time_zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The times of all occurrences, `first` included. Each is as long as the first.
    pub fn list_occurrences(
        &self,
        first: PlannedTime,
    ) -> Result<Vec<PlannedTime>, RecurrenceRefusal> {
        let PlannedTime {
            service_start_time: start,
            service_end_time: end,
        } = first;
        let hours = ServiceHours::from_times(Some(start), end);
        let length_ms = hours
            .ok_or(RecurrenceRefusal::NoHours)
            .map(|hours| hours.end.ms_since(hours.start))?;
        let starts = self.list_starts(start)?;
        let is_overlapping = starts
            .iter()
            .zip(starts.iter().skip(1))
            .any(|(start, next)| next.ms_since(*start) < length_ms);
        if is_overlapping {
            return Err(RecurrenceRefusal::Overlapping);
        }
        let occurrences = starts.into_iter().map(|occurs_at| PlannedTime {
            service_start_time: occurs_at,
            service_end_time: end.map(|end| occurs_at.plus_ms(end.ms_since(start))),
        });
        Ok(occurrences.collect())
    }

    fn list_starts(&self, first: UnixMillis) -> Result<Vec<UnixMillis>, RecurrenceRefusal> {
        let local = self.to_local(first).ok_or(RecurrenceRefusal::NoHours)?;
        let days = RuleDays::new(&self.rule, local.date());
        let last_day = local.date() + Days::new(SERIES_DAYS_MAX);
        if days.list_period(0).first() != Some(&local.date()) {
            return Err(RecurrenceRefusal::FirstNotInRule);
        }
        let mut starts = vec![first];
        for day in days.list_until(last_day).skip(1) {
            if self.rule.end.is_reached(starts.len()) {
                break;
            }
            // Only a time that exists counts.
            let Some(start) = self.to_moment(day.and_time(local.time())) else {
                continue;
            };
            if self.rule.end.is_past(day, start) {
                break;
            }
            starts.push(start);
            if starts.len() > OCCURRENCES_MAX {
                return Err(RecurrenceRefusal::TooMany);
            }
        }
        self.check_length(&starts, last_day)?;
        Ok(starts)
    }

    fn check_length(
        &self,
        starts: &[UnixMillis],
        last_day: NaiveDate,
    ) -> Result<(), RecurrenceRefusal> {
        let is_cut_short = match self.rule.end {
            RuleEnd::Count(count) => starts.len() < count,
            RuleEnd::UntilDay(until) => until > last_day,
            RuleEnd::UntilMoment(until) => self
                .to_local(until)
                .is_none_or(|until| until.date() > last_day),
        };
        match () {
            () if is_cut_short => Err(RecurrenceRefusal::TooLong),
            () if starts.len() < OCCURRENCES_MIN => Err(RecurrenceRefusal::TooFew),
            () => Ok(()),
        }
    }

    fn to_local(&self, at: UnixMillis) -> Option<NaiveDateTime> {
        let at = DateTime::from_timestamp_millis(at.0)?;
        Some(at.with_timezone(&self.zone).naive_local())
    }

    /// `None` if the clock skips this time.
    fn to_moment(&self, local: NaiveDateTime) -> Option<UnixMillis> {
        let at = match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(at) => at,
            MappedLocalTime::Ambiguous(earlier, _) => earlier,
            MappedLocalTime::None => return None,
        };
        Some(UnixMillis(at.timestamp_millis()))
    }
}

impl RuleEnd {
    fn is_reached(self, occurrences: usize) -> bool {
        match self {
            Self::Count(count) => occurrences >= count,
            Self::UntilDay(_) | Self::UntilMoment(_) => false,
        }
    }

    fn is_past(self, day: NaiveDate, start: UnixMillis) -> bool {
        match self {
            Self::Count(_) => false,
            Self::UntilDay(until) => day > until,
            Self::UntilMoment(until) => start > until,
        }
    }
}

/// The days of a rule from a first day on, by its periods: days, weeks or months.
struct RuleDays<'a> {
    rule: &'a RecurrenceRule,
    first: NaiveDate,
}

impl<'a> RuleDays<'a> {
    fn new(rule: &'a RecurrenceRule, first: NaiveDate) -> Self {
        Self { rule, first }
    }

    fn list_until(&self, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        // A day is the shortest period.
        let periods = 0..=SERIES_DAYS_MAX;
        periods
            .flat_map(|period| self.list_period(period))
            .take_while(move |day| *day <= last)
    }

    /// The days of one period, in order.
    fn list_period(&self, period: u64) -> Vec<NaiveDate> {
        let steps = period * u64::from(self.rule.interval);
        let mut days = match self.rule.frequency {
            Frequency::Daily => self.list_day(steps),
            Frequency::Weekly => self.list_week(steps),
            Frequency::Monthly => self.list_month(steps),
        };
        days.retain(|day| *day >= self.first);
        days.sort();
        days.dedup();
        days
    }

    fn list_day(&self, steps: u64) -> Vec<NaiveDate> {
        let day = self.first + Days::new(steps);
        let listed = &self.rule.days;
        let is_listed = listed.iter().any(|one| one.weekday == day.weekday());
        match listed.is_empty() || is_listed {
            true => vec![day],
            false => Vec::new(),
        }
    }

    fn list_week(&self, steps: u64) -> Vec<NaiveDate> {
        let since_monday = u64::from(self.first.weekday().num_days_from_monday());
        let monday = self.first - Days::new(since_monday) + Days::new(steps * WEEK_DAYS);
        let days = self.rule.days.iter();
        let mut offsets: Vec<u64> = days
            .map(|day| u64::from(day.weekday.num_days_from_monday()))
            .collect();
        if offsets.is_empty() {
            offsets.push(since_monday);
        }
        let days = offsets.into_iter().map(|offset| monday + Days::new(offset));
        days.collect()
    }

    fn list_month(&self, steps: u64) -> Vec<NaiveDate> {
        let month_start = self.first.with_day(1).unwrap_or(self.first);
        let Some(month) = add_months(month_start, steps) else {
            return Vec::new();
        };
        if self.rule.days.is_empty() {
            return month.with_day(self.first.day()).into_iter().collect();
        }
        let days = self.rule.days.iter();
        days.flat_map(|day| day.list_in_month(month)).collect()
    }
}

fn add_months(month: NaiveDate, steps: u64) -> Option<NaiveDate> {
    let steps = u32::try_from(steps).ok()?;
    month.checked_add_months(Months::new(steps))
}

impl DayOfRule {
    /// The days of the month that this names. `month` is its first day.
    fn list_in_month(self, month: NaiveDate) -> Vec<NaiveDate> {
        let days = month
            .iter_days()
            .take_while(|day| day.month() == month.month());
        let mut named: Vec<NaiveDate> = days.filter(|day| day.weekday() == self.weekday).collect();
        let Some(ordinal) = self.ordinal else {
            return named;
        };
        if ordinal < 0 {
            named.reverse();
        }
        let index = usize::from(ordinal.unsigned_abs()).saturating_sub(1);
        named.get(index).copied().into_iter().collect()
    }
}
