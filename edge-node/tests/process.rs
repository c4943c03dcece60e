//! The binary: starts fast, survives `kill -9`, reports from its file, and stops cleanly.
#![allow(clippy::unwrap_used)]

#[path = "edge/world/mod.rs"]
mod world;

use std::{
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use serde_json::Value;
use wire::{Code, Hop, Role, Verdict};
use world::{accept, cloud::Cloud, frame, id, order, tablet::Tablet, until};

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

fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
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
    // This test's cloud has no key, which the edge warns about.
    let warns = |line: &str| line.contains("WARN") && !line.contains("The cloud is older");
    assert!(log.contains("INFO") && !log.lines().any(warns), "{log}");
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("was refused"))
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

/// A disk that vanishes with the process: it holds the given data, and has no free space if `full`.
const ON_SMALL_DISK: &str = r#"
    mount -t tmpfs -o size=$1 tmpfs "$2" && cp -a "$3/." "$2/" || exit 99
    [ "$4" = full ] && cat /dev/zero > "$2/rest" 2>/dev/null
    shift 4 && exec "$@"
"#;

fn on_small_disk(disk: &Path, from: &Path, room: &str, sets: &[String]) -> Command {
    let edge = command(disk, sets, &[]);
    let mut within = Command::new("unshare");
    within
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| name == "PATH"));
    if !rustix::process::geteuid().is_root() {
        within.arg("--map-root-user");
    }
    within.args(["--mount", "sh", "-c", ON_SMALL_DISK, "sh", "32m"]);
    within
        .args([disk, from])
        .arg(room)
        .arg(edge.get_program())
        .args(edge.get_args());
    within
}

async fn where_provider_is_known(cloud: &Cloud, gateway: SocketAddr) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let mut edge = Edge::start(data.path(), gateway).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor > 0)
    })
    .await;
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    tablet.send(frame(1, &token, &accept(1))).await;
    while tablet.reply().await.hop != Hop::Decided {}
    edge.signal("-TERM");
    edge.child.wait().unwrap();
    data
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_in_words_that_it_cannot_start_on_a_full_disk() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.put(order(1, 1));
    let new = tempfile::tempdir().unwrap();
    let used = where_provider_is_known(&cloud, gateway).await;
    std::fs::remove_file(used.path().join("reserve")).unwrap();
    for from in [new.path(), used.path()] {
        let disk = tempfile::tempdir().unwrap();
        let sets = settings(gateway, free(), free());
        let output = on_small_disk(disk.path(), from, "full", &sets)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let place = disk.path().display().to_string();
        assert!(
            said.contains("is full. Make room on it") && said.contains(&place),
            "{said}"
        );
        assert!(!said.contains("Error code"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_its_disk_is_full_it_takes_nothing_new_and_says_so_everywhere() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=400).for_each(|n| cloud.put(order(n, 1)));
    let from = where_provider_is_known(&cloud, gateway).await;
    let disk = tempfile::tempdir().unwrap();
    let logs = tempfile::tempdir().unwrap();
    let mqtt = free();
    let operator = free();
    let log = logs.path().join("log");
    let command = on_small_disk(
        disk.path(),
        from.path(),
        "free",
        &settings(gateway, mqtt, operator),
    );
    let edge = Edge::run(command, &log, mqtt).await;
    until("it is ready", || async {
        missing(operator).await.is_none().then_some(())
    })
    .await;
    cloud.cut();
    let rest = PathBuf::from(format!(
        "/proc/{}/root{}/rest",
        edge.child.id(),
        disk.path().display()
    ));
    let mut filling = std::fs::File::create(&rest).unwrap();
    while filling.write_all(&[0; 4096]).is_ok() {}

    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    let mut taken = 0;
    let refused = loop {
        taken += 1;
        tablet
            .send(frame(1_000 + taken, &token, &accept(1 + taken)))
            .await;
        let reply = tablet.reply().await;
        if reply.verdict == Verdict::NotTaken {
            break reply;
        }
    };
    assert_eq!(refused.code, Some(Code::StorageFull));
    let what = until("it is not ready", || missing(operator)).await;
    assert!(
        what.contains(r#""name":"disk""#) && what.contains("is full"),
        "{what}"
    );
    until("the log says it", || async {
        let log = std::fs::read_to_string(&log).unwrap();
        (log.contains("ERROR") && log.contains("is full")).then_some(())
    })
    .await;

    drop(filling);
    std::fs::remove_file(&rest).unwrap();
    tablet
        .send(frame(1_000 + taken, &token, &accept(1 + taken)))
        .await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    until("it is ready again", || async {
        missing(operator).await.is_none().then_some(())
    })
    .await;
    until("the log says that, too", || async {
        std::fs::read_to_string(&log)
            .unwrap()
            .contains("There is room again")
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_it_starts_again_in_the_room_that_it_kept_and_takes_nothing_new() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=2).for_each(|n| cloud.put(order(n, 1)));
    let from = where_provider_is_known(&cloud, gateway).await;
    let disk = tempfile::tempdir().unwrap();
    let logs = tempfile::tempdir().unwrap();
    let mqtt = free();
    let operator = free();
    let log = logs.path().join("log");
    let sessions = cloud.hellos().len();
    let command = on_small_disk(
        disk.path(),
        from.path(),
        "full",
        &settings(gateway, mqtt, operator),
    );
    let edge = Edge::run(command, &log, mqtt).await;
    until("a session", || async {
        cloud.hellos().get(sessions).cloned()
    })
    .await;
    let what = until("it is not ready", || missing(operator)).await;
    assert!(what.contains("is full"), "{what}");
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    tablet.send(frame(1, &token, &accept(1))).await;
    assert_eq!(
        tablet.reply().await.hop,
        Hop::Decided,
        "it still knows its answers"
    );
    tablet.send(frame(1_000, &token, &accept(2))).await;
    assert_eq!(tablet.reply().await.code, Some(Code::StorageFull));

    let rest = format!(
        "/proc/{}/root{}/rest",
        edge.child.id(),
        disk.path().display()
    );
    std::fs::remove_file(rest).unwrap();
    until("it is ready again", || async {
        missing(operator).await.is_none().then_some(())
    })
    .await;
    tablet.send(frame(1_000, &token, &accept(2))).await;
    assert_ne!(tablet.reply().await.verdict, Verdict::NotTaken);
}

/// The edge's readiness failures, as shown to operators.
async fn missing(operator: SocketAddr) -> Option<String> {
    let url = format!("http://{operator}/health/ready");
    let request = http::Request::get(url)
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = process::client::Client::new()
        .send_request(request)
        .await
        .unwrap();
    let is_ready = answer.status().is_success();
    let body = axum::body::to_bytes(answer.into_body(), 10_000)
        .await
        .unwrap();
    (!is_ready).then(|| String::from_utf8(body.to_vec()).unwrap())
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
            "edge.mqtt: the external broker is not available yet",
        ),
        ("edge.name=North 1", "edge.name"),
        ("edge.nmae=x", "edge.nmae"),
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
        (torn.as_str(), "north-1", "the code is not whole"),
        ("a-code", "north-2", "is for edge `north-1` in NORTH"),
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
        assert!(said.contains("put its last backup in its place"), "{said}");
        assert!(
            !said.contains("not a database") && !said.contains("Error code"),
            "{said}"
        );
    }
}
