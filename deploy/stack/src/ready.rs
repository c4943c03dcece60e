//! The ready file: announces that a platform is up, with its addresses.
//!
//! Invariant: the file appears whole or not at all, and only when everything in it is true.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{self, Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use wire::Region;

use crate::{layout::EdgePlace, servers::Addresses, sign_ins::DemoPerson};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyFile {
    pub gateway: String,
    /// The address of the link, at the gateway.
    pub hub: String,
    pub edges: BTreeMap<Region, EdgeAddresses>,
    pub sign_ins: Vec<DemoPerson>,
    /// Every process, including the starter.
    pub pids: BTreeMap<String, u32>,
    pub data: PathBuf,
    /// Money of completed work waits neither for objections nor for the hour of payouts.
    #[serde(default)]
    pub settles_soon: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers: Option<Addresses>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeAddresses {
    pub edge: String,
    pub http: String,
    /// Host and port, as MQTT clients expect them.
    pub mqtt: String,
    pub ws: String,
}

impl EdgeAddresses {
    pub fn of(place: &EdgePlace) -> Self {
        Self {
            edge: place.edge.clone(),
            http: format!("http://127.0.0.1:{}", place.http),
            mqtt: format!("127.0.0.1:{}", place.mqtt),
            ws: format!("ws://127.0.0.1:{}/mqtt", place.ws),
        }
    }
}

/// Readable by this user only: it contains sign-ins.
pub fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    let written = || {
        let path = path::absolute(path)?;
        let mut file = NamedTempFile::new_in(path.parent().unwrap_or(&path))?;
        file.write_all(text.as_bytes())?;
        file.persist(&path).map(drop).map_err(|failed| failed.error)
    };
    written().with_context(|| format!("could not write {}", path.display()))
}

/// The reader may have removed it already.
pub fn remove(path: &Path) {
    let _gone_already = fs::remove_file(path);
}
