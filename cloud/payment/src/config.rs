//! Owns the section `payment` of the configuration.

use std::path::PathBuf;

use custody::CustodyLimits;
use platform::config::{DataPlace, PartConfig};
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
    /// Customers may say what becomes of a simulated payment, by its method: for tests and
    /// demonstrations.
    pub simulated_scripts: bool,
    /// Signs the callbacks of the simulated adapter. Without it, none is believed.
    pub callback_secret: Secret,
    /// The address of a `POST /api/v1/payments/callbacks/simulated`, where the simulated adapter
    /// sends the messages of scripted payments. Without it or the secret it sends none.
    pub simulated_notify_url: String,
    /// The address of Alipay's gateway, of its sandbox, or of one on this machine.
    pub alipay_gateway: String,
    /// Our application's number at Alipay. Without the adapter `alipay` neither this nor the rest
    /// of it is read.
    pub alipay_app_id: String,
    /// The file of our RSA key, which signs what goes to Alipay.
    pub alipay_key: PathBuf,
    /// The file of Alipay's own public key, which its console shows.
    pub alipay_public_key: PathBuf,
    /// The public address of our `POST /api/v1/payments/callbacks/alipay`. Without it we hear of a
    /// payment when we ask next.
    pub alipay_notify_url: String,
    /// The page that people come back to, with `{order}` for the order's id.
    pub alipay_return_url: String,
    /// A payment that is older is closed.
    pub pay_within_ms: i64,
    /// A provider's smaller balance waits for more.
    pub payout_least_minor: i64,
    /// When balances are sent to their providers, by UTC: second, minute, hour, day of month,
    /// month, day of week. Several moments of a night let a later one reach those whom the first
    /// did not.
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
    /// All but the time for objections, which the notification service has to know too.
    pub fn limits(&self) -> CustodyLimits {
        CustodyLimits {
            pay_within_ms: self.pay_within_ms,
            payout_least_minor: self.payout_least_minor,
            ..CustodyLimits::default()
        }
    }

    pub fn alipay(&self) -> AlipaySettings {
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
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        Self { bind: DataPlace::bind(part), sql_url: place.store(part), ..Self::default() }
    }
}
