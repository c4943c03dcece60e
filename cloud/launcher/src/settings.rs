//! Configuration: a section per part, one shared by all, and one with their addresses.

use std::{
    collections::BTreeMap,
    num::{NonZeroU16, NonZeroUsize},
    path::PathBuf,
};

use platform::service::{DataPlace, PartConfig};
use process::{
    config::{
        ConfigError, ConfigSources, SecretUrl, check_sections, load, load_over,
        render_masked_section,
    },
    parts::CloudPart,
    trust::{self, TlsConfig},
};
use serde::{Deserialize, Serialize};

use crate::{Cli, CloudCommand};

/// The default data folder of `all`.
const DATA: &str = ".holdfast/cloud";
/// Enough for fifty screens of a shop behind one address.
const CONNECTIONS_PER_ADDRESS: NonZeroUsize = NonZeroUsize::new(512).expect("not zero");
/// Equals `platform::outbox::SENT_KEPT`.
const SENT_EVENTS_KEPT_DAYS: NonZeroU16 = NonZeroU16::new(30).expect("not zero");
const DISPUTE_MS: i64 = 3 * 24 * 60 * 60 * 1000;
/// A part's operator port is its own port plus this.
const OPERATOR_FROM: u16 = 1_000;

/// Section `[platform]`, shared by all parts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlatformConfig {
    pub bus_url: SecretUrl,
    pub cache_url: SecretUrl,
    /// File of the key that authenticates parts to each other. A part that runs alone has its own,
    /// next to its callers' public keys.
    pub service_key: PathBuf,
    /// File of the keys that seal personal data in the part's store.
    pub data_keys: PathBuf,
    /// False while replicas of a version that cannot open sealed data still run: sealed data is
    /// then read, but not written.
    pub seal: bool,
    /// Days for which an outbox keeps sent events for a later consumer.
    pub sent_events_kept_days: NonZeroU16,
    /// How long a completed order may be disputed before its money is the provider's. The payment
    /// service applies it; the notification service announces the deadline.
    pub dispute_ms: i64,
    /// Most connections of one address to the gateway or `all`; the next is closed unread. Clients
    /// behind a proxy share its address.
    pub connections_per_address: NonZeroUsize,
    /// Address of the operator's listener, for metrics and readiness details. Empty for none.
    pub operator_bind: String,
}

pub(crate) struct Settings {
    pub place: DataPlace,
    pub platform: PlatformConfig,
    /// Section `[tls]`, which edges also have.
    pub tls: TlsConfig,
    /// Section `[peers]`: the parts' addresses, for a part that runs alone; spaces separate several
    /// of one part.
    peers: BTreeMap<String, String>,
    sources: ConfigSources,
}

/// The only field of a part's section that the launcher reads.
#[derive(Serialize, Deserialize)]
struct BindSetting {
    bind: String,
}

impl Settings {
    pub(crate) fn load(cli: &Cli) -> Result<Self, ConfigError> {
        // Only a single process can share embedded stores.
        let is_single_process = matches!(cli.command, CloudCommand::All);
        let default_data = is_single_process.then(|| PathBuf::from(DATA));
        let place = DataPlace {
            data: cli.data.clone().or(default_data),
        };
        let mut sources = cli.config.collect_sources();
        if let Some(bind) = &cli.bind {
            sources
                .set
                .push(format!("{}.bind={bind}", cli.command.listening_part()));
        }
        check_sections(&sources)?;
        let platform = load_over(
            "platform",
            &PlatformConfig::default_for(&place, cli.command.listening_part()),
            &sources,
        )?;
        let peers = load_over("peers", &usual_peers(), &sources)?;
        let tls = load(trust::SECTION, &sources)?;
        let settings = Self {
            place,
            platform,
            tls,
            peers,
            sources,
        };
        settings.check_peers()?;
        // Reject a bad section even if its part does not run here.
        settings.render_masked().map(|_| settings)
    }

    pub(crate) fn load_section<C: PartConfig>(&self, part: CloudPart) -> Result<C, ConfigError> {
        load_over(
            part.name(),
            &C::default_for_part(part, &self.place),
            &self.sources,
        )
    }

    pub(crate) fn bind_address(&self, part: CloudPart) -> Result<String, ConfigError> {
        self.load_section(part).map(|BindSetting { bind }| bind)
    }

    pub(crate) fn peer_addresses(&self) -> impl Iterator<Item = (CloudPart, &str)> {
        let all = self.peers.iter();
        all.filter_map(|(name, address)| Some((CloudPart::from_name(name)?, address.as_str())))
    }

    pub(crate) fn render_masked(&self) -> Result<String, ConfigError> {
        let shared = [
            render_masked_section("platform", &self.platform),
            render_masked_section("peers", &self.peers),
            render_masked_section(trust::SECTION, &self.tls),
        ];
        let parts = CloudPart::ALL
            .iter()
            .map(|part| render_part_section(*part, self));
        let all: Result<Vec<String>, _> = shared.into_iter().map(Ok).chain(parts).collect();
        all.map(|sections| sections.join("\n"))
    }

    fn check_peers(&self) -> Result<(), ConfigError> {
        let usual = usual_peers();
        match self.peers.keys().find(|name| !usual.contains_key(*name)) {
            None => Ok(()),
            Some(name) => Err(ConfigError::Value {
                key: format!("peers.{name}"),
                why: format!(
                    "expected one of {}",
                    Vec::from_iter(usual.into_keys()).join(", ")
                ),
            }),
        }
    }
}

impl PlatformConfig {
    fn default_for(place: &DataPlace, listener: CloudPart) -> Self {
        let [service_key, data_keys] =
            ["service.key", "data.keys"].map(|name| place.file_path(name));
        let seal = true;
        let (bus_url, cache_url) = match &place.data {
            None => (
                "amqp://127.0.0.1:5672/%2f".into(),
                "redis://127.0.0.1:6379".into(),
            ),
            Some(data) => (
                format!("embedded:{}", data.join("bus.db").display()).into(),
                "memory:".into(),
            ),
        };
        let connections_per_address = CONNECTIONS_PER_ADDRESS;
        let operator_bind = format!("127.0.0.1:{}", listener.port() + OPERATOR_FROM);
        Self {
            bus_url,
            cache_url,
            service_key,
            data_keys,
            seal,
            sent_events_kept_days: SENT_EVENTS_KEPT_DAYS,
            dispute_ms: DISPUTE_MS,
            connections_per_address,
            operator_bind,
        }
    }
}

impl PartConfig for BindSetting {
    fn default_for_part(part: CloudPart, _: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
        }
    }
}

macro_rules! render_sections {
    ($(
        $part:ident $service:ident $port:literal $offset:literal $store:ident $database:tt
        { $($peer:ident: $asked:ident),* }, $about:literal;
    )+) => {
        /// The part's configuration section as TOML, secrets masked.
        fn render_part_section(part: CloudPart, settings: &Settings) -> Result<String, ConfigError> {
            Ok(match part {
                $(CloudPart::$part => {
                    render_masked_section(part.name(), &settings.load_section::<$service::Config>(part)?)
                })+
                CloudPart::Gateway => {
                    render_masked_section(part.name(), &settings.load_section::<gateway::Config>(part)?)
                }
            })
        }
    };
}
process::services!(render_sections);

fn usual_peers() -> BTreeMap<String, String> {
    CloudPart::behind_the_gateway()
        .map(|part| {
            let url = format!("http://{}", DataPlace::listen_address(part));
            (part.name().to_owned(), url)
        })
        .collect()
}
