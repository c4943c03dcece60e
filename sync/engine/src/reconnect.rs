//! The backoff before an edge reconnects to the hub.
//!
//! Invariant: attempts start at most 2 s apart in the first minute after the link is lost and at
//! most 30 s apart after that. Jitter, drawn from an entropy argument, keeps edges out of step.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const EARLY_MAX: Duration = Duration::from_secs(2);
const LATE_MAX: Duration = Duration::from_secs(30);
const EARLY_FOR: Duration = Duration::from_secs(60);

/// The time between the starts of two attempts. `lost_for` counts from the loss of the last
/// welcomed session, and `attempt` starts at 0 then.
pub fn backoff_delay(lost_for: Duration, attempt: u32, entropy: u64) -> Duration {
    let max = if lost_for < EARLY_FOR {
        EARLY_MAX
    } else {
        LATE_MAX
    };
    let ceiling = FIRST.saturating_mul(1 << attempt.min(16)).min(max);
    // At least half the ceiling: calls to a recovering hub are spread, and none comes without a
    // pause.
    let half = ceiling / 2;
    let span = u64::try_from(half.as_millis())
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    half + Duration::from_millis(entropy % span)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_keeps_its_bounds(lost_ms in 0u64..400_000, attempt: u32, entropy: u64) {
            let lost_for = Duration::from_millis(lost_ms);
            let wait = backoff_delay(lost_for, attempt, entropy);
            let max = if lost_ms < 60_000 { 2_000 } else { 30_000 };
            prop_assert!(wait <= Duration::from_millis(max));
            prop_assert!(wait >= Duration::from_millis(100));
        }
    }

    #[test]
    fn the_first_call_comes_soon_and_late_ones_spread() {
        assert!(backoff_delay(Duration::ZERO, 0, u64::MAX) <= Duration::from_millis(200));
        let late: Vec<_> = (0..4)
            .map(|n| backoff_delay(EARLY_FOR, 40, n * 4_001))
            .collect();
        assert!(late.windows(2).all(|pair| pair[0] != pair[1]), "{late:?}");
        assert!(late.iter().all(|wait| *wait >= Duration::from_secs(15)));
    }
}
