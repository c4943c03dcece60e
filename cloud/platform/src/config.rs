//! The configuration that services share: where a part listens and where its store is.

use std::path::PathBuf;

use process::{
    config::SecretUrl,
    parts::{CloudPart, StoreKind},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A part's section of the configuration.
pub trait PartConfig: Serialize + DeserializeOwned {
    /// The section where nothing is set.
    fn usual(part: CloudPart, place: &DataPlace) -> Self;
}

/// The place of stores and keys where nothing is set: a data folder, or servers at their usual
/// addresses.
#[derive(Debug, Clone, Default)]
pub struct DataPlace {
    pub data: Option<PathBuf>,
}

impl DataPlace {
    pub fn bind(part: CloudPart) -> String {
        format!("127.0.0.1:{}", part.port())
    }

    /// The address of the part's own store. A part without one has an empty address.
    pub fn store(&self, part: CloudPart) -> SecretUrl {
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

    /// A file of the part, such as a key.
    pub fn file(&self, name: &str) -> PathBuf {
        self.data.clone().unwrap_or_default().join(name)
    }
}

/// The section of a service that sets nothing but its document store. The default names none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentsConfig {
    pub bind: String,
    pub documents_url: SecretUrl,
}

impl PartConfig for DocumentsConfig {
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        Self { bind: DataPlace::bind(part), documents_url: place.store(part) }
    }
}
