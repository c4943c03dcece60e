//! A throwaway platform under test, on production's kinds of servers and with the demo's people,
//! separate from everything else on this machine.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::Duration,
};

use serde_json::Value;

use super::{
    callers::{CallerLane, REGION, RouteCaller},
    read,
};
use crate::{Result, shell, workspace};

/// Takes about fifteen seconds on an idle machine.
const STARTS_WITHIN: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// All callers share one address, and on a quick machine ask more often than one may.
const WIDE_LIMITS: [(&str, &str); 3] = [
    ("HOLDFAST__GATEWAY__PER_ADDRESS_PER_MINUTE", "60000"),
    ("HOLDFAST__GATEWAY__PER_PERSON_PER_MINUTE", "60000"),
    ("HOLDFAST__GATEWAY__PER_USER_PER_MINUTE", "60000"),
];

pub struct FuzzedPlatform {
    process: Child,
    log: PathBuf,
    gateway: String,
    edge: String,
}

impl FuzzedPlatform {
    pub fn start(work: &Path) -> Result<Self> {
        let ready_file = work.join("ready.json");
        let log = work.join("platform.log");
        let file = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let errors = file.try_clone().map_err(|e| e.to_string())?;
        let process = Command::new(workspace::program("holdfast-stack")?)
            .args([
                "up",
                "--ephemeral",
                "--free-ports",
                "--real",
                "--ready-file",
            ])
            .arg(&ready_file)
            // Leaves the developer's operator context untouched.
            .env("HOLDFAST_CONTEXT_DIR", work.join("context"))
            .envs(WIDE_LIMITS)
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(|e| format!("could not start a platform: {e}"))?;
        let gateway = String::new();
        let edge = String::new();
        let mut started = Self {
            process,
            log,
            gateway,
            edge,
        };
        started.wait_for(&ready_file)?;
        let ready = read(&ready_file)?;
        let address = |value: &Value| {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or("the ready file lacks an address")
        };
        started.gateway = address(&ready["gateway"])?;
        started.edge = address(&ready["edges"][REGION]["http"])?;
        Ok(started)
    }

    pub fn address(&self, lane: CallerLane) -> &str {
        if lane == CallerLane::Gateway {
            &self.gateway
        } else {
            &self.edge
        }
    }

    pub fn sign_in_url(&self) -> String {
        format!("{}/api/v1/auth/login", self.gateway)
    }

    /// Returns the caller's access token if it is a person.
    pub fn sign_in(&self, caller: &RouteCaller) -> Result<Option<String>> {
        let Some(form) = caller.form() else {
            return Ok(None);
        };
        let text = self.curl(&[
            "--header",
            "content-type: application/json",
            "--data",
            &form.to_string(),
            &self.sign_in_url(),
        ])?;
        let granted: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        let token = granted[caller.token_field()]
            .as_str()
            .ok_or("a sign-in returned no token")?;
        Ok(Some(token.to_owned()))
    }

    /// A caller without a session gets nothing but refusals.
    pub fn is_signed_in(&self, caller: &RouteCaller, token: &str) -> Result<()> {
        let url = match caller.lane {
            CallerLane::Gateway => format!("{}/api/v1/session", self.gateway),
            CallerLane::Edge => format!("{}/session?device=routes", self.edge),
        };
        let asked = self.curl(&["--header", &format!("authorization: Bearer {token}"), &url]);
        asked
            .map(drop)
            .map_err(|error| format!("a call ended the caller's session: {error}"))
    }

    fn curl(&self, arguments: &[&str]) -> Result<String> {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--max-time",
            "30",
        ]);
        let output = curl
            .args(arguments)
            .output()
            .map_err(|e| format!("curl: {e}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        let log = self.log.display();
        if output.status.success() {
            Ok(said)
        } else {
            Err(format!("{errors}{said}; see {log}"))
        }
    }

    fn wait_for(&mut self, ready_file: &Path) -> Result<()> {
        let looks = STARTS_WITHIN.as_millis() / LOOK_AGAIN.as_millis();
        for _ in 0..looks {
            if ready_file.is_file() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                let said = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("the platform did not start: {status}\n{said}"));
            }
            thread::sleep(LOOK_AGAIN);
        }
        Err(format!(
            "the platform was not ready after {STARTS_WITHIN:?}"
        ))
    }
}

impl Drop for FuzzedPlatform {
    /// SIGTERM makes the platform remove everything before it ends; it does the same if we are
    /// killed.
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        shell::succeeds(Command::new("kill").args(["-TERM", &id]));
        let _ended = self.process.wait();
    }
}
