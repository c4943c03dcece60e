//! Text messages to phones, through an HTTP gateway, into a folder for development, or off; and
//! phone numbers in one canonical form for comparison: `+`, country code, number.
//!
//! Invariants: neither numbers nor texts are logged or appear in errors; a send takes bounded time;
//! every attempt carries the message's id, by which the gateway deduplicates. Callers limit the
//! number of messages.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use process::trust::CertificateAuthorities;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::messages::{
    GatewayAddressError, GatewayError, GatewayProof, MessageFolder, MessageGateway,
};

/// Messages kept in a folder.
const KEPT_MAX: usize = 100;

/// The destination of text messages. Clones share the connections.
#[derive(Clone)]
pub enum Sms {
    Off,
    Folder(Arc<MessageFolder>),
    Gateway(Arc<SmsGateway>),
}

/// Receives `{"id", "to", "text"}`, with the secret as bearer token.
pub struct SmsGateway(MessageGateway);

#[derive(Serialize)]
struct SmsPayload<'a> {
    id: Uuid,
    to: &'a str,
    text: &'a str,
}

pub struct SmsMessage {
    /// A version 7 UUID: the folder sorts by it.
    pub id: Uuid,
    pub to: PhoneNumber,
    pub text: String,
}

const FORM: &str = "a text message address is off, folder:/a/folder or \
    https://gateway.example.org/messages; http is allowed only on this machine";

impl Sms {
    /// `off`, `folder:/a/folder` (created if missing), or the address of a gateway, with the file
    /// of its bearer secret.
    pub fn open(url: &str, secret: &Path) -> Result<Self, SmsAddressError> {
        Self::open_trusting(url, secret, &CertificateAuthorities::of_process())
    }

