//! Formats times and durations.

use wire::UnixMillis;

/// Formats at most two units, such as `3m 12s`.
pub fn format_duration(ms: i64) -> String {
    let seconds = ms / 1000;
    let minutes = seconds / 60;
    let hours = seconds / 3600;
    let days = seconds / 86_400;
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {}s", seconds % 60),
        3600..86_400 => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// Formats a gap, in milliseconds below one second because collisions are that close.
pub fn format_gap(ms: i64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else {
        format_duration(ms)
    }
}

/// Formats a moment in UTC, to the millisecond.
pub fn format_moment(at: UnixMillis) -> String {
    at.to_string().replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_say_what_matters() {
        for (ms, text) in [
            (0, "0s"),
            (999, "0s"),
            (59_999, "59s"),
            (192_000, "3m 12s"),
            (3_600_000, "1h 0m"),
            (90_000_000, "1d 1h"),
        ] {
            assert_eq!(format_duration(ms), text);
        }
        assert_eq!(
            [format_gap(23), format_gap(999), format_gap(1_000)],
            ["23 ms", "999 ms", "1s"]
        );
        assert_eq!(
            format_moment(UnixMillis(1_764_000_000_123)),
            "2025-11-24 16:00:00.123Z"
        );
    }
}
