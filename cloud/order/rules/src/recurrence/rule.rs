//! The text of a rule: the part of iCalendar's RRULE that a series of jobs takes.

use std::{fmt, str::FromStr};

use chrono::{NaiveDate, NaiveDateTime, Weekday};
use wire::UnixMillis;

use super::RecurrenceRefusal;

/// Longer than any rule that we take.
const RULE_CHARS_MAX: usize = 200;

const INTERVAL_MAX: u16 = 99;

const COUNT_MAX: usize = 999;

/// A month has at most five of a weekday.
const ORDINAL_MAX: u8 = 5;

const DAY_FORMAT: &str = "%Y%m%d";

const MOMENT_FORMAT: &str = "%Y%m%dT%H%M%SZ";

const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "MO"),
    (Weekday::Tue, "TU"),
    (Weekday::Wed, "WE"),
    (Weekday::Thu, "TH"),
    (Weekday::Fri, "FR"),
    (Weekday::Sat, "SA"),
    (Weekday::Sun, "SU"),
];

/// Its text is in capitals, each part once, in the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecurrenceRule {
    pub(super) frequency: Frequency,
    pub(super) interval: u16,
    /// Empty: the day of the first occurrence.
    pub(super) days: Vec<DayOfRule>,
    pub(super) end: RuleEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
}

/// A weekday, or a certain one of a month: the second, or the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DayOfRule {
    /// Counted from the month's end if negative.
    pub(super) ordinal: Option<i8>,
    pub(super) weekday: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleEnd {
    Count(usize),
    /// The whole of this day, in the customer's time zone.
    UntilDay(NaiveDate),
    UntilMoment(UnixMillis),
}

impl FromStr for RecurrenceRule {
    type Err = RecurrenceRefusal;

    fn from_str(text: &str) -> Result<Self, RecurrenceRefusal> {
        if text.len() > RULE_CHARS_MAX {
            return Err(RecurrenceRefusal::UnknownRule);
        }
        let parts = RuleParts::split(&text.trim().to_ascii_uppercase())?;
        let frequency: Frequency = parts.frequency.as_deref().unwrap_or_default().parse()?;
        let interval = match parts.interval {
            Some(text) => parse_number(&text, INTERVAL_MAX)?,
            None => 1,
        };
        let days = match parts.days {
            Some(text) => parse_days(&text)?,
            None => Vec::new(),
        };
        let has_ordinals = days.iter().any(|day| day.ordinal.is_some());
        if has_ordinals && frequency != Frequency::Monthly {
            return Err(RecurrenceRefusal::UnknownRule);
        }
        let end = match (parts.count, parts.until) {
            (Some(count), None) => RuleEnd::Count(parse_number(&count, COUNT_MAX)?),
            (None, Some(until)) => parse_until(&until)?,
            (Some(_), Some(_)) | (None, None) => return Err(RecurrenceRefusal::WrongEnd),
        };
        Ok(Self {
            frequency,
            interval,
            days,
            end,
        })
    }
}

#[derive(Default)]
struct RuleParts {
    frequency: Option<String>,
    interval: Option<String>,
    days: Option<String>,
    count: Option<String>,
    until: Option<String>,
}

impl RuleParts {
    fn split(text: &str) -> Result<Self, RecurrenceRefusal> {
        let mut parts = Self::default();
        for part in text.split(';') {
            let (name, value) = part.split_once('=').ok_or(RecurrenceRefusal::UnknownRule)?;
            let place = match name {
                "FREQ" => &mut parts.frequency,
                "INTERVAL" => &mut parts.interval,
                "BYDAY" => &mut parts.days,
                "COUNT" => &mut parts.count,
                "UNTIL" => &mut parts.until,
                _ => return Err(RecurrenceRefusal::UnknownRule),
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(RecurrenceRefusal::UnknownRule);
            }
        }
        Ok(parts)
    }
}

impl Frequency {
    fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
        }
    }
}

impl FromStr for Frequency {
    type Err = RecurrenceRefusal;

    fn from_str(text: &str) -> Result<Self, RecurrenceRefusal> {
        [Self::Daily, Self::Weekly, Self::Monthly]
            .into_iter()
            .find(|frequency| frequency.as_str() == text)
            .ok_or(RecurrenceRefusal::UnknownRule)
    }
}

/// A number from one to `most`.
fn parse_number<N: FromStr + PartialOrd + From<u8>>(
    text: &str,
    most: N,
) -> Result<N, RecurrenceRefusal> {
    // The standard parser also takes a sign.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    number
        .filter(|number| *number >= N::from(1) && *number <= most)
        .ok_or(RecurrenceRefusal::UnknownRule)
}

fn parse_days(text: &str) -> Result<Vec<DayOfRule>, RecurrenceRefusal> {
    let mut days = Vec::new();
    for part in text.split(',') {
        let day = parse_day(part)?;
        if !days.contains(&day) {
            days.push(day);
        }
    }
    days.sort_by_key(|day: &DayOfRule| (day.weekday.num_days_from_monday(), day.ordinal));
    Ok(days)
}

fn parse_day(text: &str) -> Result<DayOfRule, RecurrenceRefusal> {
    let named = WEEKDAYS
        .into_iter()
        .find_map(|(weekday, name)| Some((weekday, text.strip_suffix(name)?)));
    let (weekday, ordinal) = named.ok_or(RecurrenceRefusal::UnknownRule)?;
    let ordinal = match ordinal {
        "" => None,
        text => Some(parse_ordinal(text)?),
    };
    Ok(DayOfRule { ordinal, weekday })
}

fn parse_ordinal(text: &str) -> Result<i8, RecurrenceRefusal> {
    let digits = text.trim_start_matches(['+', '-']);
    if text.len() > digits.len() + 1 {
        return Err(RecurrenceRefusal::UnknownRule);
    }
    let number: u8 = parse_number(digits, ORDINAL_MAX)?;
    let number = i8::try_from(number).map_err(|_| RecurrenceRefusal::UnknownRule)?;
    Ok(match text.starts_with('-') {
        true => -number,
        false => number,
    })
}

fn parse_until(text: &str) -> Result<RuleEnd, RecurrenceRefusal> {
    if let Ok(day) = NaiveDate::parse_from_str(text, DAY_FORMAT) {
        return Ok(RuleEnd::UntilDay(day));
    }
    let moment = NaiveDateTime::parse_from_str(text, MOMENT_FORMAT)
        .map_err(|_| RecurrenceRefusal::UnknownRule)?;
    let at = moment.and_utc().timestamp_millis();
    Ok(RuleEnd::UntilMoment(UnixMillis(at)))
}

impl fmt::Display for RecurrenceRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.frequency.as_str())?;
        if self.interval > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        for (index, day) in self.days.iter().enumerate() {
            let before = if index == 0 { ";BYDAY=" } else { "," };
            write!(f, "{before}{day}")?;
        }
        match self.end {
            RuleEnd::Count(count) => write!(f, ";COUNT={count}"),
            RuleEnd::UntilDay(day) => write!(f, ";UNTIL={}", day.format(DAY_FORMAT)),
            RuleEnd::UntilMoment(at) => {
                let at = chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default();
                write!(f, ";UNTIL={}", at.format(MOMENT_FORMAT))
            }
        }
    }
}

impl fmt::Display for DayOfRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ordinal) = self.ordinal {
            write!(f, "{ordinal}")?;
        }
        let name = WEEKDAYS
            .iter()
            .find(|(weekday, _)| *weekday == self.weekday)
            .map_or("", |(_, name)| name);
        f.write_str(name)
    }
}
