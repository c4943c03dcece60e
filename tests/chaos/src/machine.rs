//! Copies and restores an edge's files, and runs a second process on a copy of them.

use std::{io, path::Path};

use stack::{Child, Signal, Spec, Stack, binaries};
use wire::Region;

/// Copies a folder recursively.
///
/// # Errors
/// If a file cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Replaces a folder with an older copy.
///
/// # Errors
/// If a file cannot be read, removed or written.
pub fn put_back(copied: &Path, folder: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(folder)?;
    copy(copied, folder)
}

/// A `holdfast-edge` process outside the platform.
#[derive(Debug, Clone)]
pub struct Second {
    pub name: String,
    pub region: Region,
    pub data: std::path::PathBuf,
    pub gateway_url: String,
    pub http: u16,
    pub mqtt: u16,
    pub ws: u16,
}

impl Second {
    /// Starts the process, with a code if it has to enrol.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn start(&self, stack: &Stack, log: &str, code: Option<&str>) -> Child {
        let at = |port: u16| format!("127.0.0.1:{port}");
        let program = binaries::own("holdfast-edge").expect("holdfast-edge is built");
        let spec = Spec::new(log, program, stack.layout().log(log))
            .stop_with(Signal::Term, 2_000)
            .env("HOLDFAST__EDGE__NAME", &self.name)
            .env("HOLDFAST__EDGE__REGION", self.region.as_str())
            .env("HOLDFAST__EDGE__GATEWAY_URL", &self.gateway_url)
            .env("HOLDFAST__EDGE__DATA", self.data.display().to_string())
            .env("HOLDFAST__EDGE__HTTP_BIND", at(self.http))
            .env("HOLDFAST__EDGE__MQTT_BIND", at(self.mqtt))
            .env("HOLDFAST__EDGE__WS_BIND", at(self.ws))
            .env("HOLDFAST__EDGE__OPERATOR_BIND", "127.0.0.1:0");
        let spec = match code {
            Some(code) => spec.env("HOLDFAST__EDGE__ENROLMENT_CODE", code),
            None => spec,
        };
        stack
            .supervisor()
            .spawn(stack.in_environment(spec))
            .await
            .expect("a second edge")
    }
}
