//! The configuration of every part: a section each, and one for what they share.

use std::path::PathBuf;

use process::config::{ConfigError, SecretUrl, check_sections, load_over, printable};
use serde::{Deserialize, Serialize};

use crate::{
    cli::{Cli, Command},
    defaults::{DATA, Defaults},
};

/// Section `[platform]`: what all parts share.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Platform {
    pub bus_url: SecretUrl,
    pub cache_url: SecretUrl,
    /// The key by which parts know each other; the same file for all of them.
    pub service_key: PathBuf,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            bus_url: "amqp://127.0.0.1:5672/%2f".into(),
            cache_url: "redis://127.0.0.1:6379".into(),
            service_key: "service.key".into(),
        }
    }
}

/// Section `[peers]`: where a part that runs alone finds the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peers {
    pub auth: String,
    pub order: String,
    pub notification: String,
    pub hub: String,
}

impl Default for Peers {
    fn default() -> Self {
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        Self { auth: at(8000), order: at(8003), notification: at(8006), hub: at(8007) }
    }
}

pub struct Settings {
    /// The folder of embedded stores, where there is one.
    pub data: Option<PathBuf>,
    pub platform: Platform,
    pub peers: Peers,
    pub gateway: gateway::Config,
    pub auth: auth::Config,
    pub order: order::Config,
    pub notification: notification::Config,
    pub hub: hub::Config,
}

impl Settings {
    pub fn load(cli: &Cli) -> Result<Self, ConfigError> {
        let embedded = || cli.command.is_all().then(|| PathBuf::from(DATA));
        let data = cli.data.clone().or_else(embedded);
        let defaults = Defaults::new(data.clone());
        let sources = cli.config.sources();
        check_sections(&sources)?;
        let mut settings = Self {
            data,
            platform: load_over("platform", &defaults.platform(), &sources)?,
            peers: load_over("peers", &Peers::default(), &sources)?,
            gateway: load_over(gateway::NAME, &gateway::Config::default(), &sources)?,
            auth: load_over(auth::NAME, &defaults.auth(), &sources)?,
            order: load_over(order::NAME, &defaults.order(), &sources)?,
            notification: load_over(notification::NAME, &defaults.notification(), &sources)?,
            hub: load_over(hub::NAME, &defaults.hub(), &sources)?,
        };
        if let Some(bind) = &cli.bind {
            settings.listen_on(&cli.command, bind);
        }
        Ok(settings)
    }

    fn listen_on(&mut self, command: &Command, bind: &str) {
        let listener = match command {
            Command::Auth => &mut self.auth.bind,
            Command::Order => &mut self.order.bind,
            Command::Notification => &mut self.notification.bind,
            Command::Hub => &mut self.hub.bind,
            // In one process only the gateway listens.
            _ => &mut self.gateway.bind,
        };
        bind.clone_into(listener);
    }

    /// As a configuration file, with secrets masked.
    pub fn printable(&self) -> String {
        [
            printable("platform", &self.platform),
            printable("peers", &self.peers),
            printable(gateway::NAME, &self.gateway),
            printable(auth::NAME, &self.auth),
            printable(order::NAME, &self.order),
            printable(notification::NAME, &self.notification),
            printable(hub::NAME, &self.hub),
        ]
        .join("\n")
    }
}
