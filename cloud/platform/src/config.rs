//! Configuration that services share: the listen address and store address of a part.

use std::path::PathBuf;

use process::{
    config::SecretUrl,
    parts::{CloudPart, StoreKind},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub trait PartConfig: Serialize + DeserializeOwned {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self;
}

/// The default location of stores and keys: a data folder, or servers at their default addresses.
#[derive(Debug, Clone, Default)]
pub struct DataPlace {
    pub data: Option<PathBuf>,
}

impl DataPlace {
    pub fn listen_address(part: CloudPart) -> String {
        format!("127.0.0.1:{}", part.port())
    }

    /// The default store address of the part; empty if the part has no store.
    pub fn store_address(&self, part: CloudPart) -> SecretUrl {
        match (part.store(), &self.data) {
            (StoreKind::Nothing, _) => "".into(),
            (StoreKind::Sql(name) | StoreKind::Documents(name), Some(data)) => {
                let file = format!("{}.db", name.trim_end_matches("_db"));
                format!("sqlite:{}", data.join(file).display()).into()
            }
            (StoreKind::Sql(name), None) => format!("mysql://{part}@127.0.0.1/{name}").into(),
            (StoreKind::Documents(name), None) => format!("mongodb://127.0.0.1/{name}").into(),
        }
    }

    pub fn file_path(&self, name: &str) -> PathBuf {
        self.data.clone().unwrap_or_default().join(name)
    }
}

/// The section of a service that configures only its document store. The default has no address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentsConfig {
    pub bind: String,
    pub documents_url: SecretUrl,
}

impl PartConfig for DocumentsConfig {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
            documents_url: place.store_address(part),
        }
    }
}
