//! The program behind `cargo xtask up` becomes healthy, prints all addresses, and cleans up after
//! every kind of end.

use std::{
    fs,
    io::Read,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use process::clock::Clock;
use stack::{ReadyFile, Stores, binaries, temporary};
use support::eventually;

const READY_WITHIN: Duration = Duration::from_secs(120);
const STOPS_WITHIN: Duration = Duration::from_secs(5);
const REAL_STOPS_WITHIN: Duration = Duration::from_secs(20);

struct Up {
    process: Child,
    folder: PathBuf,
}

impl Up {
    /// These tests' port bases lie below the ports drawn for servers and other platforms.
    fn begin(port_base: u16, more: &[&str]) -> Self {
        let folder = temporary::folder().unwrap();
        let process = Command::new(binaries::own("holdfast-stack").unwrap())
            .args([
                "up",
                "--ephemeral",
                "--port-base",
                &port_base.to_string(),
                "--ready-file",
            ])
            .arg(folder.join("ready.json"))
            .args(more)
            .env("HOLDFAST_CONTEXT_DIR", folder.join("contexts"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    async fn ready(&mut self) -> ReadyFile {
        let file = self.folder.join("ready.json");
        eventually("the platform is ready", READY_WITHIN, async || {
            if let Some(exit) = self.process.try_wait().unwrap() {
                panic!("it ended instead, with {exit}: {}", self.said());
            }
            serde_json::from_str(&fs::read_to_string(&file).ok()?).ok()
        })
        .await
    }

    /// Complete once the process has ended.
    fn said(&mut self) -> String {
        let mut said = String::new();
        self.process
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        said
    }

    fn holdfast(&self, arguments: &[&str]) -> ExitStatus {
        Command::new(binaries::own("holdfast").unwrap())
            .args(arguments)
            .env("HOLDFAST_CONTEXT_DIR", self.folder.join("contexts"))
            .stdout(Stdio::null())
            .status()
            .unwrap()
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    async fn ended(&mut self, within: Duration) -> ExitStatus {
        eventually("it has ended", within, async || {
            self.process.try_wait().unwrap()
        })
        .await
    }
}

impl Drop for Up {
    /// Stops everything even if a test fails halfway.
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended = self.process.wait();
        let _gone_already = fs::remove_dir_all(&self.folder);
    }
}

fn is_alive(pid: u32) -> bool {
    // An unreaped zombie is not alive.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit_once(')')
            .is_some_and(|(_, rest)| rest.starts_with(" Z"))
    })
}

fn addresses(ready: &ReadyFile) -> Vec<String> {
    let bare = |url: &str| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().to_owned()
    };
    let edges = ready.edges.values();
    let mut all: Vec<String> = edges
        .flat_map(|edge| [bare(&edge.http), bare(&edge.mqtt), bare(&edge.ws)])
        .collect();
    all.extend([bare(&ready.gateway), bare(&ready.hub)]);
    all
}

fn answers(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}

async fn nothing_is_left(ready: &ReadyFile, within: Duration) {
    eventually(
        "every process is gone and every address refuses",
        within,
        async || {
            let alive = ready.pids.values().any(|pid| is_alive(*pid));
            let answering = addresses(ready).iter().any(|address| answers(address));
            (!alive && !answering).then_some(())
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn up_becomes_healthy_and_leaves_nothing_when_told_to_stop() {
    for signal in ["-INT", "-TERM"] {
        let mut up = Up::begin(12_000, &[]);
        let ready = up.ready().await;
        assert_eq!(ready.edges.len(), 5);
        assert!(
            ready.pids.values().all(|pid| is_alive(*pid)),
            "{:?}",
            ready.pids
        );
        assert!(addresses(&ready).iter().all(|address| answers(address)));
        let url = ready.gateway.clone();
        assert_eq!(
            up.holdfast(&["--url", &url, "status"]).code(),
            Some(0),
            "healthy at once"
        );
        assert_eq!(Stores::found_in(&ready.data), Some(Stores::Embedded));
        a_second_platform_on_its_ports_is_told_which_is_taken(12_000).await;

        let clock = Clock::system();
        let began = clock.elapsed();
        up.signal(signal);
        assert!(up.ended(STOPS_WITHIN).await.success());
        nothing_is_left(&ready, STOPS_WITHIN.saturating_sub(clock.elapsed() - began)).await;
        assert_eq!(
            up.holdfast(&["--url", &url, "status"]).code(),
            Some(4),
            "no context is left"
        );
    }
}

async fn a_second_platform_on_its_ports_is_told_which_is_taken(port_base: u16) {
    let mut second = Up::begin(port_base, &[]);
    assert!(!second.ended(READY_WITHIN).await.success());
    let said = second.said();
    assert!(
        said.contains(&port_base.to_string()),
        "the taken port is named: {said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_the_kill_of_up_itself() {
    let mut up = Up::begin(12_200, &[]);
    let ready = up.ready().await;
    let data = ready.data.clone();
    up.signal("-KILL");
    up.ended(STOPS_WITHIN).await;
    nothing_is_left(&ready, STOPS_WITHIN).await;
    eventually("the folder is gone", STOPS_WITHIN, async || gone(&data)).await;
}

fn gone(folder: &Path) -> Option<()> {
    (!folder.exists()).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn up_on_real_servers_becomes_healthy_and_leaves_nothing() {
    let mut up = Up::begin(12_800, &["--real"]);
    let ready = up.ready().await;
    assert_eq!(
        up.holdfast(&["--url", &ready.gateway, "status"]).code(),
        Some(0)
    );
    assert_eq!(Stores::found_in(&ready.data), Some(Stores::Real));
    up.signal("-INT");
    assert!(up.ended(REAL_STOPS_WITHIN).await.success());
    nothing_is_left(&ready, REAL_STOPS_WITHIN).await;
}