    /// Like [`Self::open`], with the authorities that verify a gateway at `https://`.
    pub fn open_trusting(
        url: &str,
        secret: &Path,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, SmsAddressError> {
        if url == "off" {
            return Ok(Self::Off);
        }
        if let Some(folder) = url.strip_prefix("folder:") {
            return Self::in_folder(Path::new(folder));
        }
        let gateway = MessageGateway::open(url, secret, GatewayProof::Bearer, authorities)?;
        Ok(Self::Gateway(Arc::new(SmsGateway(gateway))))
    }

    fn in_folder(folder: &Path) -> Result<Self, SmsAddressError> {
        if folder.as_os_str().is_empty() {
            return Err(SmsAddressError::Form);
        }
        let made = MessageFolder::open(folder, KEPT_MAX);
        let made = made.map_err(|source| SmsAddressError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        Ok(Self::Folder(Arc::new(made)))
    }

    /// True unless messages are off.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Sends a message. Makes up to three attempts while the gateway is unavailable, at most 14
    /// seconds in all.
    pub async fn send(&self, message: &SmsMessage) -> Result<(), SmsError> {
        match self {
            Self::Off => Err(SmsError::Off),
            Self::Folder(folder) => {
                let kept = json!({ "to": message.to.as_str(), "text": message.text });
                Ok(folder.write_message(message.id, &kept).await?)
            }
            Self::Gateway(gateway) => {
                let SmsMessage { id, to, text } = message;
                let handed = SmsPayload {
                    id: *id,
                    to: to.as_str(),
                    text,
                };
                Ok(gateway.0.send(*id, &handed).await?)
            }
        }
    }
}

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
pub enum SmsAddressError {
    #[error("{FORM}")]
    Form,
    #[error("could not create the text message folder {}", folder.display())]
    Folder {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("could not set up the text message gateway")]
    Gateway(#[source] GatewayAddressError),
}

impl From<GatewayAddressError> for SmsAddressError {
    fn from(error: GatewayAddressError) -> Self {
        match error {
            GatewayAddressError::Form => Self::Form,
            error => Self::Gateway(error),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    #[error("text messages are off")]
    Off,
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("could not write to the text message folder")]
    Folder(#[from] std::io::Error),
}

impl SmsError {
    /// True if the same message may be accepted later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Off => false,
            Self::Gateway(error) => error.is_passing(),
            Self::Folder(_) => true,
        }
    }
}

/// E.164 allows at most 15 digits, without the plus.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
const TYPED_CHARS_MAX: usize = 30;

/// `Debug` hides the number: it is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

/// The default country code of numbers without one, such as `86`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CountryCode(String);

/// Codes of satellite, toll-free, premium and international numbers. Messages to them cost many
/// times as much, and the requester may receive a share of the price.
const OF_NO_COUNTRY: [&str; 9] = [
    "800", "808", "870", "878", "881", "882", "883", "888", "979",
];
/// Expensive numbers within a country: premium, shared-cost and personal ones. The list covers only
/// the best known: a library with every country's numbering plan would go out of date.
const DEAR: [&str; 12] = [
    "+1900", "+3381", "+3382", "+3389", "+4470", "+4484", "+4487", "+449", "+49137", "+49180",
    "+49190", "+49900",
];
/// Satellite phones among China's mobile numbers.
const CHINESE_SATELLITE: [&str; 2] = ["1349", "174"];

#[derive(Debug, thiserror::Error)]
#[error("a country's code is 1 to 3 digits, such as 86")]
pub struct CountryCodeError;

impl PhoneNumber {
    /// Parses a number as people type it: with `+` or `00` and the country code, or without, at
    /// home. `None` if the text is not a number.
    pub fn parse_typed(text: &str, home: &CountryCode) -> Option<Self> {
        let text = text.trim();
        let rest = text.strip_prefix('+').unwrap_or(text);
        let is_plain = rest
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.'));
        if text.len() > TYPED_CHARS_MAX || !is_plain {
            return None;
        }
        let typed: String = rest.chars().filter(char::is_ascii_digit).collect();
        let digits = if text.starts_with('+') {
            typed
        } else if let Some(abroad) = typed.strip_prefix("00") {
            abroad.to_owned()
        } else {
            // In national numbers a leading zero is the trunk prefix.
            format!("{}{}", home.0, typed.strip_prefix('0').unwrap_or(&typed))
        };
        let is_sound = DIGITS.contains(&digits.len()) && !digits.starts_with('0');
        is_sound.then(|| Self(format!("+{digits}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if the number belongs to that country and is not an expensive one.
    pub fn is_ordinary_in(&self, country: &CountryCode) -> bool {
        let digits = self.0.trim_start_matches('+');
        let Some(rest) = digits.strip_prefix(&country.0) else {
            return false;
        };
        let is_dear = DEAR.iter().any(|prefix| self.0.starts_with(prefix));
        !is_dear && (country.0 != "86" || is_chinese_mobile(rest))
    }
}

/// Chinese landlines receive no text messages.
fn is_chinese_mobile(rest: &str) -> bool {
    let is_satellite = CHINESE_SATELLITE
        .iter()
        .any(|prefix| rest.starts_with(prefix));
    let second = rest.as_bytes().get(1);
    let is_mobile =
        rest.starts_with('1') && second.is_some_and(|digit| (b'3'..=b'9').contains(digit));
    rest.len() == 11 && is_mobile && !is_satellite
}

impl CountryCode {
    pub fn is_of_a_country(&self) -> bool {
        !OF_NO_COUNTRY.contains(&self.0.as_str())
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
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
        if is_sound {
            Ok(Self(code))
        } else {
            Err(CountryCodeError)
        }
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
            let number = PhoneNumber::parse_typed(typed, &home).unwrap();
            assert_eq!(number.as_str(), "+8613800138000", "{typed}");
            assert!(!format!("{number:?}").contains("138"));
        }
        let there = CountryCode::try_from("49".to_owned()).unwrap();
        assert_eq!(
            PhoneNumber::parse_typed("0151 23456789", &there)
                .unwrap()
                .as_str(),
            "+4915123456789"
        );
    }

    #[test]
    fn a_number_abroad_of_a_satellite_or_at_a_premium_is_not_ordinary() {
        let country = |code: &str| CountryCode::try_from(code.to_owned()).unwrap();
        let is_ordinary = |number: &str, code: &str| {
            let number = PhoneNumber::parse_typed(number, &CountryCode::default()).unwrap();
            number.is_ordinary_in(&country(code))
        };
        for (number, code) in [
            ("+8613800138000", "86"),
            ("+4915123456789", "49"),
            ("+12025550123", "1"),
            ("+447700900123", "44"),
        ] {
            assert!(is_ordinary(number, code), "{number}");
        }
        for (number, code) in [
            ("+4915123456789", "86"),
            ("+881612345678", "86"),
            ("+8613491234567", "86"),
            ("+8617401234567", "86"),
            ("+861012345678", "86"),
            ("+8612345678901", "86"),
            ("+19005550123", "1"),
            ("+449098790000", "44"),
            ("+447012345678", "44"),
            ("+499001234567", "49"),
        ] {
            assert!(!is_ordinary(number, code), "{number}");
        }
        for code in OF_NO_COUNTRY {
            assert!(!country(code).is_of_a_country(), "{code}");
        }
        assert!(country("86").is_of_a_country() && country("88").is_of_a_country());
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
            assert_eq!(
                PhoneNumber::parse_typed(bad, &CountryCode::default()),
                None,
                "{bad}"
            );
        }
        for bad in ["", "0", "086", "8600", "+86", "八六"] {
            assert!(CountryCode::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
