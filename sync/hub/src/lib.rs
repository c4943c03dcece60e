//! Owns the cloud end of the link: who may connect, what was received, which outcome went where, and
//! what each region's edges are to know.
//!
//! Invariants: an op is acknowledged only once it stands in sync_db; every received op gets one
//! outcome; a region's feed has no gap; whoever writes for an edge does so under its term or its work
//! token. No state lives in a replica: any of them may serve any edge.

mod domain;
mod events;
mod feed;
mod gauges;
mod http;
mod hub;
mod jobs;
mod session;
mod store;
mod work;

texts::include_texts!(say);

use std::time::Duration;

use axum::Router;
use platform::{
    Ground,
    config::{DataPlace, PartConfig},
    health::Check,
    service as skeleton,
    sql::Sql,
    upstream::Upstream,
};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};
use wire::Limits;

use hub::Hub;
use store::{MIGRATIONS, Store};

pub const NAME: &str = CloudPart::Hub.name();

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    /// sync_db.
    pub sql_url: SecretUrl,
    /// Ops of one frame.
    pub batch_ops_max: u32,
    pub batch_bytes_max: u32,
    /// How much an edge may send beyond what it knows to be stored.
    pub credit_ops: u32,
    pub credit_bytes: u32,
    /// What decides a batch has so long; more than the 15 s that any question has does not lengthen it.
    pub decided_within_ms: u64,
    /// What waits for a region's holder is handed in again so often, also when nobody says that its turn
    /// has come.
    pub held_again_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self::usual(CloudPart::Hub, &DataPlace::default())
    }
}

impl PartConfig for Config {
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        Self {
            bind: DataPlace::bind(part),
            sql_url: place.store(part),
            batch_ops_max: 5_000,
            batch_bytes_max: 1024 * 1024,
            credit_ops: 10_000,
            credit_bytes: 4 * 1024 * 1024,
            decided_within_ms: 15_000,
            held_again_ms: 2_000,
        }
    }
}

/// The services the hub asks.
#[derive(Clone)]
pub struct Peers {
    /// Decides the ops.
    pub order: Upstream,
    /// Has the keys of people's tokens.
    pub auth: Upstream,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Platform(#[from] platform::OpenError),
    #[error("hub.{name} must be at least {min}, and is {value}")]
    TooSmall { name: &'static str, value: u64, min: u64 },
}

pub async fn open(config: Config, ground: Ground, peers: Peers) -> Result<Router, OpenError> {
    let limits = limits(&config)?;
    let opened = Sql::open_current(&config.sql_url, &MIGRATIONS).await;
    let sql = opened.map_err(platform::OpenError::from)?;
    let store = Store::new(sql.clone());
    store.ensure_regions(generation()).await.map_err(platform::OpenError::from)?;
    let Ground { clock, tasks, bus, keys, service_key, .. } = ground;
    let hub = Hub {
        store,
        replica: clock.new_id(),
        clock,
        tasks,
        keys,
        service_key,
        order: peers.order,
        auth: peers.auth,
        regions: feed::Regions::default(),
        nudges: session::Nudges::default(),
        links: session::Links::default(),
        asking: session::Asking::default(),
        wake: work::Wake::default(),
        unsettled: domain::settling::Unsettled::default(),
        compared: domain::compare::Resume::default(),
        limits,
        decided_within: Duration::from_millis(config.decided_within_ms),
        held_again: Duration::from_millis(config.held_again_ms),
    };
    hub.regions.refresh(&hub.store).await.map_err(platform::OpenError::from)?;
    jobs::start(&hub).map_err(platform::OpenError::from)?;
    feed::start(&hub);
    events::start(&hub, &bus);
    work::start(&hub);
    gauges::start(&hub);
    let follow = hub.clone();
    hub.tasks.spawn("probes", async move { session::watch_for_probes(&follow).await });

    // An owner that is away parks what needs it; the link goes on without it.
    let checks = [Check::Sql(sql), Check::Bus(bus), Check::Keys(hub.keys.clone())];
    Ok(skeleton::router(NAME, http::router(hub), checks))
}

/// Brings sync_db up to date.
pub async fn migrate(config: &Config) -> Result<(), platform::OpenError> {
    Ok(Sql::update(&config.sql_url, &MIGRATIONS).await?)
}

/// What an edge may send, where all bounds of the config can be worked with.
fn limits(config: &Config) -> Result<Limits, OpenError> {
    const BYTES_MIN: u32 = 64 * 1024;
    // A tenth of a second is what a batch takes at ease: below it every owner would seem to be away.
    const MS_MIN: u64 = 100;
    let Config { batch_ops_max, batch_bytes_max, credit_ops, credit_bytes, .. } = *config;
    for (name, value, min) in [
        ("batch_ops_max", batch_ops_max.into(), 1),
        ("batch_bytes_max", batch_bytes_max.into(), BYTES_MIN.into()),
        ("credit_ops", credit_ops.into(), 1),
        ("credit_bytes", credit_bytes.into(), BYTES_MIN.into()),
        ("decided_within_ms", config.decided_within_ms, MS_MIN),
        ("held_again_ms", config.held_again_ms, MS_MIN),
    ] {
        if value < min {
            return Err(OpenError::TooSmall { name, value, min });
        }
    }
    Ok(Limits { batch_ops_max, batch_bytes_max, credit_ops, credit_bytes })
}

/// Names the feeds of a new database: an edge that knows another database's counts anew. Kept within
/// what every store and format holds exactly.
fn generation() -> u64 {
    u64::from_le_bytes(process::random::bytes::<8>()) >> 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_nothing_can_be_done_within_is_refused_by_name() {
        let told = |config: Config| limits(&config).unwrap_err().to_string();
        assert_eq!(
            told(Config { credit_ops: 0, ..Config::default() }),
            "hub.credit_ops must be at least 1, and is 0"
        );
        assert_eq!(
            told(Config { decided_within_ms: 99, ..Config::default() }),
            "hub.decided_within_ms must be at least 100, and is 99"
        );
        assert!(limits(&Config::default()).is_ok());
    }
}
