//! Credentials besides passwords: codes and device secrets, parsed as people and their keyboards
//! type them. Also the lockout, which limits guessing but lets no attacker lock a person out of a
//! device that they have used before.
//!
//! Wrong passwords count per name and place: an address, or a device known for the account. Ten
//! within a day lock the name at that place for a quarter of an hour after the last, and each
//! further five double the time. All addresses together slow down too, so that many cannot keep
//! guessing, but only after more guesses than a few addresses can make. A known device is exempt
//! from this.
//!
//! Nonexistent names get the same treatment, so that a lockout does not reveal which exist.

use std::fmt;

use wire::UnixMillis;

/// Crockford's base 32: five bits a character.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP_CHARS: usize = 4;
const RANDOM_BYTES: usize = 32;
/// `RANDOM_BYTES` as base64url without padding.
const DEVICE_SECRET_CHARS: usize = 43;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// The first sign-in within this time after the registration sends no news.
const FIRST_SIGN_IN_WITHIN_MS: i64 = DAY_MS;
const QUARTER_MS: i64 = 15 * 60 * 1000;
/// Wrong passwords from one place before it waits.
const OF_PLACE_MAX: i64 = 10;
/// Wrong passwords from all addresses before each waits.
const OF_ALL_MAX: i64 = 100;
const FIRST_WAIT_OF_ALL_MS: i64 = 2_000;

/// True if a sign-in from a new place is news for the account's owner. `others_known` counts the
/// account's other known places.
pub(crate) fn is_news_of_new_place(
    others_known: usize,
    registered_at: UnixMillis,
    now: UnixMillis,
) -> bool {
    others_known > 0 || now.ms_since(registered_at) >= FIRST_SIGN_IN_WITHIN_MS
}

#[derive(Clone, PartialEq, Eq)]
pub struct SignInCode(String);

impl SignInCode {
    pub const DIGITS: usize = 6;
    const ALL: u64 = 1_000_000;

    /// With 64 random bits, modulo bias stays below one in ten million million.
    pub fn new(random: [u8; 8]) -> Self {
        let digits = Self::DIGITS;
        Self(format!(
            "{:0digits$}",
            u64::from_be_bytes(random) % Self::ALL
        ))
    }

    /// `None` if the text is not a code. A Chinese keyboard may write wide digits.
    pub fn parse_typed(text: &str) -> Option<Self> {
        let plain = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let narrow = plain.map(|c| match c {
            '\u{ff10}'..='\u{ff19}' => {
                char::from_digit(u32::from(c) - u32::from('\u{ff10}'), 10).unwrap_or(c)
            }
            c => c,
        });
        let code: String = narrow.take(Self::DIGITS + 1).collect();
        let is_sound = code.len() == Self::DIGITS && code.bytes().all(|b| b.is_ascii_digit());
        is_sound.then_some(Self(code))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignInCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInCode(***)")
    }
}

