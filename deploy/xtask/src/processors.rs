//! How busy the machine's processors were, from Linux's counters. A long stage that leaves them idle
//! waits for clocks.

use std::fs;

/// Time since the machine's start, in ticks of all processors together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessorTime {
    working: u64,
    idle: u64,
}

impl ProcessorTime {
    /// `None` if the system has no such counters.
    pub fn now() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    fn parse(statistics: &str) -> Option<Self> {
        let sums = statistics.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = sums
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        let [user, nice, system, idle, waiting_for_disk, ..] = ticks[..] else {
            return None;
        };
        Some(Self {
            working: user + nice + system,
            idle: idle + waiting_for_disk,
        })
    }

    /// The share of the time since `earlier` in which processors worked.
    pub fn busy_percent_since(self, earlier: Self) -> u64 {
        let working = self.working.saturating_sub(earlier.working);
        let idle = self.idle.saturating_sub(earlier.idle);
        (working * 100).checked_div(working + idle).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busy_share_counts_user_and_system_time_against_idle_and_disk_time() {
        let earlier = ProcessorTime::parse("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3\n").unwrap();
        let later = ProcessorTime::parse("cpu  140 10 125 815 10 0 0 0 0 0\n").unwrap();
        assert_eq!(later.busy_percent_since(earlier), 75);
        assert_eq!(later.busy_percent_since(later), 0);
        assert_eq!(ProcessorTime::parse("intr 1 2 3\n"), None);
    }
}
