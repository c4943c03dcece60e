//! The hub's settings and their bounds.

use std::path::PathBuf;

use platform::service::{DataPlace, PartConfig};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};
use wire::LinkLimits;

pub const NAME: &str = CloudPart::Hub.name();

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    /// Path of the key that identifies the hub to edges. All replicas use the same file.
    pub signing_key: PathBuf,
    /// Set this once after deliberately replacing the key file.
    pub signing_key_replaced: bool,
    /// Domains, besides those that exist only inside shops, under which edges may have certificates
    /// of the private certificate authority: `["shops.example.com"]`. Each device that trusts the
    /// authority trusts it for these domains.
    pub edge_domains: Vec<String>,
    pub batch_ops_max: u32,
    pub batch_bytes_max: u32,
    /// How much an edge may send beyond what the hub has acknowledged.
    pub credit_ops: u32,
    pub credit_bytes: u32,
    /// Time limit for deciding one batch. Every call ends after 15 s, so a higher value has no
    /// effect.
    pub decided_within_ms: u64,
    /// Held ops and accepts are retried after this time, even without a signal.
    pub held_again_ms: u64,
    /// Accept tokens with the cloud audience on ops from edges. Edges from before edge tokens
    /// existed send only those; `status` lists them. If this is off, such ops are rejected.
    pub accept_cloud_tokens: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self::default_for_part(CloudPart::Hub, &DataPlace::default())
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
            sql_url: place.store_address(part),
            signing_key: place.file_path("hub.key"),
            signing_key_replaced: false,
            edge_domains: Vec::new(),
            batch_ops_max: 5_000,
            batch_bytes_max: 1024 * 1024,
            credit_ops: 10_000,
            credit_bytes: 4 * 1024 * 1024,
            decided_within_ms: 15_000,
            held_again_ms: 2_000,
            accept_cloud_tokens: true,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("hub.{name} must be at least {min}, but is {value}")]
pub(crate) struct SettingTooSmall {
    name: &'static str,
    value: u64,
    min: u64,
}

impl Config {
    /// Warns about settings that an operator should turn off.
    pub(crate) fn warn_risky_settings(&self) {
        if self.accept_cloud_tokens {
            tracing::warn!(
                "hub.accept_cloud_tokens is on: the hub trusts commands that old edges \
                 authenticate with cloud tokens. Turn it off once `status` reports no such edge"
            );
        }
    }

    /// The limits on what an edge may send. Rejects settings that leave too little room to work.
    pub(crate) fn validate_limits(&self) -> Result<LinkLimits, SettingTooSmall> {
        const BYTES_MIN: u32 = 64 * 1024;
        // A batch takes about 100 ms without load; below that, every owner would look unreachable.
        const MS_MIN: u64 = 100;
        let Self {
            batch_ops_max,
            batch_bytes_max,
            credit_ops,
            credit_bytes,
            ..
        } = *self;
        for (name, value, min) in [
            ("batch_ops_max", batch_ops_max.into(), 1),
            ("batch_bytes_max", batch_bytes_max.into(), BYTES_MIN.into()),
            ("credit_ops", credit_ops.into(), 1),
            ("credit_bytes", credit_bytes.into(), BYTES_MIN.into()),
            ("decided_within_ms", self.decided_within_ms, MS_MIN),
            ("held_again_ms", self.held_again_ms, MS_MIN),
        ] {
            if value < min {
                return Err(SettingTooSmall { name, value, min });
            }
        }
        Ok(LinkLimits {
            batch_ops_max,
            batch_bytes_max,
            credit_ops,
            credit_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_nothing_can_be_done_within_is_refused_by_name() {
        let refusal = |config: Config| config.validate_limits().unwrap_err().to_string();
        assert_eq!(
            refusal(Config {
                credit_ops: 0,
                ..Config::default()
            }),
            "hub.credit_ops must be at least 1, but is 0"
        );
        assert_eq!(
            refusal(Config {
                decided_within_ms: 99,
                ..Config::default()
            }),
            "hub.decided_within_ms must be at least 100, but is 99"
        );
        assert!(Config::default().validate_limits().is_ok());
    }
}
