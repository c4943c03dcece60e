//! Configuration of one part: defaults, then `holdfast.toml`, the environment, and flags. Every
//! error names its key, and no secret is ever printed.

mod layers;
mod secret;

use std::{ffi::OsString, path::PathBuf};

use serde::Serialize;

pub use layers::{check_sections, load, load_over};
pub use secret::{Secret, SecretUrl};

/// Sources on top of the defaults.
#[derive(Clone, Default)]
pub struct ConfigSources {
    /// Must exist if given.
    pub file: Option<PathBuf>,
    /// Such as `HOLDFAST__ORDER__SQL_URL`.
    pub environment: Vec<(OsString, OsString)>,
    /// Such as `order.sql_url=...`; a later one wins.
    pub set: Vec<String>,
}

/// The flags every binary shares; `#[command(flatten)]` them.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConfigArgs {
    /// Configuration file [default: holdfast.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "HOLDFAST_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// Set one value, such as order.sql_url=sqlite:order.db; repeatable
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub set: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("configuration `{key}`: {why}")]
    Value { key: String, why: String },
    #[error("configuration file {}: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("`--set {text}`: expected section.key=value")]
    Set { text: String },
}

impl ConfigArgs {
    pub fn collect_sources(&self) -> ConfigSources {
        let usual = PathBuf::from("holdfast.toml");
        let file = self
            .config
            .clone()
            .or_else(|| usual.exists().then_some(usual));
        ConfigSources {
            file,
            environment: std::env::vars_os().collect(),
            set: self.set.clone(),
        }
    }
}

/// The section as TOML, with every secret masked.
pub fn render_masked_section<T: Serialize>(section: &str, config: &T) -> String {
    let table = toml::Table::try_from(config).map(toml::Value::Table);
    let whole = table.and_then(|table| {
        toml::to_string_pretty(&toml::Table::from_iter([(section.to_owned(), table)]))
    });
    whole.unwrap_or_else(|error| format!("# [{section}] cannot be shown: {error}\n"))
}

#[cfg(test)]
mod tests;
