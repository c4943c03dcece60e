//! The dates of a job that repeats.

use chrono::{DateTime, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use rules::{OCCURRENCES_MAX, Recurrence, RecurrenceRefusal, RecurrenceRule};
use wire::{PlannedTime, UnixMillis};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// The local times of all occurrences of a job of two hours, `2026-03-03 09:00` the first.
fn list_local(first: &str, zone: &str, rule: &str) -> Result<Vec<String>, RecurrenceRefusal> {
    let start = moment(first, zone);
    let planned = PlannedTime {
        service_start_time: start,
        service_end_time: Some(start.plus_ms(2 * HOUR_MS)),
    };
    let occurrences = Recurrence::parse(rule, zone)?.list_occurrences(planned)?;
    let local = occurrences.iter().map(|planned| {
        let length = planned
            .service_end_time
            .unwrap()
            .ms_since(planned.service_start_time);
        assert_eq!(length, 2 * HOUR_MS);
        local_text(planned.service_start_time, zone)
    });
    Ok(local.collect())
}

fn moment(local: &str, zone: &str) -> UnixMillis {
    let zone: Tz = zone.parse().unwrap();
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    let at = zone.from_local_datetime(&local).earliest().unwrap();
    UnixMillis(at.timestamp_millis())
}

fn local_text(at: UnixMillis, zone: &str) -> String {
    let zone: Tz = zone.parse().unwrap();
    let at = DateTime::from_timestamp_millis(at.0).unwrap();
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

#[track_caller]
fn check_dates(first: &str, zone: &str, rule: &str, expected: &[&str]) {
    let listed = list_local(first, zone, rule);
    let expected = expected.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(listed, Ok(expected), "{rule}");
}

#[test]
fn a_job_keeps_its_hour_when_the_clocks_change() {
    check_dates(
        "2026-03-24 09:00",
        "Europe/Berlin",
        "FREQ=WEEKLY;COUNT=3",
        &["2026-03-24 09:00", "2026-03-31 09:00", "2026-04-07 09:00"],
    );
    check_dates(
        "2026-10-31 09:00",
        "America/New_York",
        "FREQ=DAILY;COUNT=3",
        &["2026-10-31 09:00", "2026-11-01 09:00", "2026-11-02 09:00"],
    );
}

#[test]
fn an_hour_that_the_clock_skips_is_left_out_and_not_counted() {
    check_dates(
        "2026-03-28 02:30",
        "Europe/Berlin",
        "FREQ=DAILY;COUNT=3",
        &["2026-03-28 02:30", "2026-03-30 02:30", "2026-03-31 02:30"],
    );
    // There the clock skips midnight.
    check_dates(
        "2026-09-05 00:00",
        "America/Santiago",
        "FREQ=DAILY;COUNT=3",
        &["2026-09-05 00:00", "2026-09-07 00:00", "2026-09-08 00:00"],
    );
}

#[test]
fn of_an_hour_that_comes_twice_the_first_counts() {
    let zone = "Europe/Berlin";
    let start = moment("2026-10-24 02:30", zone);
    let planned = PlannedTime {
        service_start_time: start,
        service_end_time: None,
    };
    let daily = Recurrence::parse("FREQ=DAILY;COUNT=3", zone).unwrap();
    let starts: Vec<i64> = daily
        .list_occurrences(planned)
        .unwrap()
        .iter()
        .map(|planned| planned.service_start_time.ms_since(start) / HOUR_MS)
        .collect();
    assert_eq!(starts, [0, 24, 49]);
    let second = PlannedTime {
        service_start_time: start.plus_ms(25 * HOUR_MS),
        service_end_time: None,
    };
    let kept = daily.list_occurrences(second).unwrap();
    assert_eq!(kept[0], second, "the first is as the customer says");
    assert_eq!(
        local_text(kept[1].service_start_time, zone),
        "2026-10-26 02:30"
    );
}

#[test]
fn a_month_without_the_day_is_left_out() {
    check_dates(
        "2027-01-31 10:00",
        "Asia/Shanghai",
        "FREQ=MONTHLY;COUNT=4",
        &[
            "2027-01-31 10:00",
            "2027-03-31 10:00",
            "2027-05-31 10:00",
            "2027-07-31 10:00",
        ],
    );
    check_dates(
        "2028-01-29 10:00",
        "Asia/Shanghai",
        "FREQ=MONTHLY;COUNT=2",
        &["2028-01-29 10:00", "2028-02-29 10:00"],
    );
    check_dates(
        "2027-01-29 10:00",
        "Asia/Shanghai",
        "FREQ=MONTHLY;COUNT=2",
        &["2027-01-29 10:00", "2027-03-29 10:00"],
    );
}

#[test]
fn a_rule_names_days_of_the_week_and_of_the_month() {
    check_dates(
        "2026-12-02 08:00",
        "Asia/Shanghai",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,MO,WE;COUNT=5",
        &[
            "2026-12-02 08:00",
            "2026-12-04 08:00",
            "2026-12-14 08:00",
            "2026-12-16 08:00",
            "2026-12-18 08:00",
        ],
    );
    check_dates(
        "2026-12-04 08:00",
        "Asia/Shanghai",
        "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=3",
        &["2026-12-04 08:00", "2026-12-07 08:00", "2026-12-08 08:00"],
    );
    check_dates(
        "2026-12-08 08:00",
        "Asia/Shanghai",
        "FREQ=MONTHLY;BYDAY=2TU,-1FR;COUNT=4",
        &[
            "2026-12-08 08:00",
            "2026-12-25 08:00",
            "2027-01-12 08:00",
            "2027-01-29 08:00",
        ],
    );
    check_dates(
        "2026-12-30 08:00",
        "Asia/Shanghai",
        "FREQ=MONTHLY;BYDAY=5WE;COUNT=2",
        &["2026-12-30 08:00", "2027-03-31 08:00"],
    );
}

#[test]
fn an_end_takes_in_its_day_and_its_moment() {
    let first = "2026-12-01 23:00";
    let zone = "Asia/Shanghai";
    let three = ["2026-12-01 23:00", "2026-12-02 23:00", "2026-12-03 23:00"];
    check_dates(first, zone, "FREQ=DAILY;UNTIL=20261203", &three);
    check_dates(first, zone, "FREQ=DAILY;UNTIL=20261203T150000Z", &three);
    check_dates(
        first,
        zone,
        "FREQ=DAILY;UNTIL=20261203T145959Z",
        &three[..2],
    );
}

#[test]
fn the_same_rule_has_one_text() {
    for (text, expected) in [
        (
            "freq=weekly;byday=fr,mo,mo;count=08",
            "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=8",
        ),
        ("COUNT=3;INTERVAL=1;FREQ=DAILY", "FREQ=DAILY;COUNT=3"),
        (
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,+2TU;UNTIL=20270101",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU,-1FR;UNTIL=20270101",
        ),
        (
            "FREQ=DAILY;UNTIL=20270101T080000Z",
            "FREQ=DAILY;UNTIL=20270101T080000Z",
        ),
    ] {
        let rule: RecurrenceRule = text.parse().unwrap();
        assert_eq!(rule.to_string(), expected);
        assert_eq!(rule.to_string().parse(), Ok(rule));
    }
}

#[test]
fn a_rule_that_says_more_than_we_take_is_refused() {
    use RecurrenceRefusal::{UnknownRule, WrongEnd};
    for (rule, refusal) in [
        ("", UnknownRule),
        ("COUNT=3", UnknownRule),
        ("FREQ=YEARLY;COUNT=3", UnknownRule),
        ("FREQ=HOURLY;COUNT=3", UnknownRule),
        ("FREQ=DAILY;FREQ=DAILY;COUNT=3", UnknownRule),
        ("FREQ=DAILY;BYMONTHDAY=3;COUNT=3", UnknownRule),
        ("FREQ=DAILY;COUNT=3;", UnknownRule),
        ("FREQ=DAILY;COUNT=+3", UnknownRule),
        ("FREQ=DAILY;COUNT=0", UnknownRule),
        ("FREQ=DAILY;COUNT=1000", UnknownRule),
        ("FREQ=DAILY;INTERVAL=0;COUNT=3", UnknownRule),
        ("FREQ=DAILY;INTERVAL=100;COUNT=3", UnknownRule),
        ("FREQ=WEEKLY;BYDAY=;COUNT=3", UnknownRule),
        ("FREQ=WEEKLY;BYDAY=XX;COUNT=3", UnknownRule),
        ("FREQ=WEEKLY;BYDAY=2TU;COUNT=3", UnknownRule),
        ("FREQ=MONTHLY;BYDAY=6TU;COUNT=3", UnknownRule),
        ("FREQ=MONTHLY;BYDAY=--1TU;COUNT=3", UnknownRule),
        ("FREQ=DAILY;UNTIL=20270231", UnknownRule),
        ("FREQ=DAILY;UNTIL=20270131T080000", UnknownRule),
        ("FREQ=DAILY", WrongEnd),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", WrongEnd),
    ] {
        assert_eq!(rule.parse::<RecurrenceRule>(), Err(refusal), "{rule}");
    }
    let long = format!("FREQ=DAILY;COUNT=3{}", " ".repeat(200));
    assert_eq!(long.parse::<RecurrenceRule>(), Err(UnknownRule));
}

#[test]
fn a_series_has_two_to_twenty_six_occurrences_within_a_year() {
    use RecurrenceRefusal::{FirstNotInRule, TooFew, TooLong, TooMany};
    // A Tuesday.
    let first = "2026-12-01 09:00";
    let listed = |rule: &str| {
        let dates = list_local(first, "Asia/Shanghai", rule);
        dates.map(|dates| dates.len())
    };
    for (rule, expected) in [
        ("FREQ=DAILY;COUNT=1", Err(TooFew)),
        ("FREQ=DAILY;UNTIL=20261201", Err(TooFew)),
        ("FREQ=DAILY;UNTIL=20261130", Err(TooFew)),
        ("FREQ=DAILY;COUNT=26", Ok(OCCURRENCES_MAX)),
        ("FREQ=DAILY;COUNT=27", Err(TooMany)),
        ("FREQ=DAILY;UNTIL=20261226", Ok(OCCURRENCES_MAX)),
        ("FREQ=DAILY;UNTIL=20261227", Err(TooMany)),
        ("FREQ=MONTHLY;COUNT=13", Ok(13)),
        ("FREQ=MONTHLY;COUNT=14", Err(TooLong)),
        ("FREQ=MONTHLY;INTERVAL=12;UNTIL=20271202", Ok(2)),
        ("FREQ=MONTHLY;INTERVAL=12;UNTIL=20271203", Err(TooLong)),
        ("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3", Err(FirstNotInRule)),
        ("FREQ=MONTHLY;BYDAY=2TU;COUNT=3", Err(FirstNotInRule)),
    ] {
        assert_eq!(listed(rule), expected, "{rule}");
    }
}

#[test]
fn no_occurrence_begins_before_the_one_before_has_ended() {
    let repeated = |zone: &str, length_min: i64| {
        let start = moment("2026-03-28 12:30", zone);
        let planned = PlannedTime {
            service_start_time: start,
            service_end_time: Some(start.plus_ms(length_min * 60_000)),
        };
        let daily = Recurrence::parse("FREQ=DAILY;COUNT=3", zone).unwrap();
        daily.list_occurrences(planned).map(|times| times.len())
    };
    // There, the clock goes forward by two hours in that night.
    let zone = "Antarctica/Troll";
    assert_eq!(repeated(zone, 22 * 60), Ok(3));
    let overlapping = RecurrenceRefusal::Overlapping;
    assert_eq!(repeated(zone, 22 * 60 + 1), Err(overlapping));
    assert_eq!(repeated("Asia/Shanghai", 22 * 60 + 1), Ok(3));
    let any_time = RecurrenceRefusal::NoHours;
    assert_eq!(repeated("Asia/Shanghai", 24 * 60), Err(any_time));
}

#[test]
fn only_time_zones_of_the_iana_are_known() {
    let parse = |zone| Recurrence::parse("FREQ=DAILY;COUNT=2", zone);
    assert_eq!(parse("Asia/Shanghai").unwrap().time_zone(), "Asia/Shanghai");
    for zone in ["", "Berlin", "+08:00", "asia/nowhere", "../etc/passwd"] {
        assert_eq!(
            parse(zone),
            Err(RecurrenceRefusal::UnknownTimeZone),
            "{zone}"
        );
    }
}
