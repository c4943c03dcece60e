//! Stops the guessing of passwords: ten wrong ones within a quarter of an hour lock the name for
//! everyone, its owner too, until a quarter of an hour after the last.
//!
//! Names that do not exist lock in the same way, so that a lock does not tell which names exist.

use wire::UnixMillis;

pub const WRONG_PASSWORDS_MAX: usize = 10;
pub const LOCK_MS: i64 = 15 * 60 * 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lockout {
    Open,
    Until(UnixMillis),
}

impl Lockout {
    /// How far back a failure can still matter: a run of failures may be `LOCK_MS` long, and locks
    /// for as long again.
    pub fn horizon(now: UnixMillis) -> UnixMillis {
        now.plus_ms(-2 * LOCK_MS)
    }

    /// `failures`: the latest wrong passwords since the last success, newest first, of which the
    /// first `WRONG_PASSWORDS_MAX` suffice.
    pub fn judge(failures: &[UnixMillis], now: UnixMillis) -> Self {
        let (Some(&newest), Some(&tenth)) =
            (failures.first(), failures.get(WRONG_PASSWORDS_MAX - 1))
        else {
            return Self::Open;
        };
        let until = newest.plus_ms(LOCK_MS);
        if newest.since(tenth) <= LOCK_MS && now < until { Self::Until(until) } else { Self::Open }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    /// Failures this many minutes before minute 100, newest first.
    fn judge(minutes_ago: &[i64]) -> Lockout {
        let now = UnixMillis(100 * MINUTE_MS);
        let failures: Vec<_> = minutes_ago.iter().map(|m| now.plus_ms(-m * MINUTE_MS)).collect();
        Lockout::judge(&failures, now)
    }

    #[test]
    fn the_tenth_wrong_password_locks_for_a_quarter_of_an_hour() {
        assert_eq!(judge(&[]), Lockout::Open);
        assert_eq!(judge(&[0; 9]), Lockout::Open);
        assert_eq!(judge(&[0; 10]), Lockout::Until(UnixMillis(115 * MINUTE_MS)));
        assert_eq!(judge(&[14; 10]), Lockout::Until(UnixMillis(101 * MINUTE_MS)));
        assert_eq!(judge(&[15; 10]), Lockout::Open);
    }

    #[test]
    fn slow_mistakes_do_not_add_up() {
        assert_eq!(judge(&[0, 2, 4, 6, 8, 10, 12, 14, 15, 16]), Lockout::Open);
        assert!(matches!(judge(&[0, 2, 4, 6, 8, 10, 12, 14, 15, 15]), Lockout::Until(_)));
    }

    #[test]
    fn whatever_can_lock_lies_within_the_horizon() {
        let now = UnixMillis(100 * MINUTE_MS);
        assert_eq!(Lockout::horizon(now), UnixMillis(70 * MINUTE_MS));
        assert!(matches!(judge(&[14, 14, 14, 14, 14, 14, 14, 14, 14, 29]), Lockout::Until(_)));
    }
}
