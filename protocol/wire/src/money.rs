//! Exact money: integer minor units beside a currency, a decimal string such as `"200.00"` in JSON.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The currencies a price may be in. Each has two decimals, which `Amount` relies on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "UPPERCASE")]
#[cbor(index_only)]
pub enum Currency {
    #[default]
    #[n(0)]
    Cny,
    #[n(1)]
    Usd,
    #[n(2)]
    Eur,
    #[n(3)]
    Hkd,
}

impl Currency {
    pub const ALL: [Self; 4] = [Self::Cny, Self::Usd, Self::Eur, Self::Hkd];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cny => "CNY",
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Hkd => "HKD",
        }
    }
}

impl FromStr for Currency {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|currency| currency.as_str() == text)
            .ok_or_else(|| format!("`{}` is not a currency we take", clip(text)))
    }
}

/// Minor units, in the range of DECIMAL(10,2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Amount(#[n(0)] i64);

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
    const MAX_MINOR: i64 = 9_999_999_999;

    pub fn from_minor(minor: i64) -> Result<Self, AmountError> {
        if (-Self::MAX_MINOR..=Self::MAX_MINOR).contains(&minor) {
            Ok(Self(minor))
        } else {
            Err(AmountError::OutOfRange(minor.to_string()))
        }
    }

    pub fn minor(self) -> i64 {
        self.0
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
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
        let shown = || clip(text);
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !numeric(whole) || !numeric(fraction) || digits.ends_with('.') {
            return Err(AmountError::NotANumber(shown()));
        }
        let cents = fraction.trim_end_matches('0');
        if cents.len() > 2 {
            return Err(AmountError::TooFine(shown()));
        }
        let whole: i64 = whole.parse().map_err(|_| AmountError::OutOfRange(shown()))?;
        let cents: i64 = format!("{cents:0<2}").parse().unwrap_or(0);
        let minor = whole
            .checked_mul(100)
            .and_then(|minor| minor.checked_add(cents))
            .ok_or_else(|| AmountError::OutOfRange(shown()))?;
        Self::from_minor(if negative { -minor } else { minor })
            .map_err(|_| AmountError::OutOfRange(shown()))
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
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
            // JSON offers only a float here. Its shortest text is what the sender typed, so the
            // amount is read from that text and no arithmetic is done on the float.
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
        let read = serde_json::from_str::<Amount>(json).ok().map(|amount| amount.to_string());
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
}
