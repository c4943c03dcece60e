//! The `edge` section of the configuration, and how well its connection to the cloud is protected.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use http::Uri;
use process::{client::is_loopback, config::Secret};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use wire::{Region, ShareLimits};

use crate::disk_ladder::DiskLadder;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The edge's name, such as `north-1`. It appears in topics, receipts and status.
    pub name: String,
    #[serde(deserialize_with = "parse_region")]
    pub region: Region,
    /// The cloud's address: `http://` or `https://`.
    pub gateway_url: String,
    /// The portal's address on a kiosk's receipts. Empty: `gateway_url`.
    pub portal_url: String,
    /// Allows plain `http://` to another machine. Anything on the path can then read the traffic.
    pub plain_link: bool,
    /// Fingerprint of the hub's key; overrides the stored key. Empty if enrolment or the first
    /// session supplies it.
    pub hub_key: String,
    /// Folder of the log, the high-water file and the key.
    pub data: PathBuf,
    pub http_bind: String,
    pub mqtt: MqttKind,
    pub mqtt_bind: String,
    pub ws_bind: String,
    /// The external broker: `mqtts://HOST:PORT`, or `mqtt://HOST:PORT` on this machine or with
    /// `plain_listeners`.
    pub broker_url: String,
    /// User name and password of this edge at the external broker. Empty for none.
    pub broker_user: String,
    pub broker_password: Secret,
    /// PEM file with the authority that issued the external broker's certificate. Empty for the
    /// authorities of `tls.roots` and the public ones.
    pub broker_roots: PathBuf,
    /// PEM files of the certificate that this edge shows to the external broker, and its key. Both
    /// empty for none.
    pub broker_certificate: PathBuf,
    pub broker_key: PathBuf,
    /// PEM files of the operator's own certificate and its key; both empty to use the one that the
    /// cloud issues. With it all listeners for tablets speak TLS, on loopback too.
    pub certificate: PathBuf,
    pub certificate_key: PathBuf,
    /// Allows plain text on listeners that other machines can reach, and to an external broker on
    /// another machine. Anyone on the network can then read the traffic of tablets.
    pub plain_listeners: bool,
    /// Other origins whose pages may call from a browser, besides the app's own.
    pub origins: Vec<String>,
    /// Addresses and networks of trusted proxies. `X-Forwarded-For`, `-Host` and `-Proto` count only
    /// from them.
    pub trusted_proxies: Vec<String>,
    /// DNS names and addresses under which tablets reach this edge, the preferred one first, besides
    /// `NAME.local` and the machine's own private addresses. The certificate from the cloud has
    /// them.
    pub names: Vec<String>,
    /// Listener of the page in the clear that shows how a device trusts this shop. Empty disables
    /// it.
    pub trust_bind: String,
    /// Announces the edge as `NAME.local` by mDNS if it listens beyond loopback.
    pub announce: bool,
    /// Listener for operators: metrics and readiness details. Empty disables it.
    pub operator_bind: String,
    /// Required once: an enrolled edge has its key.
    pub enrolment_code: Secret,
    /// If the feed has not confirmed the revocations for this many hours, no answer is firm. The
    /// default is the lifetime of a device grant: less denies firm answers to grants that are still
    /// admitted; more gains nothing, because every grant from before the outage has expired.
    pub revocations_age_hours_max: u32,
    /// Connections from one address over HTTP, WebSocket and MQTT. Further ones are closed unread.
    pub connections_per_address: NonZeroUsize,
    /// Sign-ins and codes to phones from one address. The cloud sees a whole shop as one address,
    /// so one device could otherwise use up the shop's share.
    pub sign_ins_per_address_per_minute: NonZeroU32,
    /// MQTT connections of one person; further ones are refused.
    pub connections_per_person: NonZeroUsize,
    /// Above this number of undecided commands, new ones are taken only from known people.
    pub newcomers_pending_max: u32,
    /// A person counts as known this many hours after the cloud applied their first command.
    pub known_after_hours: u32,
    /// Burst limit for one person's new commands; beyond it, ten a second are taken.
    pub commands_at_once: u32,
    /// Per provider: open jobs, and acceptances and withdrawals in 24 hours. The cloud checks each
    /// command again against its own limits. 0 disables a limit.
    pub open_jobs_max: u32,
    pub acceptances_a_day_max: u32,
    pub withdrawals_a_day_max: u32,
    /// Shares of the volume with the data folder. From the first on the edge warns, from the second
    /// it drops its copies of closed orders, and from the third it refuses new commands.
    pub disk_warn_percent: u8,
    pub disk_shed_percent: u8,
    pub disk_refuse_percent: u8,
    /// With less free, the edge refuses new commands at any share. The default holds the largest
    /// batch of commands and a checkpoint.
    pub disk_floor_mib: u32,
    /// With this much free, the shares do not matter.
    pub disk_ample_gib: u32,
    /// Days after which the edge drops its copy of a closed order. The cloud keeps the order.
    pub closed_orders_days: u32,
    /// Room for photos that wait for the cloud, in MiB. Beyond it tablets keep theirs.
    pub photo_room_mb: u32,
    /// A start checks the database for at most this long; 0 leaves the check to the night.
    pub start_check_seconds: u32,
    /// The hour, in UTC, at which the edge checks its whole database each day.
    pub check_hour: u8,
    /// Refuses an accept from a provider who is not verified according to the token and the feed.
    /// The cloud has the same rule in section `order`, and its decision is final.
    pub verified_providers_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MqttKind {
    #[default]
    Embedded,
    /// Mosquitto, EMQX or another broker of version 5 at `broker_url`. The edge is its client and
    /// has no listeners for MQTT.
    External,
}

