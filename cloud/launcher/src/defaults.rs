//! What each part uses when nothing else is said: servers at their usual addresses, or, with a data
//! folder, files in it. Any single value is still overridden by file, environment or flag.

use std::path::{Path, PathBuf};

use process::config::SecretUrl;

use crate::settings::Platform;

/// The folder of `all` where none is named.
pub const DATA: &str = ".holdfast/cloud";

pub struct Defaults {
    data: Option<PathBuf>,
}

impl Defaults {
    pub fn new(data: Option<PathBuf>) -> Self {
        Self { data }
    }

    pub fn platform(&self) -> Platform {
        let servers = Platform::default();
        match &self.data {
            None => servers,
            Some(data) => Platform {
                bus_url: format!("embedded:{}", data.join("bus.db").display()).into(),
                cache_url: "memory:".into(),
                service_key: data.join("service.key"),
            },
        }
    }

    pub fn auth(&self) -> auth::Config {
        let servers = auth::Config::default();
        match &self.data {
            None => servers,
            Some(data) => auth::Config {
                sql_url: sqlite(data, "auth.db"),
                signing_key: data.join("auth.key"),
                ..servers
            },
        }
    }

    pub fn order(&self) -> order::Config {
        let servers = order::Config::default();
        match &self.data {
            None => servers,
            Some(data) => order::Config { sql_url: sqlite(data, "order.db"), ..servers },
        }
    }

    pub fn notification(&self) -> notification::Config {
        let servers = notification::Config::default();
        match &self.data {
            None => servers,
            Some(data) => {
                notification::Config { documents_url: sqlite(data, "notification.db"), ..servers }
            }
        }
    }

    pub fn hub(&self) -> hub::Config {
        let servers = hub::Config::default();
        match &self.data {
            None => servers,
            Some(data) => hub::Config { sql_url: sqlite(data, "sync.db"), ..servers },
        }
    }
}

fn sqlite(data: &Path, name: &str) -> SecretUrl {
    format!("sqlite:{}", data.join(name).display()).into()
}
