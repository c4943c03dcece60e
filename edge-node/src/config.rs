//! Owns the section `edge` of the configuration.

use std::{num::NonZeroUsize, path::PathBuf};

use process::config::Secret;
use serde::{Deserialize, Serialize};
use wire::{Region, ShareLimits};

use crate::mqtt::MqttKind;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The edge's name, such as `north-1`: it names the edge in topics, receipts and status.
    pub name: String,
    pub region: Region,
    /// Where the cloud is: `http://` or `https://`.
    pub gateway_url: String,
    /// Allows plain `http://` to another machine. Anybody on the way can then read what passes.
    pub plain_link: bool,
    /// The fingerprint of the hub's key, as an operator gives it: it counts before the stored key.
    /// Empty where enrolment or the first session brought the key.
    pub hub_key: String,
    /// The folder of the log, the high-water file and the key.
    pub data: PathBuf,
    pub http_bind: String,
    pub mqtt: MqttKind,
    pub mqtt_bind: String,
    pub ws_bind: String,
    /// The operator's own listener, for metrics and for what is missing. Empty for none.
    pub operator_bind: String,
    /// Needed once; an enrolled edge has its key.
    pub enrolment_code: Secret,
    /// While the feed has confirmed no later revocations for so many hours, no answer is firm. By
    /// default as long as a device grant lives: a shorter time would make grants that the edge
    /// still lets in worthless for firm answers, and nobody who signed in before the link was cut
    /// comes in for longer.
    pub revocations_age_hours_max: u32,
    /// Connections of one address, by HTTP, WebSocket and MQTT together. Its next one is closed
    /// unread.
    pub connections_per_address: NonZeroUsize,
    /// Connections of one person by MQTT; the next one is refused.
    pub connections_per_person: NonZeroUsize,
    /// Undecided commands beyond which new ones are taken from known people alone.
    pub newcomers_pending_max: u32,
    /// A person is known so many hours after the cloud first applied a command of his.
    pub known_after_hours: u32,
    /// New commands of one person that are taken in one go; more are taken at ten a second.
    pub commands_at_once: u32,
    /// Jobs that one provider has in hand, and his acceptances and withdrawals in 24 hours, at
    /// most. The cloud judges each again by its own limits. 0 leaves a limit off.
    pub open_jobs_max: u32,
    pub acceptances_a_day_max: u32,
    pub withdrawals_a_day_max: u32,
    /// A provider whom no admin has verified, as far as the token and the feed tell, may not accept
    /// here. The cloud has the same rule under `order`, and decides.
    pub verified_providers_only: bool,
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

impl Default for Config {
    fn default() -> Self {
        let limits = ShareLimits::default();
        Self {
            name: "north-1".to_owned(),
            region: Region::North,
            gateway_url: "http://127.0.0.1:8080".to_owned(),
            plain_link: false,
            hub_key: String::new(),
            data: PathBuf::from(".holdfast/north-1"),
            http_bind: "127.0.0.1:8100".to_owned(),
            mqtt: MqttKind::Embedded,
            mqtt_bind: "127.0.0.1:8101".to_owned(),
            ws_bind: "127.0.0.1:8102".to_owned(),
            operator_bind: "127.0.0.1:8103".to_owned(),
            enrolment_code: Secret::default(),
            revocations_age_hours_max: 72,
            connections_per_address: NonZeroUsize::MIN.saturating_add(511),
            connections_per_person: NonZeroUsize::MIN.saturating_add(15),
            newcomers_pending_max: 10_000,
            known_after_hours: 24,
            commands_at_once: 1_200,
            open_jobs_max: limits.open_jobs,
            acceptances_a_day_max: limits.acceptances_a_day,
            withdrawals_a_day_max: limits.withdrawals_a_day,
            verified_providers_only: true,
        }
    }
}
