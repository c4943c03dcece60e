//! Configuration of one part: defaults, then `holdfast.toml`, the environment, and flags. Every
//! error names its key, and no secret is ever printed.

mod secret;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use config::{Config, ConfigBuilder, File, FileFormat, Value, builder::DefaultState};
use serde::{Serialize, de::DeserializeOwned};

use crate::parts::CloudPart;

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

const ENV_PREFIX: &str = "HOLDFAST__";

/// Sections outside the parts. Parts and edges may share a file, so each accepts every section.
const OTHER_SECTIONS: [&str; 4] = ["platform", "peers", "edge", "tls"];

/// Reads one part's section. `T` denies unknown fields, so misspelt keys are errors.
pub fn load<T>(section: &str, sources: &ConfigSources) -> Result<T, ConfigError>
where
    T: Serialize + DeserializeOwned + Default,
{
    load_over(section, &T::default(), sources)
}

/// Like `load`, over computed defaults, such as a part's file paths.
pub fn load_over<T>(section: &str, defaults: &T, sources: &ConfigSources) -> Result<T, ConfigError>
where
    T: Serialize + DeserializeOwned,
{
    let mut builder = Config::builder().add_source(build_defaults_layer(section, defaults)?);
    if let Some(path) = &sources.file {
        let (text, _) = read_file(path)?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let prefix = format!("{section}.");
    // A later value of a key replaces an earlier one.
    let single: BTreeMap<String, String> = collect_overrides(sources)?.collect();
    for (key, text) in single
        .into_iter()
        .filter(|(key, _)| key.starts_with(&prefix))
    {
        builder = with_single(builder, &key, text)?;
    }
    let value: Value = builder
        .build()
        .and_then(|built| built.get(section))
        .map_err(|error| value_error(section, error.to_string()))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        read_error(section, &path, error.into_inner())
    })
}

/// Rejects a misspelt section in any source, which would have no effect.
pub fn check_sections(sources: &ConfigSources) -> Result<(), ConfigError> {
    let parts = CloudPart::ALL.iter().map(|part| part.name());
    let known: Vec<&str> = OTHER_SECTIONS.into_iter().chain(parts).collect();
    let file = sources.file.as_deref().map(read_file).transpose()?;
    let in_file = file.iter().flat_map(|(_, table)| table.keys().cloned());
    let in_overrides =
        collect_overrides(sources)?.filter_map(|(key, _)| key.split('.').next().map(str::to_owned));
    let mut named = in_file.chain(in_overrides);
    match named.find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(value_error(
            &name,
            format!("expected one of {}", known.join(", ")),
        )),
    }
}

type Builder = ConfigBuilder<DefaultState>;

fn build_defaults_layer<T: Serialize>(
    section: &str,
    defaults: &T,
) -> Result<File<config::FileSourceString, FileFormat>, ConfigError> {
    let text = secret::with_secrets_revealed(|| {
        let table = toml::Value::try_from(defaults)?;
        toml::to_string(&toml::Table::from_iter([(section.to_owned(), table)]))
    });
    let text = text.map_err(|error| value_error(section, format!("bad defaults: {error}")))?;
    Ok(File::from_str(&text, FileFormat::Toml))
}

/// Reads the file here, so that errors name the file, not a key.
fn read_file(path: &Path) -> Result<(String, toml::Table), ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| file_error(path, error.to_string()))?;
    let table = toml::from_str(&text).map_err(|error: toml::de::Error| {
        // The parser's own message quotes the line, which may hold a secret.
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        file_error(path, format!("line {line}: {}", error.message()))
    })?;
    Ok((text, table))
}

/// Parses a list or a table as in the file. The field converts all other text, so passwords of
/// digits and addresses such as `[::1]:8080` stay intact.
fn with_single(builder: Builder, key: &str, text: String) -> Result<Builder, ConfigError> {
    if text.starts_with(['[', '{']) && text.parse::<SocketAddr>().is_err() {
        let line = format!("{key} = {text}");
        let checked: Result<toml::Table, _> = toml::from_str(&line);
        checked.map_err(|error| value_error(key, error.message().to_owned()))?;
        return Ok(builder.add_source(File::from_str(&line, FileFormat::Toml)));
    }
    builder
        .set_override(key, text)
        .map_err(|error| value_error(key, error.to_string()))
}

/// Values by key: `HOLDFAST__ORDER__SQL_URL` sets `order.sql_url`. Flags come last.
fn collect_overrides(
    sources: &ConfigSources,
) -> Result<impl Iterator<Item = (String, String)>, ConfigError> {
    let in_environment = sources.environment.iter().filter_map(|(name, text)| {
        let key = name
            .to_str()?
            .strip_prefix(ENV_PREFIX)?
            .to_lowercase()
            .replace("__", ".");
        Some((key, text.to_str()?.to_owned()))
    });
    Ok(in_environment.chain(from_flags(&sources.set)?))
}

fn from_flags(set: &[String]) -> Result<Vec<(String, String)>, ConfigError> {
    set.iter().map(|text| split_flag(text)).collect()
}

/// Splits `SECTION.KEY=VALUE`.
fn split_flag(text: &str) -> Result<(String, String), ConfigError> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    let names = key.trim().split('.').filter(|name| !name.is_empty());
    if text.contains('=') && names.count() > 1 {
        return Ok((key.trim().to_owned(), value.to_owned()));
    }
    // Omit the value: it may be a secret.
    Err(ConfigError::Set {
        text: key.to_owned(),
    })
}

/// Names the key and omits the value, which may be a secret.
fn read_error(section: &str, path: &str, error: config::ConfigError) -> ConfigError {
    let why = match error {
        config::ConfigError::Type { expected, .. } => format!("expected {expected}"),
        config::ConfigError::At { error, .. } => return read_error(section, path, *error),
        other => other.to_string(),
    };
    let name = ["missing field `", "unknown field `"]
        .iter()
        .find_map(|start| why.strip_prefix(start)?.split('`').next());
    let mut key = if path == "." {
        section.to_owned()
    } else {
        format!("{section}.{path}")
    };
    if let Some(name) = name.filter(|name| !key.ends_with(&format!(".{name}"))) {
        key = format!("{key}.{name}");
    }
    value_error(&key, why)
}

fn file_error(path: &Path, why: String) -> ConfigError {
    ConfigError::File {
        path: path.to_owned(),
        why,
    }
}

fn value_error(key: &str, why: String) -> ConfigError {
    ConfigError::Value {
        key: key.to_owned(),
        why,
    }
}

#[cfg(test)]
mod tests;
