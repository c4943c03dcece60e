//! What a platform is started with, beyond its layout.

use std::collections::BTreeMap;

use crate::servers::Addresses;

/// The delay for objections before money of completed work settles.
pub(super) const OBJECTIONS: &str = "HOLDFAST__PLATFORM__DISPUTE_MS";

/// The options of a platform in addition to its layout.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Add demo people and orders, unless the data folder has been used before.
    pub demo_data: bool,
    /// Leave all limits at their defaults, although everyone shares one address.
    pub default_limits: bool,
    /// On real stores each part signs in as its production user, and the servers admit only these
    /// users.
    pub own_users: bool,
    /// Servers that already run for other platforms too; this one gets databases, a virtual host
    /// and a Redis of its own. For a test that leaves the servers alone.
    pub shared_servers: Option<Addresses>,
    /// Added to the environment of each of our processes.
    pub environment: BTreeMap<String, String>,
}

impl Wishes {
    /// For a platform where a few people do the work of many: neither their shares nor their orders
    /// are limited, and providers may work right after registering.
    pub fn of_few_people() -> Self {
        const PARTS: [&str; 2] = ["ORDER", "EDGE"];
        const LIMITS: [&str; 3] = [
            "OPEN_JOBS_MAX",
            "ACCEPTANCES_A_DAY_MAX",
            "WITHDRAWALS_A_DAY_MAX",
        ];
        let names = PARTS
            .iter()
            .flat_map(|part| LIMITS.map(|limit| format!("HOLDFAST__{part}__{limit}")));
        let mut environment: BTreeMap<_, _> = names.map(|name| (name, "0".to_owned())).collect();
        environment.insert("HOLDFAST__ORDER__OPEN_ORDERS_MAX".into(), "0".into());
        for part in PARTS {
            environment.insert(
                format!("HOLDFAST__{part}__VERIFIED_PROVIDERS_ONLY"),
                "false".into(),
            );
        }
        Self {
            environment,
            ..Self::default()
        }
    }

    /// On real stores, uses these servers instead of servers of its own.
    pub fn on(self, servers: Addresses) -> Self {
        Self {
            shared_servers: Some(servers),
            ..self
        }
    }

    /// For a platform that pays providers as soon as their work is done.
    pub fn that_settle_soon() -> Self {
        let settings = [
            (OBJECTIONS, "0"),
            ("HOLDFAST__PAYMENT__PAYOUTS_AT", "*/5 * * * * *"),
        ];
        let environment = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            environment: environment.into(),
            ..Self::default()
        }
    }
}
