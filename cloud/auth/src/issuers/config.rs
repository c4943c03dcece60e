//! The configured issuers, validated at startup.

use axum::http::Uri;
use process::{client::is_guarded, config::Secret};
use serde::{Deserialize, Serialize};

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

pub fn check_issuer_configs(
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
        check_one(config)?;
        let mut earlier = configs[..index].iter();
        if earlier.any(|other| is_same_issuer(config, other)) {
            return Err(IssuerConfigError::Twice(config.name.clone()));
        }
    }
    Ok(())
}

/// People and flows could not tell the two apart.
fn is_same_issuer(one: &IssuerConfig, other: &IssuerConfig) -> bool {
    one.name == other.name || one.label == other.label || one.issuer == other.issuer
}

fn is_issuer_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn check_one(config: &IssuerConfig) -> Result<(), IssuerConfigError> {
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

/// Also applies `is_guarded` to addresses that an issuer names. A remote issuer must not lead us to
/// a plain service on this machine.
pub fn is_guarded_by(issuer: &str, address: &str) -> bool {
    is_guarded(address) && (is_https(address) || !is_https(issuer))
}

fn is_https(address: &str) -> bool {
    address
        .parse::<Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("https"))
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
    fn an_issuer_elsewhere_leads_to_no_plain_service_of_this_machine() {
        let far = "https://a.example";
        let here = "http://127.0.0.1:3000";
        assert!(is_guarded_by(far, "https://b.example/token"));
        assert!(is_guarded_by(here, "http://127.0.0.1:3000/token"));
        assert!(is_guarded_by(here, "https://b.example/token"));
        for open in [
            "http://127.0.0.1:3000/token",
            "http://localhost/keys",
            "http://[::1]:1",
        ] {
            assert!(!is_guarded_by(far, open), "{open}");
        }
        assert!(!is_guarded_by(here, "http://b.example/token"));
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
