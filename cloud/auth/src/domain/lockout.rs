//! The lockout limits guessing, but lets no attacker lock a person out of a device that they have
//! used before. Also the alert of a sign-in from a new place.
//!
//! Wrong passwords count per name and place: an address, or a device known for the account. Ten
//! within a day lock the name at that place for a quarter of an hour after the last, and each
//! further five double the time. All addresses together slow down too, so that many cannot keep
//! guessing, but only after more guesses than a few addresses can make. A known device is exempt
//! from this.
//!
//! Nonexistent names get the same treatment, so that a lockout does not reveal which exist.

use wire::UnixMillis;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// The first sign-in within this time after the registration sends no alert.
const FIRST_SIGN_IN_WITHIN_MS: i64 = DAY_MS;
const QUARTER_MS: i64 = 15 * 60 * 1000;
/// Wrong passwords from one place before it waits.
const GUESSES_PER_PLACE_MAX: i64 = 10;
/// Wrong passwords from all addresses before each waits.
const GUESSES_IN_TOTAL_MAX: i64 = 100;
const FIRST_TOTAL_WAIT_MS: i64 = 2_000;

/// True if the account's owner gets an alert of a sign-in from a new place. `others_known` counts
/// the account's other known places.
pub(crate) fn is_new_place_alert_due(
    others_known: usize,
    registered_at: UnixMillis,
    now: UnixMillis,
) -> bool {
    others_known > 0 || now.ms_since(registered_at) >= FIRST_SIGN_IN_WITHIN_MS
}

/// The wrong passwords for one name within the last day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WrongGuesses {
    pub count: i64,
    pub newest: Option<UnixMillis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lockout {
    Open,
    Until(UnixMillis),
}

impl Lockout {
    /// Older wrong passwords no longer count.
    pub fn window_start(now: UnixMillis) -> UnixMillis {
        now.plus_ms(-DAY_MS)
    }

    /// `in_total` is `None` for a known device.
    pub fn from_guesses(
        at_place: WrongGuesses,
        in_total: Option<WrongGuesses>,
        now: UnixMillis,
    ) -> Self {
        let place_until = at_place.locked_until(place_backoff_ms);
        let total_until = in_total.and_then(|guesses| guesses.locked_until(total_backoff_ms));
        match place_until.max(total_until) {
            Some(until) if now < until => Self::Until(until),
            _ => Self::Open,
        }
    }
}

impl WrongGuesses {
    /// `None` if there are too few to lock. The newest may be later than the caller's clock
    /// reading, if others guess meanwhile, so a wait of zero would lock as well.
    fn locked_until(self, wait_ms: impl FnOnce(i64) -> Option<i64>) -> Option<UnixMillis> {
        let wait_ms = wait_ms(self.count)?;
        self.newest.map(|newest| newest.plus_ms(wait_ms))
    }
}

fn place_backoff_ms(count: i64) -> Option<i64> {
    (count >= GUESSES_PER_PLACE_MAX)
        .then(|| backoff_ms(QUARTER_MS, (count - GUESSES_PER_PLACE_MAX) / 5, DAY_MS))
}

fn total_backoff_ms(count: i64) -> Option<i64> {
    let steps = (count - GUESSES_IN_TOTAL_MAX) / 10;
    (count >= GUESSES_IN_TOTAL_MAX).then(|| backoff_ms(FIRST_TOTAL_WAIT_MS, steps, QUARTER_MS))
}

fn backoff_ms(first_ms: i64, doublings: i64, max_ms: i64) -> i64 {
    let factor = u32::try_from(doublings)
        .ok()
        .and_then(|doublings| 2_i64.checked_pow(doublings));
    factor
        .and_then(|factor| first_ms.checked_mul(factor))
        .map_or(max_ms, |ms| ms.min(max_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const NOW: UnixMillis = UnixMillis(100 * DAY_MS);

    fn guesses(count: i64, minutes_ago: i64) -> WrongGuesses {
        WrongGuesses {
            count,
            newest: Some(NOW.plus_ms(-minutes_ago * MINUTE_MS)),
        }
    }

    fn until_in(minutes: i64) -> Lockout {
        Lockout::Until(NOW.plus_ms(minutes * MINUTE_MS))
    }

    #[test]
    fn the_tenth_wrong_password_shuts_its_place_for_a_quarter_of_an_hour() {
        for (at_place, expected) in [
            (WrongGuesses::default(), Lockout::Open),
            (guesses(9, 0), Lockout::Open),
            (guesses(10, 0), until_in(15)),
            (guesses(14, 5), until_in(10)),
            (guesses(10, 15), Lockout::Open),
            (guesses(15, 15), until_in(15)),
            (guesses(20, 0), until_in(60)),
            (guesses(9_000, 0), until_in(24 * 60)),
        ] {
            assert_eq!(
                Lockout::from_guesses(at_place, None, NOW),
                expected,
                "{at_place:?}"
            );
        }
    }

    #[test]
    fn all_addresses_together_wait_longer_and_longer_but_not_for_ever() {
        let judge = |in_total| Lockout::from_guesses(WrongGuesses::default(), Some(in_total), NOW);
        assert_eq!(judge(guesses(99, 0)), Lockout::Open);
        assert_eq!(judge(guesses(100, 0)), Lockout::Until(NOW.plus_ms(2_000)));
        assert_eq!(judge(guesses(125, 0)), Lockout::Until(NOW.plus_ms(8_000)));
        assert_eq!(judge(guesses(5_000, 0)), until_in(15));
        assert_eq!(judge(guesses(5_000, 15)), Lockout::Open);
    }

    #[test]
    fn a_guess_counted_meanwhile_locks_nobody_out_below_the_limit() {
        let meanwhile = WrongGuesses {
            count: 9,
            newest: Some(NOW.plus_ms(40)),
        };
        let lockout = Lockout::from_guesses(meanwhile, Some(meanwhile), NOW);
        assert_eq!(lockout, Lockout::Open);
    }

    /// A day's guesses from `addresses` addresses that each guess as soon as allowed.
    fn in_a_day(addresses: usize) -> i64 {
        let mut places = vec![WrongGuesses::default(); addresses];
        let mut all = WrongGuesses::default();
        let mut now = UnixMillis(0);
        loop {
            let open = |place: &&mut WrongGuesses| {
                Lockout::from_guesses(**place, Some(all), now) == Lockout::Open
            };
            if let Some(place) = places.iter_mut().find(open) {
                all = WrongGuesses {
                    count: all.count + 1,
                    newest: Some(now),
                };
                *place = WrongGuesses {
                    count: place.count + 1,
                    newest: Some(now),
                };
            } else {
                now = now.plus_ms(1_000);
            }
            if now.0 >= DAY_MS {
                return all.count;
            }
        }
    }

    #[test]
    fn a_botnet_has_few_guesses_a_day_and_few_addresses_slow_nobody_down() {
        assert!((20..35).contains(&in_a_day(1)), "{}", in_a_day(1));
        assert!(in_a_day(3) < GUESSES_IN_TOTAL_MAX, "{}", in_a_day(3));
        assert!((100..350).contains(&in_a_day(40)), "{}", in_a_day(40));
    }
}
