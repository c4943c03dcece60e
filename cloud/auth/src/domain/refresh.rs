//! The refresh tokens of one session. The first use of a token spends it and creates its successor.
//!
//! A spent token that arrives again has two holders, so the session ends. In two cases the last
//! spent token yields the same successor instead: the attempt that spent it may retry at any time,
//! because its answer may be lost; and any client may for a minute, so that two programs that share
//! a sign-in do not sign each other out.
//!
//! Invariant: issue times, in whole seconds, strictly increase within a family.
//!
//! After a readmission, tokens start at a later whole second.

use uuid::Uuid;
use wire::UnixMillis;

/// How long the last spent token yields its successor again.
const REPEATED_MS: i64 = 60_000;
const SECOND_MS: i64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshFamily {
    pub newest: UnixMillis,
    pub before: UnixMillis,
    /// The attempt that spent the previous token.
    pub attempt: Option<Uuid>,
}

/// A refresh token from a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentedRefreshToken {
    pub issued: UnixMillis,
    /// The program's idempotency key for one use, kept until the answer arrives.
    pub attempt: Option<Uuid>,
}

/// The outcome of presenting a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshUse {
    /// First use. The successor is issued at this moment.
    First(UnixMillis),
    /// A retry after a possibly lost answer. The successor was issued at this moment.
    Repeated(UnixMillis),
    /// Spent: two clients hold it.
    Reused,
    /// Newer than the family's newest, as after a restore from a backup.
    Unknown,
}

impl RefreshFamily {
    /// Builds the family from its database row. Its first token is as old as the session.
    pub fn from_stored(
        began: UnixMillis,
        newest: UnixMillis,
        before: UnixMillis,
        attempt: Option<Uuid>,
    ) -> Self {
        let first = UnixMillis(began.0 - began.0.rem_euclid(SECOND_MS));
        Self {
            newest: newest.max(first),
            before,
            attempt,
        }
    }

    pub fn classify_use(self, presented: PresentedRefreshToken, now: UnixMillis) -> RefreshUse {
        let Self { newest, before, .. } = self;
        let issued = presented.issued;
        if issued > newest {
            return RefreshUse::Unknown;
        }
        if issued == newest {
            let whole = UnixMillis(now.0 - now.0.rem_euclid(SECOND_MS));
            return RefreshUse::First(whole.max(newest.plus_ms(SECOND_MS)));
        }
        let is_same_attempt = presented.attempt.is_some() && presented.attempt == self.attempt;
        if issued == before && (is_same_attempt || now.ms_since(newest) < REPEATED_MS) {
            return RefreshUse::Repeated(newest);
        }
        RefreshUse::Reused
    }
}

/// Returns the first whole second after all these moments: tokens store their issue time in
/// seconds, so an older token cannot pass for a newer one.
pub(crate) fn earliest_token_time(moments: &[UnixMillis]) -> UnixMillis {
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

    const BEGAN: UnixMillis = UnixMillis(1_764_000_000_000);

    fn at(seconds: i64) -> UnixMillis {
        BEGAN.plus_ms(seconds * SECOND_MS)
    }

    fn family(newest: i64, before: i64) -> RefreshFamily {
        RefreshFamily {
            newest: at(newest),
            before: at(before),
            attempt: Some(Uuid::from_u128(1)),
        }
    }

    fn sent(issued: UnixMillis) -> PresentedRefreshToken {
        PresentedRefreshToken {
            issued,
            attempt: None,
        }
    }

    #[test]
    fn the_first_use_makes_a_successor_that_is_later() {
        let first =
            RefreshFamily::from_stored(BEGAN.plus_ms(700), UnixMillis(0), UnixMillis(0), None);
        assert_eq!(
            first.newest, BEGAN,
            "as the token says it, in whole seconds"
        );
        for (now, successor) in [(at(9).plus_ms(999), at(9)), (at(0), at(1)), (at(-5), at(1))] {
            assert_eq!(
                first.classify_use(sent(BEGAN), now),
                RefreshUse::First(successor),
                "{now:?}"
            );
        }
    }

    #[test]
    fn the_predecessor_gives_the_same_successor_for_a_minute() {
        let family = family(100, 40);
        for (now, expected) in [
            (at(100), RefreshUse::Repeated(at(100))),
            (at(160).plus_ms(-1), RefreshUse::Repeated(at(100))),
            (at(160), RefreshUse::Reused),
        ] {
            assert_eq!(family.classify_use(sent(at(40)), now), expected, "{now:?}");
        }
    }

    #[test]
    fn the_same_attempt_gives_the_same_successor_at_any_time_and_no_other_does() {
        let family = family(100, 40);
        let by = |attempt, issued| {
            let sent = PresentedRefreshToken {
                issued: at(issued),
                attempt: Some(Uuid::from_u128(attempt)),
            };
            family.classify_use(sent, at(9_000))
        };
        assert_eq!(by(1, 40), RefreshUse::Repeated(at(100)));
        assert_eq!(by(2, 40), RefreshUse::Reused);
        assert_eq!(by(1, 39), RefreshUse::Reused, "an older one than it spent");
        let unnamed = RefreshFamily {
            attempt: None,
            ..family
        };
        assert_eq!(
            unnamed.classify_use(sent(at(40)), at(9_000)),
            RefreshUse::Reused
        );
    }

    #[test]
    fn an_older_one_is_reused_at_once_and_a_newer_one_is_nobodys() {
        let family = family(100, 40);
        assert_eq!(
            family.classify_use(sent(at(39)), at(100)),
            RefreshUse::Reused
        );
        assert_eq!(
            family.classify_use(sent(BEGAN), at(100)),
            RefreshUse::Reused
        );
        assert_eq!(
            family.classify_use(sent(at(101)), at(101)),
            RefreshUse::Unknown
        );
    }

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
