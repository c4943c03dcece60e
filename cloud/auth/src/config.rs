//! The configuration of auth: limits, lifetimes, and the issuers for sign-ins by OpenID Connect.

use std::{num::NonZeroU32, path::PathBuf};

use platform::{
    service::{DataPlace, PartConfig},
    sms::CountryCode,
};
use process::{
    client::is_guarded,
    config::{Secret, SecretUrl},
    parts::CloudPart,
};
use serde::{Deserialize, Serialize};

use crate::domain::SecondFactorPolicy;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    /// The first private key that signs tokens. It also seals all later keys. Created if missing.
    /// Replicas share one.
    pub signing_key: PathBuf,
    /// Confirms that the file deliberately holds a new key: all earlier tokens become invalid.
    pub signing_key_replaced: bool,
    /// How long each key signs.
    pub signing_key_days: NonZeroU32,
    /// How long a key is published before it may sign.
    pub signing_key_known_hours: NonZeroU32,
    /// How long a provider's tablet may work offline, at most 72 hours.
    pub device_grant_hours: GrantHours,
    /// User names of customers' accounts that are kiosks of shops. Their devices work offline like a
    /// provider's tablet.
    pub kiosks: Vec<String>,
    /// Sign-ins from one address. Further ones queue separately, with one password check at a time;
    /// returns from another service are counted separately and refused until the minute ends.
    pub sign_ins_per_address_per_minute: NonZeroU32,
    /// Sign-ins with one name from one address. Further ones are refused until the minute ends.
    pub sign_ins_per_account_per_minute: NonZeroU32,
    /// Registrations from one address. Further ones are refused until midnight, UTC.
    pub registrations_per_address_per_day: NonZeroU32,
    /// Which staff cannot sign in without a second factor: `off`, `sensitive` (those who move money
    /// or manage people or keys), or `staff`. Others may set one up.
    pub second_factor: SecondFactorPolicy,
    /// The portal's origin, such as `https://portal.example.org`: passkeys belong to its host name
    /// and work only there. Empty: only at `http://localhost`.
    pub portal_origin: String,
    /// Destination of codes to phones: `off`, `folder:/a/folder`, or a gateway's `https://`
    /// address.
    pub sms_url: String,
    /// The file with our secret for that gateway.
    pub sms_secret: PathBuf,
    /// The country of phone numbers without a country code.
    pub phone_country: CountryCode,
    /// The countries whose numbers get codes. Empty: only `phone_country`.
    pub phone_countries: Vec<CountryCode>,
    /// Registers a customer on the first right code for a number without an account.
    pub code_newcomers: bool,
    /// Lifetime of a code, at most an hour.
    pub code_minutes: NonZeroU32,
    /// Tries per code, at most ten. Then the code is void.
    pub code_tries: NonZeroU32,
    /// Codes to one number. Further ones are refused until the hour ends.
    pub codes_per_phone_per_hour: NonZeroU32,
    /// Codes to phones requested from one address, such as a kiosk, and as many by mail. Further
    /// ones are refused until the hour ends.
    pub codes_per_address_per_hour: NonZeroU32,
    /// Codes in total. Further ones go only to numbers with an account until the hour ends.
    pub codes_per_hour: NonZeroU32,
    /// Further codes to numbers with an account. Together with `codes_per_hour`, this bounds the
    /// gateway's bill.
    pub codes_for_accounts_per_hour: NonZeroU32,
    /// Confirmation mails per account and per address, and mails with a password code per name.
    /// Further ones are not sent until the hour ends.
    pub address_mails_per_hour: NonZeroU32,
    /// Addresses of accounts created before this moment count as confirmed, such as
    /// `2026-11-24T00:00:00Z`. Empty: none do.
    pub addresses_trusted_before: String,
    /// Days from the request to delete an account until its deletion.
    pub deletion_days: u32,
    /// The address to which other services return browsers: the portal's `/sign-in/back`. Required
    /// with `oidc`.
    pub oidc_return: String,
    /// Other services for sign-ins. None by default.
    pub oidc: Vec<IssuerConfig>,
}

