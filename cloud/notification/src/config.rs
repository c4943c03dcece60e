//! The `notification` section of the configuration.

use std::{path::PathBuf, time::Duration};

use platform::service::{DataPlace, PartConfig};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};

use crate::domain::KeptFrom;

/// The value of `push_url` that sends to browsers.
pub(crate) const PUSH_TO_BROWSERS: &str = "web";
/// The name of the key file in a part's folder.
pub const PUSH_KEY_FILE: &str = "push.key";
/// The services of Chrome, Firefox, Safari and Edge.
const PUSH_SERVICES: [&str; 5] = [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    "*.push.apple.com",
    "*.notify.windows.com",
];

/// The most that the user service's matching returns.
const PROVIDERS_TOLD_MAX: usize = 100;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub documents_url: SecretUrl,
    /// How long cached inbox data stays valid, and thus the most that it is stale if the cache
    /// missed a change.
    pub cache_ttl_ms: u64,
    /// Lines expire thirty days after they are read (`read`) or created (`created`).
    pub lines_kept_from: KeptFrom,
    /// Notifies providers when an order is published, before an admin approves it.
    pub providers_told_at_creation: bool,
    /// Limit of providers notified per order.
    pub providers_told_max: usize,
    /// Mail target: `off`, `folder:/a/folder`, `smtps://USER@HOST` or `smtp://USER@HOST`.
    pub mail_url: String,
    /// The sender address of mails.
    pub mail_from: String,
    /// File with the mail server's password.
    pub mail_password: PathBuf,
    /// Portal address for links in mails, such as `https://portal.example.org`. Empty: no links.
    pub portal_url: String,
    /// Text message target: `off`, `folder:/a/folder`, or the `https://` address of a gateway.
    pub sms_url: String,
    /// File with the secret for that gateway.
    pub sms_secret: PathBuf,
    /// Push target: `off`, `web` for people's browsers, `folder:/a/folder`, or the `https://`
    /// address of a gateway.
    pub push_url: String,
    /// File with the secret that signs pushes.
    pub push_secret: PathBuf,
    /// File with the key that browsers subscribe with, created if it is missing.
    pub push_key: PathBuf,
    /// How push services reach the operator: `mailto:ADDRESS`, or an `https://` address.
    pub push_contact: String,
    /// Hosts of the push services to which browsers may lead: `push.example.org` or
    /// `*.push.example.org`. A host of this machine also takes `http` and any port, for tests.
    pub push_services: Vec<String>,
}

/// The audience and timing of a fan-out to providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanOutRules {
    /// Fan out at publication instead of approval.
    pub at_creation: bool,
    /// The previous user service returns at most twenty.
    pub providers_max: usize,
}

impl Config {
    pub fn cache_ttl(&self) -> Duration {
        Duration::from_millis(self.cache_ttl_ms)
    }

    /// `None` if the number is outside the matching's range.
    pub fn fan_out_rules(&self) -> Option<FanOutRules> {
        let at_creation = self.providers_told_at_creation;
        let providers_max = self.providers_told_max;
        let fits = (1..=PROVIDERS_TOLD_MAX).contains(&providers_max);
        fits.then_some(FanOutRules {
            at_creation,
            providers_max,
        })
    }
}

/// Leaves the database unset.
impl Default for Config {
    fn default() -> Self {
        Self {
            bind: String::new(),
            documents_url: SecretUrl::default(),
            cache_ttl_ms: 10_000,
            lines_kept_from: KeptFrom::Read,
            providers_told_at_creation: false,
            providers_told_max: 20,
            mail_url: "off".to_owned(),
            mail_from: "Holdfast <holdfast@localhost>".to_owned(),
            mail_password: PathBuf::new(),
            portal_url: String::new(),
            sms_url: "off".to_owned(),
            sms_secret: PathBuf::new(),
            push_url: "off".to_owned(),
            push_secret: PathBuf::new(),
            push_key: PathBuf::new(),
            push_contact: String::new(),
            push_services: PUSH_SERVICES.map(str::to_owned).into(),
        }
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
            documents_url: place.store_address(part),
            push_key: place.file_path(PUSH_KEY_FILE),
            ..Self::default()
        }
    }
}