/// 80 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    pub const CHARS: usize = 16;

    /// Uses five bits of each byte.
    pub fn new(random: [u8; Self::CHARS]) -> Self {
        Self(
            random
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
                .iter()
                .collect(),
        )
    }

    /// `None` if the text is not a code.
    pub fn parse_typed(text: &str) -> Option<Self> {
        let plain = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| match c {
                'o' | 'O' => '0',
                'i' | 'I' | 'l' | 'L' => '1',
                c => c.to_ascii_uppercase(),
            });
        let code: String = plain.take(Self::CHARS + 1).collect();
        let is_sound = code.len() == Self::CHARS && code.bytes().all(|b| ALPHABET.contains(&b));
        is_sound.then_some(Self(code))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Formats the code in groups, for reading aloud.
    pub fn reveal(&self) -> String {
        let groups = self.0.as_bytes().chunks(GROUP_CHARS);
        groups
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join("-")
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(***)")
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct DeviceSecret(String);

impl DeviceSecret {
    pub const RANDOM_BYTES: usize = RANDOM_BYTES;

    /// `None` if the text cannot be one of our secrets.
    pub fn new(text: String) -> Option<Self> {
        let is_secret = text.len() == DEVICE_SECRET_CHARS && text.bytes().all(is_base64url_byte);
        is_secret.then_some(Self(text))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

fn is_base64url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSecret(***)")
    }
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

    /// `of_all` is `None` for a known device.
    pub fn from_guesses(here: WrongGuesses, of_all: Option<WrongGuesses>, now: UnixMillis) -> Self {
        let place = here.locked_until(place_backoff_ms);
        let all = of_all.and_then(|of_all| of_all.locked_until(total_backoff_ms));
        match place.max(all) {
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
    (count >= OF_PLACE_MAX).then(|| backoff_ms(QUARTER_MS, (count - OF_PLACE_MAX) / 5, DAY_MS))
}

fn total_backoff_ms(count: i64) -> Option<i64> {
    let steps = (count - OF_ALL_MAX) / 10;
    (count >= OF_ALL_MAX).then(|| backoff_ms(FIRST_WAIT_OF_ALL_MS, steps, QUARTER_MS))
}

fn backoff_ms(first_ms: i64, times: i64, most_ms: i64) -> i64 {
    let factor = u32::try_from(times)
        .ok()
        .and_then(|times| 2_i64.checked_pow(times));
    factor
        .and_then(|factor| first_ms.checked_mul(factor))
        .map_or(most_ms, |ms| ms.min(most_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits_and_is_taken_as_people_type_it() {
        assert_eq!(SignInCode::new([0; 8]).reveal(), "000000");
        let code = SignInCode::new(1_012_345_u64.to_be_bytes());
        assert_eq!(code.reveal(), "012345");
        for typed in ["012345", " 012 345 ", "012-345", "０１２３４５"] {
            assert_eq!(
                SignInCode::parse_typed(typed).as_ref(),
                Some(&code),
                "{typed}"
            );
        }
        for wrong in ["", "01234", "0123456", "01234a", "一二三四五六", "٠١٢٣٤٥"] {
            assert_eq!(SignInCode::parse_typed(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains("012"));
    }

    #[test]
    fn a_code_is_read_out_in_groups_and_typed_as_people_do() {
        let code = OneTimeCode::new([0, 1, 2, 31, 32, 255, 10, 18, 20, 0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(code.reveal(), "012Z-0ZAJ-M012-3456");
        for typed in [
            "012Z-0ZAJ-M012-3456",
            " o12z 0zaj mOI2 3456 ",
            "0L2Z0ZAJM0123456",
        ] {
            assert_eq!(
                OneTimeCode::parse_typed(typed),
                Some(code.clone()),
                "{typed}"
            );
        }
        for wrong in [
            "",
            "012Z-0ZAJ-M012-345",
            "012Z-0ZAJ-M012-34567",
            "012Z-0ZAJ-M012-345U",
            "密",
        ] {
            assert_eq!(OneTimeCode::parse_typed(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains("012Z"));
    }

    #[test]
    fn a_secret_has_its_length_and_does_not_print() {
        let text = process::random::secret_text(DeviceSecret::RANDOM_BYTES);
        let secret = DeviceSecret::new(text.clone()).unwrap();
        assert!(!format!("{secret:?}").contains(&text));
        for wrong in [
            String::new(),
            text[1..].to_owned(),
            format!("{}=", &text[1..]),
        ] {
            assert_eq!(DeviceSecret::new(wrong), None);
        }
    }

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
        for (here, expected) in [
            (WrongGuesses::default(), Lockout::Open),
            (guesses(9, 0), Lockout::Open),
            (guesses(10, 0), until_in(15)),
            (guesses(14, 5), until_in(10)),
            (guesses(10, 15), Lockout::Open),
            (guesses(15, 15), until_in(15)),
            (guesses(20, 0), until_in(60)),
            (guesses(9_000, 0), until_in(24 * 60)),
        ] {
            assert_eq!(Lockout::from_guesses(here, None, NOW), expected, "{here:?}");
        }
    }

    #[test]
    fn all_addresses_together_wait_longer_and_longer_but_not_for_ever() {
        let judge = |of_all| Lockout::from_guesses(WrongGuesses::default(), Some(of_all), NOW);
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
        assert!(in_a_day(3) < OF_ALL_MAX, "{}", in_a_day(3));
        assert!((100..350).contains(&in_a_day(40)), "{}", in_a_day(40));
    }
}
