//! The `payment` section of the configuration.

use std::path::PathBuf;

use custody::CustodyLimits;
use platform::service::{DataPlace, PartConfig};
use process::{
    config::{Secret, SecretUrl},
    parts::CloudPart,
};
use serde::{Deserialize, Serialize};

use crate::adapter::AlipaySettings;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    pub adapter: AdapterName,
    /// Lets customers choose a simulated payment's outcome through its method, for tests and
    /// demonstrations.
    pub simulated_scripts: bool,
    /// Signs the simulated adapter's callbacks. Without it, every callback is rejected.
    pub callback_secret: Secret,
    /// The URL of a `POST /api/v1/payments/callbacks/simulated`, for the simulated adapter's
    /// callbacks about scripted payments. Without it or the secret, none are sent.
    pub simulated_notify_url: String,
    /// The URL of Alipay's gateway, its sandbox, or a local one.
    pub alipay_gateway: String,
    /// Our application id at Alipay. This and the other `alipay_*` settings are read only with the
    /// adapter `alipay`.
    pub alipay_app_id: String,
    /// The file of our RSA key, which signs requests to Alipay.
    pub alipay_key: PathBuf,
    /// The file of Alipay's public key, as shown in its console.
    pub alipay_public_key: PathBuf,
    /// The public URL of our `POST /api/v1/payments/callbacks/alipay`. Without it we learn of a
    /// payment only at our next query.
    pub alipay_notify_url: String,
    /// The page that people return to, with `{order}` for the order's id.
    pub alipay_return_url: String,
    /// Older payments are closed.
    pub pay_within_ms: i64,
    /// Smaller provider balances wait until they reach this amount.
    pub payout_least_minor: i64,
    /// When to send balances to providers, in UTC: second, minute, hour, day of month, month, day
    /// of week. Several times a night let a later run reach providers that an earlier one missed.
    pub payouts_at: String,
}

const ALIPAY: &str = "https://openapi.alipay.com/gateway.do";
const PAYOUTS_AT: &str = "0 30 2,3,4 * * *";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterName {
    #[default]
    Simulated,
    Alipay,
}

impl Config {
    /// All limits except the dispute period, which the notification service needs too.
    pub fn custody_limits(&self) -> CustodyLimits {
        CustodyLimits {
            pay_within_ms: self.pay_within_ms,
            payout_least_minor: self.payout_least_minor,
            ..CustodyLimits::default()
        }
    }

    pub fn alipay_settings(&self) -> AlipaySettings {
        AlipaySettings {
            gateway: self.alipay_gateway.clone(),
            app_id: self.alipay_app_id.clone(),
            key: self.alipay_key.clone(),
            public_key: self.alipay_public_key.clone(),
            notify_url: self.alipay_notify_url.clone(),
            return_url: self.alipay_return_url.clone(),
            pay_within_ms: self.pay_within_ms,
        }
    }
}

/// Without a database.
impl Default for Config {
    fn default() -> Self {
        let limits = CustodyLimits::default();
        Self {
            bind: String::new(),
            sql_url: SecretUrl::default(),
            adapter: AdapterName::default(),
            simulated_scripts: false,
            callback_secret: Secret::default(),
            simulated_notify_url: String::new(),
            alipay_gateway: ALIPAY.to_owned(),
            alipay_app_id: String::new(),
            alipay_key: PathBuf::new(),
            alipay_public_key: PathBuf::new(),
            alipay_notify_url: String::new(),
            alipay_return_url: String::new(),
            pay_within_ms: limits.pay_within_ms,
            payout_least_minor: limits.payout_least_minor,
            payouts_at: PAYOUTS_AT.to_owned(),
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
