//! The binary itself: starts fast, survives `kill -9`, reports from its file, stops when asked.
#![allow(clippy::unwrap_used)]

#[path = "edge/world/mod.rs"]
mod world;

use std::{
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use serde_json::Value;
use wire::{Role, Verdict};
use world::{accept, cloud::Cloud, frame, id, order, tablet::Tablet, until};

const EDGE: &str = env!("CARGO_BIN_EXE_holdfast-edge");

struct Edge {
    child: Child,
    mqtt: std::net::SocketAddr,
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn command(data: &Path, sets: &[String], words: &[&str]) -> Command {
    let mut command = Command::new(EDGE);
    command.env_clear().current_dir(data).args(words);
    // Whatever stands in the environment is no configuration of this edge, but a planted defect is.
    command.envs(std::env::vars().filter(|(name, _)| name == "HOLDFAST_DEFECT"));
    command.args(["--set", &format!("edge.data={}", data.display())]);
    for set in sets {
        command.args(["--set", set]);
    }
    command
}

impl Edge {
    async fn start(data: &Path, gateway: std::net::SocketAddr) -> Self {
        let (http, mqtt, ws) = (free(), free(), free());
        let sets = [
            format!("edge.gateway_url=http://{gateway}"),
            format!("edge.http_bind={http}"),
            format!("edge.mqtt_bind={mqtt}"),
            format!("edge.ws_bind={ws}"),
            "edge.operator_bind=127.0.0.1:0".to_owned(),
            "edge.enrolment_code=a-code".to_owned(),
            // One provider does the work of many.
            "edge.open_jobs_max=0".to_owned(),
            "edge.acceptances_a_day_max=0".to_owned(),
        ];
        let log = std::fs::File::create(data.join("log")).unwrap();
        let child = command(data, &sets, &[]).stderr(log).spawn().unwrap();
        let edge = Self { child, mqtt };
        until("the edge answers", || async {
            tokio::net::TcpStream::connect(edge.mqtt).await.ok()
        })
        .await;
        edge
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }
}

fn report(data: &Path) -> Value {
    let output = command(data, &[], &["report", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_clients_cannot_fill_the_log() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let mut edge = Edge::start(data.path(), gateway).await;
    until("the link", || async { cloud.last_ack() }).await;
    for _ in 0..20 {
        assert!(Tablet::connect(edge.mqtt, "t-1", "t-1", "nonsense").await.is_err());
    }
    edge.signal("-TERM");
    edge.child.wait().unwrap();
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    assert!(log.contains("INFO") && !log.contains("WARN"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_receipt_outlives_a_kill_at_any_moment() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=300).for_each(|n| cloud.put(order(n, 1)));
    let data = tempfile::tempdir().unwrap();
    let mut edge = Edge::start(data.path(), gateway).await;
    until("the feed", || async { cloud.last_ack().filter(|ack| ack.feed_cursor == 300) }).await;
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let mut receipts = Vec::new();
    for round in 0..3_u128 {
        let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
        for n in 1..=100 {
            let n = round * 100 + n;
            tablet.send(frame(1_000 + n, &token, &accept(n))).await;
        }
        // The kill falls while the rest is still on its way.
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
        let found = stored.iter().find(|item| item["seq"] == serde_json::json!(receipt.seq));
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
    assert!(receipts.iter().all(|receipt| known.contains(&receipt.command_id)));
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
    let binds = ["edge.http_bind=127.0.0.1:0", "edge.operator_bind=127.0.0.1:0"].map(str::to_owned);
    let sets = |set: &str| [&[set.to_owned(), code.clone()][..], &binds].concat();
    for (set, words) in [
        ("edge.mqtt=external", "edge.mqtt: the external broker is not available yet"),
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
        assert!(!output.status.success() && said.contains(words), "{set}: {said}");
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
        ("b-code", "north-1", "it is unknown, used, withdrawn or expired"),
        (torn.as_str(), "north-1", "the code is not whole"),
        ("a-code", "north-2", "is for edge `north-1` in NORTH"),
    ] {
        let output = ran(code, name).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        assert!(!output.status.success(), "{code}: {said}");
        assert!(last.starts_with("holdfast-edge: ") && last.contains(words), "{code}: {said}");
    }
    assert_eq!(cloud.hellos().len(), 0);
}
