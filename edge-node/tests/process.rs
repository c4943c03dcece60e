//! The binary: starts fast, survives `kill -9`, reports from its file, and stops cleanly.
#![allow(clippy::unwrap_used)]

#[path = "process/backups.rs"]
mod backups;
#[path = "process/damage.rs"]
mod damage;
#[path = "process/disk_ladder.rs"]
mod disk_ladder;
#[path = "process/filled_disk.rs"]
mod filled_disk;
#[path = "process/full_disk.rs"]
mod full_disk;
#[path = "process/photos.rs"]
mod photos;
#[path = "process/platform_fees.rs"]
mod platform_fees;
#[path = "process/power_cut.rs"]
mod power_cut;
#[path = "process/service.rs"]
mod service;
#[path = "process/small_disk.rs"]
mod small_disk;
#[path = "edge/world/mod.rs"]
mod world;

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use serde_json::Value;
use wire::{Role, Verdict};
use world::{accept, cloud::Cloud, frame, free, id, order, tablet::Tablet, until};

const EDGE: &str = env!("CARGO_BIN_EXE_holdfast-edge");

struct Edge {
    child: Child,
    mqtt: SocketAddr,
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(data: &Path, sets: &[String], words: &[&str]) -> Command {
    let mut command = Command::new(EDGE);
    command.env_clear().current_dir(data).args(words);
    // Ignore the environment's configuration, but pass on a planted defect.
    command.envs(std::env::vars().filter(|(name, _)| name == "HOLDFAST_DEFECT"));
    command.args(["--set", &format!("edge.data={}", data.display())]);
    for set in sets {
        command.args(["--set", set]);
    }
    command
}

/// Settings of an edge with these listeners for tablets and operators.
fn settings(gateway: SocketAddr, mqtt: SocketAddr, operator: SocketAddr) -> Vec<String> {
    vec![
        format!("edge.gateway_url=http://{gateway}"),
        "edge.http_bind=127.0.0.1:0".to_owned(),
        format!("edge.mqtt_bind={mqtt}"),
        "edge.ws_bind=127.0.0.1:0".to_owned(),
        format!("edge.operator_bind={operator}"),
        "edge.enrolment_code=a-code".to_owned(),
        // One provider does the work of many, and is known once the cloud has applied a first
        // command.
        "edge.open_jobs_max=0".to_owned(),
        "edge.acceptances_a_day_max=0".to_owned(),
        "edge.known_after_hours=0".to_owned(),
    ]
}

impl Edge {
    async fn start(data: &Path, gateway: SocketAddr) -> Self {
        let mqtt = free();
        let operator = free();
        let command = command(data, &settings(gateway, mqtt, operator), &[]);
        Self::run(command, &data.join("log"), mqtt).await
    }

    async fn run(mut command: Command, log: &Path, mqtt: SocketAddr) -> Self {
        let log = std::fs::File::create(log).unwrap();
        let child = command.stderr(log).spawn().unwrap();
        let edge = Self { child, mqtt };
        until("the edge answers", || async {
            tokio::net::TcpStream::connect(edge.mqtt).await.ok()
        })
        .await;
        edge
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

fn report(data: &Path) -> Value {
    let output = command(data, &[], &["report", "--json"]).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_clients_cannot_fill_the_log() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let mut edge = Edge::start(data.path(), gateway).await;
    until("the link", || async { cloud.last_ack() }).await;
    for _ in 0..20 {
        assert!(
            Tablet::connect(edge.mqtt, "t-1", "t-1", "nonsense")
                .await
                .is_err()
        );
    }
    edge.signal("-TERM");
    edge.child.wait().unwrap();
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    let warnings_about_clients: Vec<_> = log
        .lines()
        .filter(|line| line.contains("WARN") && line.contains("holdfast_edge::mqtt"))
        .collect();
    assert!(warnings_about_clients.is_empty(), "{log}");
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("Refused a connection"))
        .collect();
    assert_eq!(lines.len(), 1, "one for the device and hour: {lines:?}");
    assert!(
        lines[0].contains("`t-1`") && log.contains("invalid_token"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_receipt_outlives_a_kill_at_any_moment() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=300).for_each(|n| cloud.put(order(n, 1)));
    let data = tempfile::tempdir().unwrap();
    let mut edge = Edge::start(data.path(), gateway).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 300)
    })
    .await;
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let mut receipts = Vec::new();
    for round in 0..3_u128 {
        let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
        for n in 1..=100 {
            let n = round * 100 + n;
            tablet.send(frame(1_000 + n, &token, &accept(n))).await;
        }
        // The kill comes while the rest is still in flight.
        for _ in 0..(20 + 30 * round) {
            let reply = tablet.reply().await;
            assert_eq!(reply.verdict, Verdict::Provisional);
            receipts.push(reply.receipt.unwrap());
        }
        edge.signal("-KILL");
        edge.child.wait().unwrap();
        edge = Edge::start(data.path(), gateway).await;
    }
    let told = report(data.path());
    assert_eq!(told["suspect"], serde_json::json!(false));
    let stored: Vec<&Value> = told["items"].as_array().unwrap().iter().collect();
    for receipt in &receipts {
        let found = stored
            .iter()
            .find(|item| item["seq"] == serde_json::json!(receipt.seq));
        let id = found.unwrap_or_else(|| panic!("op {} is lost", receipt.seq));
        assert_eq!(id["command_id"], serde_json::json!(receipt.command_id));
    }

