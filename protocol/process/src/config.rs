//! Configuration of one part: its defaults, then `holdfast.toml`, then the environment, then flags.
//! Every error names its key, and no secret is ever printed.

mod layers;
mod secret;

use std::path::PathBuf;

use serde::{Serialize, de::DeserializeOwned};

use crate::parts::CloudPart;

pub use secret::{Secret, SecretUrl};

/// Where configuration comes from, beside the defaults and the environment.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Must exist where it is given.
    pub file: Option<PathBuf>,
    /// `order.sql_url=...`, each; a later one wins.
    pub set: Vec<String>,
}

/// The flags every binary shares; `#[command(flatten)]` them.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConfigArgs {
    /// Configuration file [default: holdfast.toml, where there is one]
    #[arg(long, value_name = "FILE", env = "HOLDFAST_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// Set one value, such as order.sql_url=sqlite:order.db; may be repeated
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
    pub fn sources(&self) -> Sources {
        let usual = PathBuf::from("holdfast.toml");
        let file = self.config.clone().or_else(|| usual.exists().then_some(usual));
        Sources { file, set: self.set.clone() }
    }
}

impl From<ConfigArgs> for Sources {
    fn from(args: ConfigArgs) -> Self {
        args.sources()
    }
}

/// Reads the section of one part. `T` denies unknown fields, so that a misspelt key is an error.
pub fn load<T>(section: &str, sources: &Sources) -> Result<T, ConfigError>
where
    T: Serialize + DeserializeOwned + Default,
{
    layers::load(section, sources, std::env::vars_os())
}

/// As `load`, over defaults that the caller worked out: where a part's files stand, for one.
pub fn load_over<T>(section: &str, defaults: &T, sources: &Sources) -> Result<T, ConfigError>
where
    T: Serialize + DeserializeOwned,
{
    layers::load_over(section, defaults, sources, std::env::vars_os())
}

/// The sections that belong to no part of the cloud. Parts and edges may share one file, so each knows
/// every section.
const OTHER_SECTIONS: [&str; 3] = ["platform", "peers", "edge"];

/// Refuses a section that belongs to no part, in whatever source: `load` sees only its own, and a
/// misspelt one would set nothing and say nothing.
pub fn check_sections(sources: &Sources) -> Result<(), ConfigError> {
    let parts = CloudPart::ALL.iter().map(|part| part.name());
    let known: Vec<&str> = OTHER_SECTIONS.into_iter().chain(parts).collect();
    layers::check_sections(&known, sources, std::env::vars_os())
}

/// The section as it stands in a file, with every secret masked.
pub fn printable<T: Serialize>(section: &str, config: &T) -> String {
    let table = toml::Table::try_from(config).map(toml::Value::Table);
    let whole = table.and_then(|table| {
        toml::to_string_pretty(&toml::Table::from_iter([(section.to_owned(), table)]))
    });
    whole.unwrap_or_else(|error| format!("# [{section}] cannot be shown: {error}\n"))
}

#[cfg(test)]
mod tests;
