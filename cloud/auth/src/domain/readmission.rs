//! The beginning of the tokens of somebody who is let in again.

use wire::UnixMillis;

const SECOND_MS: i64 = 1_000;

/// The first whole second behind all these moments: a token tells its moment of issue in seconds,
/// so one from before cannot look as if it came after.
pub fn first_tokens_after(moments: &[UnixMillis]) -> UnixMillis {
    let latest = moments.iter().map(|moment| moment.0).max().unwrap_or_default();
    UnixMillis((latest.div_euclid(SECOND_MS) + 1) * SECOND_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_begin_anew_behind_every_second_that_had_older_ones() {
        let after = |moments: &[i64]| {
            let moments: Vec<_> = moments.iter().copied().map(UnixMillis).collect();
            first_tokens_after(&moments).0
        };
        assert_eq!(after(&[10_000]), 11_000);
        assert_eq!(after(&[10_999, 0, 10_001]), 11_000);
        assert_eq!(after(&[10_000, 12_000, 11_999]), 13_000, "the clock was set back");
    }
}
