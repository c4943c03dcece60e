//! Owns the section `review` of the configuration.

use platform::config::{DataPlace, PartConfig};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub documents_url: SecretUrl,
    /// Where the pictures of reviews are. All replicas need the same place.
    pub files_url: SecretUrl,
    /// A customer may change a review for so long, unless its provider has replied.
    pub edit_within_ms: i64,
}

/// Names no store.
impl Default for Config {
    fn default() -> Self {
        Self {
            bind: String::new(),
            documents_url: SecretUrl::default(),
            files_url: SecretUrl::default(),
            edit_within_ms: 24 * 60 * 60 * 1000,
        }
    }
}

impl PartConfig for Config {
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        let files = format!("file:{}", place.file("review-files").display());
        Self {
            bind: DataPlace::bind(part),
            documents_url: place.store(part),
            files_url: files.into(),
            ..Self::default()
        }
    }
}