const SIGN_INS_PER_ADDRESS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(300).unwrap();
const SIGN_INS_PER_ACCOUNT_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
const REGISTRATIONS_PER_ADDRESS_PER_DAY: NonZeroU32 = NonZeroU32::new(60).unwrap();
const CODE_MINUTES: NonZeroU32 = NonZeroU32::new(5).unwrap();
const CODE_TRIES: NonZeroU32 = NonZeroU32::new(5).unwrap();
const CODES_PER_PHONE_PER_HOUR: NonZeroU32 = NonZeroU32::new(5).unwrap();
const CODES_PER_ADDRESS_PER_HOUR: NonZeroU32 = NonZeroU32::new(60).unwrap();
const CODES_PER_HOUR: NonZeroU32 = NonZeroU32::new(800).unwrap();
const CODES_FOR_ACCOUNTS_PER_HOUR: NonZeroU32 = NonZeroU32::new(200).unwrap();
const ADDRESS_MAILS_PER_HOUR: NonZeroU32 = NonZeroU32::new(5).unwrap();
const DELETION_DAYS: u32 = 14;
const SIGNING_KEY_DAYS: NonZeroU32 = NonZeroU32::new(30).unwrap();
const SIGNING_KEY_KNOWN_HOURS: NonZeroU32 = NonZeroU32::new(24).unwrap();

impl Default for Config {
    fn default() -> Self {
        Self::default_for_part(CloudPart::Auth, &DataPlace::default())
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        let bind = DataPlace::listen_address(part);
        let sql_url = place.store_address(part);
        Self {
            bind,
            sql_url,
            signing_key: place.file_path("auth.key"),
            signing_key_replaced: false,
            signing_key_days: SIGNING_KEY_DAYS,
            signing_key_known_hours: SIGNING_KEY_KNOWN_HOURS,
            device_grant_hours: GrantHours::default(),
            kiosks: Vec::new(),
            sign_ins_per_address_per_minute: SIGN_INS_PER_ADDRESS_PER_MINUTE,
            sign_ins_per_account_per_minute: SIGN_INS_PER_ACCOUNT_PER_MINUTE,
            registrations_per_address_per_day: REGISTRATIONS_PER_ADDRESS_PER_DAY,
            second_factor: SecondFactorPolicy::Off,
            portal_origin: String::new(),
            sms_url: "off".to_owned(),
            sms_secret: PathBuf::new(),
            phone_country: CountryCode::default(),
            phone_countries: Vec::new(),
            code_newcomers: true,
            code_minutes: CODE_MINUTES,
            code_tries: CODE_TRIES,
            codes_per_phone_per_hour: CODES_PER_PHONE_PER_HOUR,
            codes_per_address_per_hour: CODES_PER_ADDRESS_PER_HOUR,
            codes_per_hour: CODES_PER_HOUR,
            codes_for_accounts_per_hour: CODES_FOR_ACCOUNTS_PER_HOUR,
            address_mails_per_hour: ADDRESS_MAILS_PER_HOUR,
            addresses_trusted_before: String::new(),
            deletion_days: DELETION_DAYS,
            oidc_return: String::new(),
            oidc: Vec::new(),
        }
    }
}

/// Edges give no firm promise once their revocations are 72 hours old, and the hub keeps
/// revocations for 96.
const HOURS_MAX: NonZeroU32 = NonZeroU32::new(72).unwrap();

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NonZeroU32")]
pub struct GrantHours(NonZeroU32);

impl GrantHours {
    pub fn to_seconds(self) -> i64 {
        i64::from(self.0.get()) * 3600
    }
}

impl Default for GrantHours {
    fn default() -> Self {
        Self(HOURS_MAX)
    }
}

impl TryFrom<NonZeroU32> for GrantHours {
    type Error = String;

    fn try_from(hours: NonZeroU32) -> Result<Self, String> {
        let fits = hours <= HOURS_MAX;
        fits.then_some(Self(hours))
            .ok_or_else(|| format!("a device grant must last at most {HOURS_MAX} hours"))
    }
}

/// A service for sign-ins by OpenID Connect.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// In our own addresses, such as `acme`.
    pub name: String,
    /// On the button, as people call it.
    pub label: String,
    /// The identifier that its tokens carry.
    pub issuer: String,
    pub client_id: String,
    /// Empty if the issuer gave none.
    #[serde(default)]
    pub client_secret: Secret,
}

#[derive(Debug, thiserror::Error)]
pub enum IssuerConfigError {
    #[error("auth.oidc: there must be at most {ISSUERS_MAX} issuers")]
    TooMany,
    #[error("auth.oidc: the name `{0}` is configured twice")]
    Twice(String),
    #[error("auth.oidc: the name `{0}` must have 1 to {NAME_BYTES_MAX} of a-z, 0-9 and `-`")]
    Name(String),
    #[error("auth.oidc: `{name}` needs a {field} of 1 to {bytes_max} bytes")]
    Field {
        name: String,
        field: &'static str,
        bytes_max: usize,
    },
    #[error("{0} must be an https URL without a query (http is allowed only for this machine)")]
    Address(String),
}

