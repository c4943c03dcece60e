//! Days, and a provider's weekly working hours in the time of their region.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use wire::{FieldError, UnixMillis};

use super::fields;
use crate::say;

const RANGES_A_DAY_MAX: usize = 4;
const EXCEPTIONS_MAX: usize = 60;
const DAY_MINUTES: u16 = 24 * 60;

/// A date without a time: `2026-11-22`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, SerializeDisplay, DeserializeFromStr,
)]
pub struct CalendarDay(pub Date);

impl CalendarDay {
    pub fn from_unix_millis(at: UnixMillis) -> Self {
        let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
        Self(at.to_zoned(TimeZone::UTC).date())
    }
}

impl fmt::Display for CalendarDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CalendarDay {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected a day such as 2026-11-22";
        // The parser also accepts a date followed by a time.
        if text.len() != 10 {
            return Err(wrong);
        }
        text.parse().map(Self).map_err(|_| wrong)
    }
}

/// A range of minutes within a day: `09:00-17:30`. It may end at `24:00`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, SerializeDisplay, DeserializeFromStr,
)]
pub struct HoursRange {
    from_min: u16,
    to_min: u16,
}

impl fmt::Display for HoursRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from_min, to_min } = self;
        let from = (from_min / 60, from_min % 60);
        let to = (to_min / 60, to_min % 60);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.0, from.1, to.0, to.1)
    }
}

impl FromStr for HoursRange {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected hours such as 09:00-17:00";
        let (from, to) = text.split_once('-').ok_or(wrong)?;
        let from_min = parse_minute(from).ok_or(wrong)?;
        let to_min = parse_minute(to).ok_or(wrong)?;
        if from_min < to_min {
            Ok(Self { from_min, to_min })
        } else {
            Err(wrong)
        }
    }
}

fn parse_minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let hours = parse_two_digits(hours)?;
    let minutes = parse_two_digits(minutes)?;
    let at = hours * 60 + minutes;
    (minutes < 60 && at <= DAY_MINUTES).then_some(at)
}

fn parse_two_digits(text: &str) -> Option<u16> {
    if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

macro_rules! text_schemas {
    ($($name:ident, $about:literal, $pattern:literal;)+) => {$(
        impl ToSchema for $name {}
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String);
                text.description(Some($about)).pattern(Some($pattern)).into()
            }
        }
    )+};
}
text_schemas! {
    CalendarDay, "A day, such as 2026-11-22.", r"^\d{4}-\d{2}-\d{2}$";
    HoursRange, "Hours of a day, such as 09:00-17:00.", r"^\d{2}:\d{2}-\d{2}:\d{2}$";
}

/// The regular hours of each weekday. A day without hours is free.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct WeekHours {
    pub monday: Vec<HoursRange>,
    pub tuesday: Vec<HoursRange>,
    pub wednesday: Vec<HoursRange>,
    pub thursday: Vec<HoursRange>,
    pub friday: Vec<HoursRange>,
    pub saturday: Vec<HoursRange>,
    pub sunday: Vec<HoursRange>,
}

/// Weekly hours from a client: refuses unknown fields, which the stored form ignores.
#[derive(Deserialize)]
#[serde(remote = "WeekHours", deny_unknown_fields)]
struct WeekHoursInput {
    #[serde(default)]
    monday: Vec<HoursRange>,
    #[serde(default)]
    tuesday: Vec<HoursRange>,
    #[serde(default)]
    wednesday: Vec<HoursRange>,
    #[serde(default)]
    thursday: Vec<HoursRange>,
    #[serde(default)]
    friday: Vec<HoursRange>,
    #[serde(default)]
    saturday: Vec<HoursRange>,
    #[serde(default)]
    sunday: Vec<HoursRange>,
}

/// Reads hours only from a map of weekday names; the derived reader also accepts a list.
pub(super) fn deserialize_week_hours<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<WeekHours>, D::Error> {
    struct WeekdayMapVisitor;

    impl<'de> Visitor<'de> for WeekdayMapVisitor {
        type Value = Option<WeekHours>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("hours by the names of days")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, days: A) -> Result<Self::Value, A::Error> {
            WeekHoursInput::deserialize(MapAccessDeserializer::new(days)).map(Some)
        }
    }

    from.deserialize_any(WeekdayMapVisitor)
}

/// The hours of one day, in place of its weekday's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayException {
    pub day: CalendarDay,
    #[serde(default)]
    pub hours: Vec<HoursRange>,
}