    cloud.heal();
    until("all of it in the cloud, each once", || async {
        let ids: Vec<_> = cloud.commands().iter().map(|op| op.command.id).collect();
        let mut once = ids.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), ids.len());
        (ids.len() == stored.len()).then_some(())
    })
    .await;
    let known: Vec<_> = cloud.commands().iter().map(|op| op.command.id).collect();
    assert!(
        receipts
            .iter()
            .all(|receipt| known.contains(&receipt.command_id))
    );
    assert!(known.contains(&wire::CommandId(id(1_001))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_starts_within_a_second_and_stops_within_five() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    drop(Edge::start(data.path(), gateway).await);
    let clock = process::clock::Clock::system();
    let started = clock.elapsed();
    let mut edge = Edge::start(data.path(), gateway).await;
    let took = clock.elapsed() - started;
    assert!(took < Duration::from_secs(1), "{took:?}");
    until("a session", || async { cloud.hellos().last().cloned() }).await;
    let token = cloud.people().token(Role::Provider, 20);
    let _tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    let stopping = clock.elapsed();
    edge.signal("-TERM");
    assert!(edge.child.wait().unwrap().success());
    let took = clock.elapsed() - stopping;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn what_is_wrong_is_said_by_name() {
    let data = tempfile::tempdir().unwrap();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap();
    let code = "edge.enrolment_code=x".to_owned();
    let binds = [
        "edge.http_bind=127.0.0.1:0",
        "edge.operator_bind=127.0.0.1:0",
    ]
    .map(str::to_owned);
    let sets = |set: &str| [&[set.to_owned(), code.clone()][..], &binds].concat();
    for (set, words) in [
        (
            "edge.mqtt=external",
            "edge.broker_url: with edge.mqtt `external` it must be",
        ),
        ("edge.name=North 1", "edge.name"),
        ("edge.nmae=x", "edge.nmae"),
        (
            "edge.region=NORHT",
            "edge.region`: expected NORTH, SOUTH, EAST, WEST or MID",
        ),
        ("edge.gateway_url=cloud", "edge.gateway_url"),
        (&format!("edge.ws_bind={taken}"), &taken.to_string()),
        ("edge.enrolment_code=", "edge.enrolment_code"),
    ] {
        let mut all = sets(set).to_vec();
        if set.starts_with("edge.enrolment_code") {
            all.swap(0, 1);
        }
        if !set.contains("mqtt_bind") {
            all.push("edge.mqtt_bind=127.0.0.1:0".into());
        }
        let output = command(data.path(), &all, &[]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(words),
            "{set}: {said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_the_cloud_refuses_ends_the_edge_with_a_sentence() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let ran = |code: &str, name: &str| {
        let sets = [
            format!("edge.gateway_url=http://{gateway}"),
            format!("edge.enrolment_code={code}"),
            format!("edge.name={name}"),
            "edge.http_bind=127.0.0.1:0".to_owned(),
            "edge.mqtt_bind=127.0.0.1:0".to_owned(),
            "edge.ws_bind=127.0.0.1:0".to_owned(),
            "edge.operator_bind=127.0.0.1:0".to_owned(),
        ];
        let folder = data.path().join(format!("{name}-{code}"));
        std::fs::create_dir(&folder).unwrap();
        let mut command = command(&folder, &sets, &[]);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let torn = "AAAA-".repeat(7);
    for (code, name, words) in [
        (
            "b-code",
            "north-1",
            "it is unknown, used, withdrawn or expired",
        ),
        (torn.as_str(), "north-1", "the code is incomplete"),
        ("a-code", "north-2", "is not for edge `north-2` in NORTH"),
        (
            "another-code",
            "north-2",
            "was for edge `north-1` in NORTH, not for edge.name",
        ),
    ] {
        let output = ran(code, name).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        assert!(!output.status.success(), "{code}: {said}");
        assert!(
            last.starts_with("holdfast-edge: ") && last.contains(words),
            "{code}: {said}"
        );
    }
    assert_eq!(cloud.hellos().len(), 0);
}

/// The data folder of an edge that was enrolled with `a-code` and has stopped.
async fn data_of_enrolled(cloud: &Cloud, gateway: SocketAddr) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let mut edge = Edge::start(data.path(), gateway).await;
    until("a session", || async { cloud.hellos().last().cloned() }).await;
    edge.signal("-TERM");
    edge.child.wait().unwrap();
    data
}

/// The error of an edge that fails to start. An edge that does start is stopped.
fn refusal(data: &Path, sets: &[String], words: &[&str]) -> String {
    let edge = command(data, sets, words);
    let mut bounded = Command::new("timeout");
    bounded
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| name == "PATH"));
    bounded
        .arg("5")
        .arg(edge.get_program())
        .args(edge.get_args());
    let output = bounded.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enrolled_edge_without_its_key_starts_only_with_a_new_code() {
    let (cloud, gateway) = Cloud::start().await;
    let data = data_of_enrolled(&cloud, gateway).await;
    let key = data.path().join("edge.key");
    let old = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let with_code = |code: &str| {
        let mut sets = settings(gateway, free(), free());
        sets.retain(|set| !set.starts_with("edge.enrolment_code="));
        sets.push(format!("edge.enrolment_code={code}"));
        sets
    };
    // `a-code` is already used at this edge, `spent-code` at the hub.
    for code in ["", "a-code", "spent-code"] {
        let said = refusal(data.path(), &with_code(code), &[]);
        let names_key = said.contains(&format!("its key {} is missing", key.display()));
        assert!(
            names_key && said.contains("`holdfast edges rotate NAME`"),
            "{code}: {said}"
        );
        assert!(!key.exists(), "{code}");
    }
    let mqtt = free();
    let sessions = cloud.hellos().len();
    let mut sets = with_code("another-code");
    sets.retain(|set| !set.starts_with("edge.mqtt_bind="));
    sets.push(format!("edge.mqtt_bind={mqtt}"));
    let _edge = Edge::run(
        command(data.path(), &sets, &[]),
        &data.path().join("log"),
        mqtt,
    )
    .await;
    until("a session by the new key", || async {
        cloud.hellos().get(sessions).cloned()
    })
    .await;
    assert_ne!(std::fs::read(&key).unwrap(), old);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_a_newer_version_and_a_missing_one_are_told_with_their_remedies() {
    let (cloud, gateway) = Cloud::start().await;
    let data = data_of_enrolled(&cloud, gateway).await;
    let file = rusqlite::Connection::open(holdfast_edge::path_in(data.path())).unwrap();
    file.pragma_update(None, "user_version", 999).unwrap();
    drop(file);
    let sets = settings(gateway, free(), free());
    for words in [&[][..], &["report"]] {
        let said = refusal(data.path(), &sets, words);
        let place = data.path().display().to_string();
        assert!(
            said.contains("written by a newer version") && said.contains(&place),
            "{said}"
        );
        assert!(said.contains("Start that version again"), "{said}");
        assert!(
            !said.contains("rusqlite") && !said.contains("migration"),
            "{said}"
        );
    }
    let empty = tempfile::tempdir().unwrap();
    let said = refusal(empty.path(), &sets, &["report"]);
    assert!(
        said.contains("there is no edge in") && !said.contains("Error code"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_is_told_with_its_remedy() {
    let (cloud, gateway) = Cloud::start().await;
    let data = data_of_enrolled(&cloud, gateway).await;
    // Damage the write-ahead log too, or it would repair the pages it holds.
    for file in ["edge.db", "edge.db-wal"] {
        std::fs::write(data.path().join("db").join(file), [0x55; 8192]).unwrap();
    }
    let sets = settings(gateway, free(), free());
    for words in [&[][..], &["report"]] {
        let said = refusal(data.path(), &sets, words);
        let place = data.path().display().to_string();
        assert!(
            said.contains("is damaged") && said.contains(&place),
            "{said}"
        );
        assert!(said.contains("restore its last backup"), "{said}");
        assert!(
            !said.contains("not a database") && !said.contains("Error code"),
            "{said}"
        );
    }
}
