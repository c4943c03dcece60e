//! Exact money: integer minor units with a currency, a decimal string such as `"200.00"` in JSON.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, de};
use serde_with::SerializeDisplay;

words! {
    /// The currencies of prices. `Amount` relies on each having two decimals.
    #[derive(Default, Encode, Decode)]
    #[cbor(index_only)]
    Currency {
        #[default]
        Cny = 0 "CNY",
        Usd = 1 "USD",
        Eur = 2 "EUR",
        Hkd = 3 "HKD",
    }
}

words_from_text!(Currency);

impl Currency {
    /// `None` if the sign would suggest another currency: the Hong Kong dollar shares `$`.
    pub fn unique_symbol(self) -> Option<&'static str> {
        match self {
            Self::Cny => Some("¥"),
            Self::Usd => Some("$"),
            Self::Eur => Some("€"),
            Self::Hkd => None,
        }
    }
}

/// Minor units, in the range of DECIMAL(10,2).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, Encode, Decode,
)]
#[cbor(transparent)]
pub struct Amount(#[n(0)] i64);

text_schema!(
    Amount,
    "Exact money as a decimal text.",
    pattern = r"^-?\d{1,8}(\.\d{1,2})?$",
    "200.00"
);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("`{0}` is not an amount such as 200.00")]
    NotANumber(String),
    #[error("`{0}` is finer than one cent")]
    TooFine(String),
    #[error("`{0}` is outside -99999999.99 to 99999999.99")]
    OutOfRange(String),
}

impl Amount {
    pub const MAX_MINOR: i64 = 9_999_999_999;
    pub const ZERO: Self = Self(0);

    pub fn from_minor(minor: i64) -> Result<Self, AmountError> {
        if (-Self::MAX_MINOR..=Self::MAX_MINOR).contains(&minor) {
            Ok(Self(minor))
        } else {
            Err(AmountError::OutOfRange(minor.to_string()))
        }
    }

    pub fn minor_units(self) -> i64 {
        self.0
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The amount as texts and pages show it: `¥1,180.00`, or `1,180.00 HKD` if the currency has no
    /// unique sign.
    pub fn with_currency(self, currency: Currency) -> String {
        let minus = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        let whole = group_thousands(minor / 100);
        let cents = minor % 100;
        match currency.unique_symbol() {
            Some(sign) => format!("{minus}{sign}{whole}.{cents:02}"),
            None => format!("{minus}{whole}.{cents:02} {}", currency.as_str()),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl FromStr for Amount {
    type Err = AmountError;
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if !has_only_digits(whole) || !has_only_digits(fraction) {
            return Err(AmountError::NotANumber(clip_text(text)));
        }
        let cents = fraction.trim_end_matches('0');
        if cents.len() > 2 {
            return Err(AmountError::TooFine(clip_text(text)));
        }
        let minor = format!("{whole}{cents:0<2}").parse::<i64>();
        let amount = minor
            .ok()
            .and_then(|minor| Self::from_minor(sign * minor).ok());
        amount.ok_or_else(|| AmountError::OutOfRange(clip_text(text)))
    }
}

/// Formats `1234567` as `1,234,567`.
fn group_thousands(whole: u64) -> String {
    let digits = whole.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn has_only_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn clip_text(text: &str) -> String {
    text.chars().take(40).collect()
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Amount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount such as \"200.00\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
                self.visit_str(&number.to_string())
            }
            // JSON offers only a float here. Its shortest text is the sender's input, so parse that
            // text and do no arithmetic on the float.
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Amount, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<&str>) {
        let read = serde_json::from_str::<Amount>(json)
            .ok()
            .map(|amount| amount.to_string());
        assert_eq!(read.as_deref(), expected, "{json}");
    }

    #[test]
    fn amounts_are_exact_to_the_cent_or_refused() {
        check("\"200.00\"", Some("200.00"));
        check("200", Some("200.00"));
        check("200.5", Some("200.50"));
        check("0.1", Some("0.10"));
        check("\"0.010\"", Some("0.01"));
        check("-3.07", Some("-3.07"));
        check("99999999.99", Some("99999999.99"));
        check("100000000", None);
        check("1.005", None);
        check("\"1e3\"", None);
        check("\"\"", None);
        check("\".5\"", None);
        check("\"5.\"", None);
        check("\"９\"", None);
        check("\"99999999999999999999999\"", None);
        check("null", None);
    }
    /// `protocol/web/src/format.test.ts` checks the pages against the same file.
    #[test]
    fn a_sum_is_written_as_the_pages_write_it() {
        let golden = include_str!("../golden/sentences.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for case in golden["money"].as_array().unwrap() {
            let currency: Currency = case["currency"].as_str().unwrap().parse().unwrap();
            let amount = Amount::from_minor(case["minor"].as_i64().unwrap()).unwrap();
            assert_eq!(
                amount.with_currency(currency),
                case["text"].as_str().unwrap()
            );
            seen.insert(currency.as_str());
        }
        assert_eq!(
            seen.len(),
            Currency::ALL.len(),
            "every currency stands in the file"
        );
    }
}
