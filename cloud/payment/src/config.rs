//! Owns the section `payment` of the configuration.

use custody::CustodyLimits;
use platform::config::{DataPlace, PartConfig};
use process::{
    config::{Secret, SecretUrl},
    parts::CloudPart,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    pub adapter: AdapterName,
    /// Customers may say what becomes of a simulated payment, by its method: for tests and demonstrations.
    pub simulated_scripts: bool,
    /// Signs the callbacks of the simulated adapter. Without it, none is believed.
    pub callback_secret: Secret,
    /// A payment that is older is closed.
    pub pay_within_ms: i64,
    /// Money of a completed order waits so long for an objection before it is the provider's.
    pub dispute_ms: i64,
    /// A provider's smaller balance waits for more.
    pub payout_least_minor: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterName {
    #[default]
    Simulated,
}

impl Config {
    pub fn limits(&self) -> CustodyLimits {
        CustodyLimits {
            pay_within_ms: self.pay_within_ms,
            dispute_ms: self.dispute_ms,
            payout_least_minor: self.payout_least_minor,
            ..CustodyLimits::default()
        }
    }
}

/// Names no database.
impl Default for Config {
    fn default() -> Self {
        let limits = CustodyLimits::default();
        Self {
            bind: String::new(),
            sql_url: SecretUrl::default(),
            adapter: AdapterName::default(),
            simulated_scripts: false,
            callback_secret: Secret::default(),
            pay_within_ms: limits.pay_within_ms,
            dispute_ms: limits.dispute_ms,
            payout_least_minor: limits.payout_least_minor,
        }
    }
}

impl PartConfig for Config {
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        Self { bind: DataPlace::bind(part), sql_url: place.store(part), ..Self::default() }
    }
}
