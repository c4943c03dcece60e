//! The earliest valid issue time of tokens after a readmission.

use wire::UnixMillis;

const SECOND_MS: i64 = 1_000;

/// Returns the first whole second after all these moments: tokens store their issue time in
/// seconds, so an older token cannot pass for a newer one.
pub fn earliest_token_time(moments: &[UnixMillis]) -> UnixMillis {
    let latest = moments
        .iter()
        .map(|moment| moment.0)
        .max()
        .unwrap_or_default();
    UnixMillis((latest.div_euclid(SECOND_MS) + 1) * SECOND_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_begin_anew_behind_every_second_that_had_older_ones() {
        let after = |moments: &[i64]| {
            let moments: Vec<_> = moments.iter().copied().map(UnixMillis).collect();
            earliest_token_time(&moments).0
        };
        assert_eq!(after(&[10_000]), 11_000);
        assert_eq!(after(&[10_999, 0, 10_001]), 11_000);
        assert_eq!(
            after(&[10_000, 12_000, 11_999]),
            13_000,
            "the clock was set back"
        );
    }
}
