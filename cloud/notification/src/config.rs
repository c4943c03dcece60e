//! Owns the section `notification` of the configuration.

use std::{path::PathBuf, time::Duration};

use platform::config::{DataPlace, PartConfig};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};

use crate::{domain::KeptFrom, events::FanOutRules};

/// The user service's matching answers with no more.
const PROVIDERS_TOLD_MAX: usize = 100;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub documents_url: SecretUrl,
    /// How long the cache answers for an inbox. A count or list that the cache did not hear a
    /// change of is wrong for no longer.
    pub cache_ttl_ms: u64,
    /// A line of an inbox goes thirty days after it was read, or after it was written: `read` or
    /// `created`.
    pub lines_kept_from: KeptFrom,
    /// Tells providers of an order when it is published, before an admin has approved it.
    pub providers_told_at_creation: bool,
    /// Providers who are told of one order.
    pub providers_told_max: usize,
    /// Where mail goes: `off`, `folder:/a/folder`, `smtps://USER@HOST` or `smtp://USER@HOST`.
    pub mail_url: String,
    /// The sender of mail.
    pub mail_from: String,
    /// The file of the mail server's password.
    pub mail_password: PathBuf,
    /// The address of the portal, such as `https://portal.example.org`, for links in mails. Empty:
    /// they have none.
    pub portal_url: String,
    /// Where text messages go: `off`, `folder:/a/folder`, or the `https://` address of a gateway.
    pub sms_url: String,
    /// The file with the secret by which that gateway knows us.
    pub sms_secret: PathBuf,
    /// Where pushes go: `off`, `folder:/a/folder`, or the `https://` address of a gateway.
    pub push_url: String,
    /// The file with the secret that signs pushes.
    pub push_secret: PathBuf,
}

impl Config {
    pub fn cache_ttl(&self) -> Duration {
        Duration::from_millis(self.cache_ttl_ms)
    }

    /// `None` for a number that the matching does not answer with.
    pub fn fan_out(&self) -> Option<FanOutRules> {
        let (at_creation, providers_max) =
            (self.providers_told_at_creation, self.providers_told_max);
        let fits = (1..=PROVIDERS_TOLD_MAX).contains(&providers_max);
        fits.then_some(FanOutRules { at_creation, providers_max })
    }
}

/// Names no database.
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
        }
    }
}

impl PartConfig for Config {
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        Self { bind: DataPlace::bind(part), documents_url: place.store(part), ..Self::default() }
    }
}
