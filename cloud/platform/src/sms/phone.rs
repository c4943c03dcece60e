//! Numbers of phones, in the one form by which two are compared: `+`, the country's code, and the rest.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest number that E.164 allows, without its plus.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
const TYPED_CHARS_MAX: usize = 30;

/// It does not print: it names a person.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

/// The country of numbers that name none, such as `86`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CountryCode(String);

#[derive(Debug, thiserror::Error)]
#[error("a country's code is 1 to 3 digits, such as 86")]
pub struct CountryCodeError;

impl PhoneNumber {
    /// As a person types it: with `+` or `00` and the country's code, or without, at home. `None` for a text that is no
    /// number.
    pub fn typed(text: &str, home: &CountryCode) -> Option<Self> {
        let text = text.trim();
        let is_plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.');
        let rest = text.strip_prefix('+').unwrap_or(text);
        if text.len() > TYPED_CHARS_MAX || !rest.chars().all(is_plain) {
            return None;
        }
        let typed: String = rest.chars().filter(char::is_ascii_digit).collect();
        let digits = if text.starts_with('+') {
            typed
        } else if let Some(abroad) = typed.strip_prefix("00") {
            abroad.to_owned()
        } else {
            // At home a zero leads out of one's town.
            format!("{}{}", home.0, typed.strip_prefix('0').unwrap_or(&typed))
        };
        let is_sound = DIGITS.contains(&digits.len()) && !digits.starts_with('0');
        is_sound.then(|| Self(format!("+{digits}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(***)")
    }
}

impl TryFrom<String> for CountryCode {
    type Error = CountryCodeError;

    fn try_from(code: String) -> Result<Self, CountryCodeError> {
        let is_sound = (1..=3).contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_digit())
            && !code.starts_with('0');
        if is_sound { Ok(Self(code)) } else { Err(CountryCodeError) }
    }
}

impl From<CountryCode> for String {
    fn from(code: CountryCode) -> Self {
        code.0
    }
}

impl Default for CountryCode {
    fn default() -> Self {
        Self("86".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_form_however_it_is_typed() {
        let home = CountryCode::default();
        for typed in [
            "13800138000",
            " 138-0013-8000 ",
            "+86 138 0013 8000",
            "0086 (138) 0013.8000",
            "013800138000",
        ] {
            let number = PhoneNumber::typed(typed, &home).unwrap();
            assert_eq!(number.as_str(), "+8613800138000", "{typed}");
            assert!(!format!("{number:?}").contains("138"));
        }
        let there = CountryCode::try_from("49".to_owned()).unwrap();
        assert_eq!(PhoneNumber::typed("0151 23456789", &there).unwrap().as_str(), "+4915123456789");
    }

    #[test]
    fn a_text_that_is_no_number_is_none() {
        for bad in [
            "",
            "+",
            "12345",
            "+1234567",
            "+1234567890123456",
            "+0123456789",
            "call me",
            "138+00138000",
            "１３８００１３８０００",
            "13800138000\n; rm",
        ] {
            assert_eq!(PhoneNumber::typed(bad, &CountryCode::default()), None, "{bad}");
        }
        for bad in ["", "0", "086", "8600", "+86", "八六"] {
            assert!(CountryCode::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
