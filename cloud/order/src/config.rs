//! Owns the section `order` of the configuration.

use platform::config::{DataPlace, PartConfig};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};
use wire::ShareLimits;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    /// Jobs that one provider has in hand, and his acceptances and withdrawals in 24 hours, at most. A
    /// request beyond is refused with the limit and the time of its end; a promise that an edge has made
    /// by its right to assign is kept. 0 leaves a limit off.
    pub open_jobs_max: u32,
    pub acceptances_a_day_max: u32,
    pub withdrawals_a_day_max: u32,
}

impl Config {
    pub fn share_limits(&self) -> ShareLimits {
        ShareLimits {
            open_jobs: self.open_jobs_max,
            acceptances_a_day: self.acceptances_a_day_max,
            withdrawals_a_day: self.withdrawals_a_day_max,
        }
    }
}

/// Names no database.
impl Default for Config {
    fn default() -> Self {
        let limits = ShareLimits::default();
        Self {
            bind: String::new(),
            sql_url: SecretUrl::default(),
            open_jobs_max: limits.open_jobs,
            acceptances_a_day_max: limits.acceptances_a_day,
            withdrawals_a_day_max: limits.withdrawals_a_day,
        }
    }
}

impl PartConfig for Config {
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        Self { bind: DataPlace::bind(part), sql_url: place.store(part), ..Self::default() }
    }
}