/// The protection of the connection to the cloud from eavesdroppers and tampering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSecurity {
    Tls,
    /// Stays on this machine.
    Loopback,
    /// Plain HTTP to another machine: anything on the path can read and change the traffic.
    Plain,
}

impl Config {
    /// The portal's address for people, without a slash at its end.
    pub fn public_portal(&self) -> &str {
        let url = if self.portal_url.is_empty() {
            &self.gateway_url
        } else {
            &self.portal_url
        };
        url.trim_end_matches('/')
    }

    pub(crate) fn disk_ladder(&self) -> DiskLadder {
        DiskLadder {
            warn_percent: self.disk_warn_percent,
            shed_percent: self.disk_shed_percent,
            refuse_percent: self.disk_refuse_percent,
            floor_bytes: u64::from(self.disk_floor_mib) << 20,
            ample_bytes: u64::from(self.disk_ample_gib) << 30,
        }
    }

    pub fn share_limits(&self) -> ShareLimits {
        ShareLimits {
            open_jobs: self.open_jobs_max,
            acceptances_a_day: self.acceptances_a_day_max,
            withdrawals_a_day: self.withdrawals_a_day_max,
        }
    }
}

/// Names the regions in its error, and ignores case.
fn parse_region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Region, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

const CONNECTIONS_PER_ADDRESS: NonZeroUsize = NonZeroUsize::new(512).unwrap();

/// A kiosk in a crowded shop signs in fewer people.
const SIGN_INS_PER_ADDRESS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();

const CONNECTIONS_PER_PERSON: NonZeroUsize = NonZeroUsize::new(16).unwrap();

impl Default for Config {
    fn default() -> Self {
        let limits = ShareLimits::default();
        Self {
            name: "north-1".to_owned(),
            region: Region::North,
            gateway_url: "http://127.0.0.1:8080".to_owned(),
            portal_url: String::new(),
            plain_link: false,
            hub_key: String::new(),
            data: PathBuf::from(".holdfast/north-1"),
            http_bind: "127.0.0.1:8100".to_owned(),
            mqtt: MqttKind::Embedded,
            mqtt_bind: "127.0.0.1:8101".to_owned(),
            ws_bind: "127.0.0.1:8102".to_owned(),
            broker_url: String::new(),
            broker_user: String::new(),
            broker_password: Secret::default(),
            broker_roots: PathBuf::new(),
            broker_certificate: PathBuf::new(),
            broker_key: PathBuf::new(),
            certificate: PathBuf::new(),
            certificate_key: PathBuf::new(),
            plain_listeners: false,
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            names: Vec::new(),
            trust_bind: String::new(),
            announce: true,
            operator_bind: "127.0.0.1:8103".to_owned(),
            enrolment_code: Secret::default(),
            revocations_age_hours_max: 72,
            connections_per_address: CONNECTIONS_PER_ADDRESS,
            sign_ins_per_address_per_minute: SIGN_INS_PER_ADDRESS_PER_MINUTE,
            connections_per_person: CONNECTIONS_PER_PERSON,
            newcomers_pending_max: 10_000,
            known_after_hours: 24,
            commands_at_once: 1_200,
            open_jobs_max: limits.open_jobs,
            acceptances_a_day_max: limits.acceptances_a_day,
            withdrawals_a_day_max: limits.withdrawals_a_day,
            disk_warn_percent: 70,
            disk_shed_percent: 85,
            disk_refuse_percent: 95,
            disk_floor_mib: 32,
            disk_ample_gib: 32,
            closed_orders_days: 90,
            photo_room_mb: 1_024,
            start_check_seconds: 10,
            check_hour: 2,
            verified_providers_only: true,
        }
    }
}

impl LinkSecurity {
    /// `None` if the URL is not a valid cloud address.
    pub fn from_gateway_url(gateway_url: &str) -> Option<Self> {
        let uri: Uri = gateway_url.parse().ok()?;
        match uri.scheme_str()? {
            "https" => Some(Self::Tls),
            "http" if is_loopback(uri.host()?) => Some(Self::Loopback),
            "http" => Some(Self::Plain),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LinkSecurity;

    #[test]
    fn only_tls_and_this_machine_keep_others_off_the_line() {
        for (url, line) in [
            ("https://cloud.example", Some(LinkSecurity::Tls)),
            ("http://127.0.0.1:8080", Some(LinkSecurity::Loopback)),
            ("http://[::1]:8080/", Some(LinkSecurity::Loopback)),
            ("http://LOCALHOST", Some(LinkSecurity::Loopback)),
            ("http://localhost.example", Some(LinkSecurity::Plain)),
            ("http://127.0.0.1.example:8080", Some(LinkSecurity::Plain)),
            ("http://10.0.0.5:8080", Some(LinkSecurity::Plain)),
            ("http://127.0.0.1@10.0.0.5", Some(LinkSecurity::Plain)),
            ("http://0.0.0.0:8080", Some(LinkSecurity::Plain)),
            ("ftp://127.0.0.1", None),
            ("127.0.0.1:8080", None),
            ("http://", None),
        ] {
            assert_eq!(LinkSecurity::from_gateway_url(url), line, "{url}");
        }
    }
}
