//! Owns the section `order` of the configuration.

use platform::config::{DataPlace, PartConfig};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};
use wire::ShareLimits;

use crate::store::AcceptanceRules;

/// A landlord with many homes stays below it, and a script that publishes all night does not.
const OPEN_ORDERS_MAX: u32 = 100;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    /// A copy that follows the database. Exports and searches by words read from it while it is at
    /// most five seconds behind.
    pub sql_read_url: SecretUrl,
    /// Jobs that one provider has in hand, and his acceptances and withdrawals in 24 hours, at
    /// most. A request beyond is refused with the limit and the time of its end; a promise that an
    /// edge has made by its right to assign is kept. 0 leaves a limit off.
    pub open_jobs_max: u32,
    pub acceptances_a_day_max: u32,
    pub withdrawals_a_day_max: u32,
    /// Orders of one customer that are not done, cancelled or rejected, at most. One more is
    /// refused with the limit; an order that an edge has promised by its right to assign is kept. 0
    /// leaves the limit off.
    pub open_orders_max: u32,
    /// Only a provider whom an admin has verified may accept. A promise that an edge has made by
    /// its right to assign is kept, and becomes a case.
    pub verified_providers_only: bool,
    /// An order that nobody has approved or accepted in this many days is closed on record, unless
    /// its service is yet to begin. 0 leaves them open.
    pub stale_after_days: u32,
}

impl Config {
    /// In milliseconds; `None` where orders stay open.
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

/// Names no database.
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
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        Self { bind: DataPlace::bind(part), sql_url: place.store(part), ..Self::default() }
    }
}
