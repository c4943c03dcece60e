//! The `review` section of the configuration.

use platform::config::{DataPlace, PartConfig};
use process::{config::SecretUrl, parts::CloudPart};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub documents_url: SecretUrl,
    /// The file store for review pictures. All replicas must share it.
    pub files_url: SecretUrl,
    /// A customer may edit a review for this long, unless its provider has replied.
    pub edit_within_ms: i64,
}

/// The default sets no store URLs.
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
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        let files = format!("file:{}", place.file_path("review-files").display());
        Self {
            bind: DataPlace::listen_address(part),
            documents_url: place.store_address(part),
            files_url: files.into(),
            ..Self::default()
        }
    }
}
