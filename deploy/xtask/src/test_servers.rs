//! The private servers of a test run: started once, shared by all stages, removed at the end.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{Result, shell, workspace};

/// RabbitMQ takes about five seconds on an idle machine.
const STARTS_WITHIN: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

pub struct TestServers {
    process: Child,
    ready_file: PathBuf,
}

impl TestServers {
    pub fn start() -> Result<Self> {
        let target = workspace::target()?;
        let ready_file = target.join(format!("test-servers-{}.json", std::process::id()));
        let _none_left = fs::remove_file(&ready_file);
        let logs = target.join("test-servers");
        eprintln!("Starting MariaDB, MongoDB, RabbitMQ, Redis, Mosquitto and an S3 substitute");
        let process = Command::new(workspace::program("holdfast-stack")?)
            .args(["servers", "--ready-file"])
            .arg(&ready_file)
            .arg("--logs")
            .arg(&logs)
            .spawn()
            .map_err(|e| format!("could not start the servers: {e}"))?;
        let mut servers = Self {
            process,
            ready_file,
        };
        servers.wait_until_ready()?;
        Ok(servers)
    }

    /// The variable that gives tests the servers' addresses.
    pub fn environment(&self) -> impl Iterator<Item = (String, String)> + use<> {
        [(
            "HOLDFAST_TEST_SERVERS".to_owned(),
            self.ready_file.display().to_string(),
        )]
        .into_iter()
    }

    /// The same with one of the addresses replaced.
    pub fn environment_with(&self, name: &str, address: &str) -> Result<Vec<(String, String)>> {
        let text = fs::read_to_string(&self.ready_file);
        let text = text.map_err(|e| format!("{}: {e}", self.ready_file.display()))?;
        let mut addresses: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        addresses[name] = address.into();
        fs::write(&self.ready_file, addresses.to_string())
            .map_err(|e| format!("{}: {e}", self.ready_file.display()))?;
        Ok(self.environment().collect())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let looks = STARTS_WITHIN.as_millis() / LOOK_AGAIN.as_millis();
        for _ in 0..looks {
            if self.ready_file.is_file() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("the servers did not start: {status}"));
            }
            thread::sleep(LOOK_AGAIN);
        }
        Err(format!(
            "the servers were not ready after {STARTS_WITHIN:?}"
        ))
    }
}

impl Drop for TestServers {
    /// SIGTERM makes the servers remove everything before they end; they do the same if we are
    /// killed.
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        shell::succeeds(Command::new("kill").args(["-TERM", &id]));
        let _ended = self.process.wait();
        let _gone_already = fs::remove_file(&self.ready_file);
    }
}
