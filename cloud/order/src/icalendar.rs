//! Renders jobs as a calendar that phones read (RFC 5545).
//!
//! Invariants: a line has at most 75 bytes and breaks between characters; no text ends its line or
//! starts another property.

use wire::{ServiceHours, UnixMillis};

/// Without the line break.
const LINE_BYTES_MAX: usize = 75;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// The start of the year 9999. A calendar has no later day.
const LATEST_MS: i64 = 253_370_764_800_000;

pub(crate) struct CalendarEvent {
    /// The same in every version of the event.
    pub uid: String,
    pub version: u64,
    pub changed_at: UnixMillis,
    pub start: UnixMillis,
    pub end: Option<UnixMillis>,
    pub is_cancelled: bool,
    pub title: String,
    pub description: String,
}

pub(crate) fn render_calendar(events: &[CalendarEvent]) -> String {
    let mut calendar = CalendarText::default();
    calendar.add_line("BEGIN:VCALENDAR");
    calendar.add_line("VERSION:2.0");
    calendar.add_line("PRODID:-//Holdfast//Orders//EN");
    calendar.add_line("CALSCALE:GREGORIAN");
    calendar.add_line("NAME:Holdfast");
    calendar.add_line("X-WR-CALNAME:Holdfast");
    calendar.add_line("REFRESH-INTERVAL;VALUE=DURATION:PT15M");
    calendar.add_line("X-PUBLISHED-TTL:PT15M");
    for event in events {
        calendar.add_event(event);
    }
    calendar.add_line("END:VCALENDAR");
    calendar.0
}

#[derive(Default)]
struct CalendarText(String);

impl CalendarText {
    fn add_event(&mut self, event: &CalendarEvent) {
        let status = match event.is_cancelled {
            true => "CANCELLED",
            false => "CONFIRMED",
        };
        self.add_line("BEGIN:VEVENT");
        self.add_line(&format!("UID:{}", event.uid));
        self.add_line(&format!("DTSTAMP:{}", format_time(event.changed_at)));
        self.add_line(&format!("SEQUENCE:{}", event.version));
        self.add_times(event.start, event.end);
        self.add_line(&format!("STATUS:{status}"));
        self.add_line(&format!("SUMMARY:{}", escape_text(&event.title)));
        self.add_line(&format!("DESCRIPTION:{}", escape_text(&event.description)));
        self.add_line("END:VEVENT");
    }

    fn add_times(&mut self, start: UnixMillis, end: Option<UnixMillis>) {
        let hours = ServiceHours::from_times(Some(start), end);
        let (kind, starts, ends) = match hours {
            Some(hours) => ("", format_time(start), Some(format_time(hours.end))),
            None => (";VALUE=DATE", format_day(start), end.map(format_day)),
        };
        self.add_line(&format!("DTSTART{kind}:{starts}"));
        // Calendars refuse an end that does not follow the start, as at the end of time.
        if let Some(ends) = ends.filter(|ends| *ends > starts) {
            self.add_line(&format!("DTEND{kind}:{ends}"));
        }
    }