/// The sign-in page fits this many buttons.
const ISSUERS_MAX: usize = 8;
const NAME_BYTES_MAX: usize = 30;
const LABEL_BYTES_MAX: usize = 80;
/// The width of the database column.
const ADDRESS_BYTES_MAX: usize = 200;
const CLIENT_ID_BYTES_MAX: usize = 200;

pub(crate) fn check_issuer_configs(
    configs: &[IssuerConfig],
    return_to: &str,
) -> Result<(), IssuerConfigError> {
    if configs.is_empty() {
        return Ok(());
    }
    if configs.len() > ISSUERS_MAX {
        return Err(IssuerConfigError::TooMany);
    }
    if !is_guarded(return_to) || return_to.contains('?') {
        return Err(IssuerConfigError::Address("auth.oidc_return".to_owned()));
    }
    for (index, config) in configs.iter().enumerate() {
        check_issuer_config(config)?;
        let mut earlier = configs[..index].iter();
        if earlier.any(|other| is_same_issuer(config, other)) {
            return Err(IssuerConfigError::Twice(config.name.clone()));
        }
    }
    Ok(())
}

/// People or flows would confuse the two.
fn is_same_issuer(one: &IssuerConfig, other: &IssuerConfig) -> bool {
    one.name == other.name || one.label == other.label || one.issuer == other.issuer
}

fn is_issuer_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn check_issuer_config(config: &IssuerConfig) -> Result<(), IssuerConfigError> {
    let IssuerConfig {
        name,
        label,
        issuer,
        client_id,
        ..
    } = config;
    if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !name.bytes().all(is_issuer_name_byte) {
        return Err(IssuerConfigError::Name(name.clone()));
    }
    for (field, text, bytes_max) in [
        ("label", label, LABEL_BYTES_MAX),
        ("issuer", issuer, ADDRESS_BYTES_MAX),
        ("client_id", client_id, CLIENT_ID_BYTES_MAX),
    ] {
        if !(1..=bytes_max).contains(&text.trim().len()) {
            return Err(IssuerConfigError::Field {
                name: name.clone(),
                field,
                bytes_max,
            });
        }
    }
    if !is_guarded(issuer) || issuer.contains('?') {
        return Err(IssuerConfigError::Address(format!(
            "auth.oidc: the issuer of `{name}`"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> IssuerConfig {
        IssuerConfig {
            name: "acme".to_owned(),
            label: "Acme".to_owned(),
            issuer: "https://login.acme.example".to_owned(),
            client_id: "holdfast".to_owned(),
            client_secret: Secret::default(),
        }
    }

    #[test]
    fn a_wrong_configuration_is_named() {
        const BACK: &str = "https://portal.example/sign-in/back";
        check_issuer_configs(&[], "").unwrap();
        check_issuer_configs(&[acme()], BACK).unwrap();
        let with = |change: fn(&mut IssuerConfig)| {
            let mut config = acme();
            change(&mut config);
            check_issuer_configs(&[config], BACK)
                .unwrap_err()
                .to_string()
        };
        assert!(with(|c| c.name = "A b".to_owned()).contains("the name `A b`"));
        assert!(with(|c| c.label = " ".to_owned()).contains("needs a label"));
        assert!(with(|c| c.client_id = String::new()).contains("needs a client_id"));
        for address in ["http://acme.example", "https://acme.example?x=1"] {
            let wrong = IssuerConfig {
                issuer: address.to_owned(),
                ..acme()
            };
            let said = check_issuer_configs(&[wrong], BACK)
                .unwrap_err()
                .to_string();
            assert!(said.contains("must be an https"), "{said}");
        }
        assert!(
            check_issuer_configs(&[acme(), acme()], BACK)
                .unwrap_err()
                .to_string()
                .contains("twice")
        );
        assert!(
            check_issuer_configs(&[acme()], "")
                .unwrap_err()
                .to_string()
                .contains("auth.oidc_return")
        );
        let many: Vec<_> = (0..9)
            .map(|n| IssuerConfig {
                name: n.to_string(),
                ..acme()
            })
            .collect();
        assert!(matches!(
            check_issuer_configs(&many, BACK),
            Err(IssuerConfigError::TooMany)
        ));
    }
}
