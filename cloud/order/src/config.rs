//! The `order` section of the configuration.

use platform::service::{DataPlace, PartConfig};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};
use wire::ShareLimits;

use crate::store::AcceptanceRules;

/// Above a landlord with many homes, below a script that publishes all night.
const OPEN_ORDERS_MAX: u32 = 100;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    /// A replica of the database. Exports and text searches read from it while its lag is at most
    /// five seconds.
    pub sql_read_url: SecretUrl,
    /// Limits per provider: open jobs, and acceptances and withdrawals in 24 hours. The refusal
    /// carries the limit and its reset time. Promises an edge made under its assignment right are
    /// honoured. 0 disables a limit.
    pub open_jobs_max: u32,
    pub acceptances_a_day_max: u32,
    pub withdrawals_a_day_max: u32,
    /// Limit per customer: orders not done, cancelled or rejected. The refusal carries the limit.
    /// Orders an edge promised under its assignment right are honoured. 0 disables the limit.
    pub open_orders_max: u32,
    /// Only providers verified by an admin may accept. A promise an edge made under its assignment
    /// right is honoured and opens a case.
    pub verified_providers_only: bool,
    /// Closes an order, on record, that was not approved or accepted in this many days, unless its
    /// service has yet to begin. 0 leaves orders open.
    pub stale_after_days: u32,
}

impl Config {
    /// In milliseconds; `None` if orders stay open.
    pub fn stale_after(&self) -> Option<i64> {
        (self.stale_after_days > 0).then(|| i64::from(self.stale_after_days) * DAY_MS)
    }

    pub fn acceptance_rules(&self) -> AcceptanceRules {
        let limits = ShareLimits {
            open_jobs: self.open_jobs_max,
            acceptances_a_day: self.acceptances_a_day_max,
            withdrawals_a_day: self.withdrawals_a_day_max,
        };
        AcceptanceRules {
            limits,
            open_orders: self.open_orders_max,
            verified_only: self.verified_providers_only,
        }
    }
}

/// Without a database.
impl Default for Config {
    fn default() -> Self {
        let limits = ShareLimits::default();
        Self {
            bind: String::new(),
            sql_url: SecretUrl::default(),
            sql_read_url: SecretUrl::default(),
            open_jobs_max: limits.open_jobs,
            acceptances_a_day_max: limits.acceptances_a_day,
            withdrawals_a_day_max: limits.withdrawals_a_day,
            open_orders_max: OPEN_ORDERS_MAX,
            verified_providers_only: true,
            stale_after_days: 30,
        }
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
            sql_url: place.store_address(part),
            ..Self::default()
        }
    }
}