    /// Folds a long line: each further part starts with a space.
    fn add_line(&mut self, line: &str) {
        let mut bytes = 0;
        for character in line.chars() {
            if bytes + character.len_utf8() > LINE_BYTES_MAX {
                self.0.push_str("\r\n ");
                bytes = 1;
            }
            self.0.push(character);
            bytes += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// Other control characters have no place in a calendar.
fn escape_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\\' | ';' | ',' => escaped.extend(['\\', character]),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// In UTC: `20251124T160000Z`.
fn format_time(at: UnixMillis) -> String {
    let text = UnixMillis(at.0.clamp(0, LATEST_MS)).to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    let digits: String = seconds.chars().filter(|one| !"-:".contains(*one)).collect();
    format!("{digits}Z")
}

/// The day that starts at a midnight, wherever that midnight is. Half a day later, UTC has the same
/// date as every place up to twelve hours from it.
fn format_day(midnight: UnixMillis) -> String {
    let noon = format_time(midnight.plus_ms(12 * HOUR_MS));
    noon.chars().take_while(|one| *one != 'T').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-11-24T16:00:00Z, a midnight in Shanghai.
    const START: UnixMillis = UnixMillis(1_764_000_000_000);

    fn event() -> CalendarEvent {
        CalendarEvent {
            uid: "1@holdfast".into(),
            version: 3,
            changed_at: START.plus_ms(-HOUR_MS),
            start: START,
            end: Some(START.plus_ms(2 * HOUR_MS)),
            is_cancelled: false,
            title: "Fix a tap".into(),
            description: "N-7F3K9Q".into(),
        }
    }

    fn rendered(event: CalendarEvent) -> String {
        render_calendar(&[event])
    }

    /// The values of a property, unfolded, in their order.
    fn values(calendar: &str, name: &str) -> Vec<String> {
        let whole = calendar.replace("\r\n ", "");
        let lines = whole.split("\r\n");
        let found = lines.filter_map(|line| line.strip_prefix(name));
        found.map(str::to_owned).collect()
    }

    #[test]
    fn a_job_is_an_event_between_two_moments() {
        let expected = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Holdfast//Orders//EN",
            "CALSCALE:GREGORIAN",
            "NAME:Holdfast",
            "X-WR-CALNAME:Holdfast",
            "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
            "X-PUBLISHED-TTL:PT15M",
            "BEGIN:VEVENT",
            "UID:1@holdfast",
            "DTSTAMP:20251124T150000Z",
            "SEQUENCE:3",
            "DTSTART:20251124T160000Z",
            "DTEND:20251124T180000Z",
            "STATUS:CONFIRMED",
            "SUMMARY:Fix a tap",
            "DESCRIPTION:N-7F3K9Q",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ];
        assert_eq!(rendered(event()), expected.join("\r\n"));
        let cancelled = CalendarEvent {
            is_cancelled: true,
            ..event()
        };
        assert_eq!(values(&rendered(cancelled), "STATUS:"), ["CANCELLED"]);
    }

    #[test]
    fn a_window_of_a_whole_day_is_a_day() {
        // From that midnight to the next; in New York, five hours behind UTC; the day on which the
        // clock goes forward; and two days.
        for (start_hours, hours, first, after) in [
            (0, 24, "20251125", "20251126"),
            (13, 24, "20251125", "20251126"),
            (8, 24, "20251125", "20251126"),
            (0, 23, "20251125", "20251126"),
            (0, 48, "20251125", "20251127"),
        ] {
            let start = START.plus_ms(start_hours * HOUR_MS);
            let calendar = rendered(CalendarEvent {
                start,
                end: Some(start.plus_ms(hours * HOUR_MS)),
                ..event()
            });
            let days = [
                values(&calendar, "DTSTART;VALUE=DATE:"),
                values(&calendar, "DTEND;VALUE=DATE:"),
            ];
            assert_eq!(days, [[first], [after]], "{start_hours}, {hours}");
        }
        let shorter = rendered(CalendarEvent {
            end: Some(START.plus_ms(23 * HOUR_MS - 1)),
            ..event()
        });
        assert_eq!(values(&shorter, "DTSTART:"), ["20251124T160000Z"]);
        assert_eq!(values(&shorter, "DTEND:"), ["20251125T145959Z"]);
    }

    #[test]
    fn a_job_without_an_end_takes_an_hour() {
        for end in [None, Some(START), Some(START.plus_ms(-HOUR_MS))] {
            let calendar = rendered(CalendarEvent { end, ..event() });
            assert_eq!(values(&calendar, "DTSTART:"), ["20251124T160000Z"]);
            assert_eq!(values(&calendar, "DTEND:"), ["20251124T170000Z"]);
        }
    }

    #[test]
    fn no_time_spoils_the_calendar() {
        let far = UnixMillis(i64::MAX);
        for (start, end) in [
            (far, None),
            (START, Some(far)),
            (far.plus_ms(-1), Some(far)),
            (far.plus_ms(-2 * 23 * HOUR_MS), Some(far)),
        ] {
            let calendar = rendered(CalendarEvent {
                start,
                end,
                ..event()
            });
            let mut times = Vec::new();
            for line in calendar.lines().filter(|line| line.starts_with("DT")) {
                let (name, value) = line.split_once(':').unwrap();
                let digits = value.bytes().filter(u8::is_ascii_digit).count();
                assert!(matches!((value.len(), digits), (8, 8) | (16, 14)), "{line}");
                times.extend((name != "DTSTAMP").then_some(value));
            }
            assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
        }
    }

    #[test]
    fn a_text_stays_in_its_line_and_reads_back() {
        let text = "Tap; sink, C:\\ and\r\nEND:VEVENT\u{0}\u{7f}\u{85} 水";
        let calendar = rendered(CalendarEvent {
            title: text.into(),
            description: "One\nTwo".into(),
            ..event()
        });
        assert_eq!(
            values(&calendar, "SUMMARY:"),
            ["Tap\\; sink\\, C:\\\\ and\\nEND:VEVENT 水"]
        );
        assert_eq!(values(&calendar, "DESCRIPTION:"), ["One\\nTwo"]);
        assert_eq!(values(&calendar, "END:VEVENT"), [""]);
    }

    #[test]
    fn a_long_line_is_folded_between_characters() {
        for shift in 0..4 {
            let title = format!("{}{}🔧", "x".repeat(shift), "修理水龙头".repeat(20));
            let calendar = rendered(CalendarEvent {
                title: title.clone(),
                ..event()
            });
            assert_eq!(values(&calendar, "SUMMARY:"), [title]);
            let lines: Vec<_> = calendar.split("\r\n").collect();
            assert!(lines.iter().all(|line| line.len() <= LINE_BYTES_MAX));
            // A character of three bytes may leave two unused.
            let begins = |line: &&&str| line.starts_with("SUMMARY:");
            let first = lines.iter().find(begins).unwrap();
            assert!(first.len() > LINE_BYTES_MAX - 3, "{first}");
        }
        let whole = rendered(CalendarEvent {
            title: "x".repeat(LINE_BYTES_MAX - "SUMMARY:".len()),
            ..event()
        });
        assert!(!whole.contains("\r\n "), "exactly one line");
    }
}