impl WeekHours {
    pub fn hours_on(&self, day: CalendarDay) -> &[HoursRange] {
        let index = usize::from(day.0.weekday().to_monday_zero_offset().unsigned_abs());
        self.hours_by_weekday()[index].1
    }

    pub(super) fn validate_hours(mut self, errors: &mut Vec<FieldError>) -> Self {
        let wrong = self
            .hours_by_weekday()
            .map(|(name, hours)| (name, has_wrong_hours(hours)));
        for (name, is_wrong) in wrong {
            errors.extend(is_wrong.then(|| {
                FieldError::new(
                    &format!("availability.{name}"),
                    say::hours_overlap {
                        most: RANGES_A_DAY_MAX.into(),
                    },
                )
            }));
        }
        for hours in [
            &mut self.monday,
            &mut self.tuesday,
            &mut self.wednesday,
            &mut self.thursday,
            &mut self.friday,
            &mut self.saturday,
            &mut self.sunday,
        ] {
            hours.sort_unstable();
        }
        self
    }

    fn hours_by_weekday(&self) -> [(&'static str, &[HoursRange]); 7] {
        [
            ("monday", &self.monday),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ]
    }
}

/// Sorts by day. Past days stay until their provider removes them.
pub(super) fn check_exceptions(
    mut exceptions: Vec<DayException>,
    errors: &mut Vec<FieldError>,
) -> Vec<DayException> {
    errors.extend(fields::too_many_error(
        "exceptions",
        exceptions.len(),
        EXCEPTIONS_MAX,
    ));
    exceptions.sort_unstable_by_key(|exception| exception.day);
    if exceptions.windows(2).any(|pair| pair[0].day == pair[1].day) {
        errors.push(FieldError::new("exceptions", say::listed_twice));
    }
    for exception in &mut exceptions {
        if has_wrong_hours(&exception.hours) {
            let why = say::hours_overlap {
                most: RANGES_A_DAY_MAX.into(),
            };
            errors.push(FieldError::new("exceptions", why));
        }
        exception.hours.sort_unstable();
    }
    exceptions
}

fn has_wrong_hours(hours: &[HoursRange]) -> bool {
    let mut sorted = hours.to_vec();
    sorted.sort_unstable();
    hours.len() > RANGES_A_DAY_MAX || sorted.windows(2).any(|two| two[1].from_min < two[0].to_min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_read_back_and_others_are_refused() {
        for good in ["00:00-24:00", "09:00-17:30", "23:59-24:00"] {
            assert_eq!(good.parse::<HoursRange>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "9:00-17:00",
            "17:00-09:00",
            "09:00-09:00",
            "09:60-10:00",
            "20:00-24:01",
            "+9:00-10:00",
        ] {
            assert!(bad.parse::<HoursRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_day_is_a_real_one() {
        assert_eq!(
            "2024-02-29".parse::<CalendarDay>().unwrap().to_string(),
            "2024-02-29"
        );
        for bad in [
            "2026-02-29",
            "2026-2-1",
            "2026-01-01T00:00",
            "yesterday",
            "",
        ] {
            assert!(bad.parse::<CalendarDay>().is_err(), "{bad}");
        }
        assert_eq!(
            CalendarDay::from_unix_millis(UnixMillis(1_764_000_000_000)).to_string(),
            "2025-11-24"
        );
    }

    #[test]
    fn overlapping_hours_of_a_day_are_refused_by_the_day() {
        let hours = |ranges: &[&str]| ranges.iter().map(|range| range.parse().unwrap()).collect();
        let monday = |ranges: &[&str]| WeekHours {
            monday: hours(ranges),
            ..WeekHours::default()
        };
        let wrong = |week: WeekHours| {
            let mut errors = Vec::new();
            week.validate_hours(&mut errors);
            errors
                .into_iter()
                .map(|error| error.field)
                .collect::<Vec<_>>()
        };
        assert!(wrong(monday(&["13:00-17:00", "09:00-13:00"])).is_empty());
        assert_eq!(
            wrong(monday(&["09:00-13:00", "12:59-17:00"])),
            ["availability.monday"]
        );
        assert_eq!(
            wrong(monday(&[
                "01:00-02:00",
                "03:00-04:00",
                "05:00-06:00",
                "07:00-08:00",
                "09:00-10:00"
            ])),
            ["availability.monday"]
        );
        let week = monday(&["09:00-13:00"]);
        let day = |text: &str| text.parse::<CalendarDay>().unwrap();
        assert_eq!(week.hours_on(day("2026-11-23")).len(), 1, "a Monday");
        assert!(week.hours_on(day("2026-11-22")).is_empty(), "a Sunday");
    }
}
