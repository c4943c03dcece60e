//! Replaces an edge's files with older ones, damages them, or runs them a second time elsewhere, in
//! real processes. Each case is detected, lost ops come back from the cloud or the tablets, work
//! continues, and the operator sees the case with the next step. A restart or a half-open socket
//! raises no alarm.

use std::{path::Path, time::Duration};

use chaos::{Second, Storm, copy, operator, put_back};
use http::Method;
use platform::{sql::Sql, vals};
use process::client::Client;
use serde_json::Value;
use stack::{Layout, Part, Ports, Stack, Stores, Wishes};
use support::{Api, Place, Proxy, Wire, eventually};
use wire::{EdgeId, EdgeStatus, LinkState, QuarantineWhy, Region};

const REGION: Region = Region::North;
const EDGE: Part = Part::Edge(REGION);
const SOON: Duration = Duration::from_secs(60);
/// The log line of an edge if its log differs from its high-water file.
const BY_ITS_MARK: &str = "does not match the last answer that this edge gave";
/// Far shorter than the timeout of a silent session.
const NOT_LONG: Duration = Duration::from_secs(10);

async fn platform() -> (Stack, Api) {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    started(layout).await
}

async fn started(layout: Layout) -> (Stack, Api) {
    let stack = Stack::start(layout, &Wishes::of_few_people())
        .await
        .unwrap();
    let api = Api::new(stack.layout().gateway_url());
    (stack, api)
}

/// The edge's whole data folder.
fn folder(stack: &Stack) -> std::path::PathBuf {
    stack.layout().edge_folder(stack.layout().edge(REGION))
}

async fn north(stack: &Stack) -> EdgeStatus {
    let mut report = stack.status().await.unwrap();
    report.regions[usize::from(REGION.index())].edges.remove(0)
}

async fn north_until(stack: &Stack, what: &str, wish: impl Fn(&EdgeStatus) -> bool) -> EdgeStatus {
    eventually(what, SOON, async || {
        let edge = north(stack).await;
        wish(&edge).then_some(edge)
    })
    .await
}

/// The edge's report about its log head.
async fn head(http: u16) -> Option<Value> {
    let url = format!("http://127.0.0.1:{http}/api/head");
    Client::new()
        .send_json(Method::GET, &url, None, None::<&()>, Duration::from_secs(2))
        .await
        .ok()
}

async fn head_says(http: u16, word: &str) {
    eventually(word, SOON, async || {
        head(http)
            .await
            .is_some_and(|head| head[word] == true)
            .then_some(())
    })
    .await;
}

/// Copies a folder of the edge while it is cleanly stopped.
async fn copied(stack: &Stack, folder: &Path) -> std::path::PathBuf {
    stack.terminate(EDGE).await.unwrap();
    let to = stack.layout().folder.join("copy");
    copy(folder, &to).unwrap();
    stack.restart(EDGE).await.unwrap();
    to
}

async fn restored(stack: &Stack, copied: &Path, folder: &Path) {
    stack.kill9(EDGE).await.unwrap();
    put_back(copied, folder).unwrap();
    stack.restart(EDGE).await.unwrap();
}

/// The number of ops of the edge's epoch in the hub's store.
async fn ops_taken(stack: &Stack, epoch: u64) -> i64 {
    const OPS: &str = "SELECT COUNT(*) FROM ops WHERE edge = 'north-1' AND epoch = ?";
    let file = stack.layout().cloud_folder().join("sync.db");
    let sql = Sql::open(&format!("sqlite:{}", file.display()))
        .await
        .unwrap();
    let number: i64 = sql
        .fetch_optional(OPS, vals![epoch])
        .await
        .unwrap()
        .unwrap();
    number
}

/// The number of commands that the edge logged again when it began the epoch.
fn relogged(stack: &Stack, epoch: u64) -> Option<u64> {
    let log = std::fs::read_to_string(stack.log(EDGE)).unwrap();
    let (_, rest) = log.split_once(&format!("Started epoch {epoch}; logged "))?;
    rest.split_once(' ')
        .and_then(|(number, _)| number.parse().ok())
}

/// Waits until the restored edge works in a new epoch.
async fn in_a_new_epoch(stack: &Stack) -> EdgeStatus {
    let edge = north_until(stack, "a new epoch and the link", |edge| {
        edge.epoch == 2 && edge.link == LinkState::Up
    })
    .await;
    assert_eq!(edge.quarantine.unwrap().why, QuarantineWhy::EdgeRestored);
    edge
}

/// The operator sees the event and its remedy, and applies it. Afterwards no complaint is left.
async fn work_goes_on(stack: &Stack, storm: &Storm, before: Vec<chaos::Receipted>) {
    let after = storm.publish(20).await;
    storm.check(&[before, after].concat()).await;
    complains(
        stack,
        "restored",
        [
            "! north-1: it was restored from a copy: since 20",
            "it runs in epoch 2, and it has back what the cloud had of its log",
            "Next: find out who restored it; let the tablets near it connect once",
            "`holdfast readmit north-1` notes it",
        ],
        [
            "! north-1：该节点被从备份恢复：自 20",
            "起运行于第 2 代，云端已有的日志已归还给它",
            "下一步：查明由谁恢复；让附近的平板连接一次",
            "`holdfast readmit north-1` 表示已知悉",
        ],
    )
    .await;
    operator(stack).await.gets("readmit north-1").unwrap();
    stack.healthy(SOON).await.unwrap();
    assert_eq!(north(stack).await.epoch, 2);
    nothing_to_complain_of(stack).await;
}

/// `holdfast status` shows this complaint and no other, in both languages and in JSON.
async fn complains<const N: usize>(
    stack: &Stack,
    kind: &str,
    english: [&str; N],
    chinese: [&str; N],
) {
    let operator = operator(stack).await;
    let (exit, report) = operator.gets("status").unwrap();
    let kinds = report["complaints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|said| &said["kind"]);
    assert_eq!(
        (exit, kinds.collect::<Vec<_>>()),
        (3, vec![&Value::from(kind)]),
        "{report}"
    );
    for (line, words) in [("status", english), ("status --lang zh", chinese)] {
        let said = operator.reads(line).unwrap();
        assert_eq!(said.exit, Some(3), "{}", said.text);
        for word in words {
            assert!(
                said.text.contains(word),
                "`{word}` is missing in {}",
                said.text
            );
        }
    }
}

async fn nothing_to_complain_of(stack: &Stack) {
    let operator = operator(stack).await;
    for (line, words) in [
        ("status", "+ All is well."),
        ("status --lang zh", "+ 一切正常。"),
    ] {
        let said = operator.reads(line).unwrap();
        assert!(
            said.exit == Some(0) && said.text.contains(words),
            "{}",
            said.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_a_thousand_ops_old_is_found_out_and_the_cloud_gives_back_what_it_lost() {
    let (stack, api) = platform().await;
    let storm = Storm::in_region(&stack, &api, REGION).await;
    let before = storm.publish(20).await;
    let db = folder(&stack).join("db");
    let copy = copied(&stack, &db).await;
    let lost = storm.publish(1_010).await;
    north_until(&stack, "all of it in the cloud", |edge| {
        edge.pending == 0 && edge.lag_up_ops == 0
    })
    .await;

    let taken = ops_taken(&stack, 1).await;
    restored(&stack, &copy, &db).await;
    in_a_new_epoch(&stack).await;
    assert_eq!(
        ops_taken(&stack, 1).await,
        taken,
        "not one op of the old file, not even its boot"
    );
    let relogged = relogged(&stack, 2).unwrap();
    assert!(relogged >= 1_010, "{relogged} commands came back");
    work_goes_on(&stack, &storm, [before, lost].concat()).await;
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_the_clouds_very_cursor_is_found_out_and_the_tablets_bring_the_rest() {
    let (stack, api) = platform().await;
    let storm = Storm::in_region(&stack, &api, REGION).await;
    let before = storm.publish(20).await;
    storm.check(&before).await;
    stack.cut(REGION).await.unwrap();
    let db = folder(&stack).join("db");
    let copy = copied(&stack, &db).await;
    // Acknowledged, and never sent.
    let lost = storm.publish(40).await;

    restored(&stack, &copy, &db).await;
    let log = std::fs::read_to_string(stack.log(EDGE)).unwrap();
    assert!(
        log.contains(BY_ITS_MARK),
        "found out before anybody asked it anything"
    );
    head_says(stack.layout().edge(REGION).http, "suspect").await;
    stack.heal(REGION).await.unwrap();
    in_a_new_epoch(&stack).await;
    work_goes_on(&stack, &storm, [before, lost].concat()).await;
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_machine_is_found_out_by_a_tablet_that_holds_a_newer_receipt() {
    let (stack, api) = platform().await;
    let storm = Storm::in_region(&stack, &api, REGION).await;
    let before = storm.publish(20).await;
    storm.check(&before).await;
    stack.cut(REGION).await.unwrap();
    let machine = folder(&stack);
    let copy = copied(&stack, &machine).await;
    let lost = storm.publish(40).await;

    // The high-water file is just as old, so the edge itself cannot detect the restore.
    restored(&stack, &copy, &machine).await;
    head_says(stack.layout().edge(REGION).http, "suspect").await;
    let log = std::fs::read_to_string(stack.log(EDGE)).unwrap();
    assert!(!log.contains(BY_ITS_MARK), "a tablet found it out");
    stack.heal(REGION).await.unwrap();
    in_a_new_epoch(&stack).await;
    work_goes_on(&stack, &storm, [before, lost].concat()).await;
    stack.stop().await.unwrap();
}

/// Changes a letter in each copy of a text in the edge's stopped database, as a failing disk does.
fn change_a_letter_of(text: &str, data: &Path) {
    let copy = data.with_extension("copy");
    holdfast_edge::back_up(data, &copy).unwrap();
    // Unlike the database, its copy has no write-ahead log, in which the text may lie.
    let mut bytes = std::fs::read(holdfast_edge::path_in(&copy)).unwrap();
    let places: Vec<usize> = bytes
        .windows(text.len())
        .enumerate()
        .filter_map(|(at, window)| (window == text.as_bytes()).then_some(at))
        .collect();
    assert!(!places.is_empty(), "{text} is not in the file");
    for at in places {
        bytes[at] ^= 1;
    }
    let database = holdfast_edge::path_in(data);
    for log in ["edge.db-wal", "edge.db-shm"] {
        let _gone_already = std::fs::remove_file(database.with_file_name(log));
    }
    std::fs::write(database, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_a_failing_disk_changed_is_replaced_and_nothing_receipted_is_lost() {
    let (stack, api) = platform().await;
    let storm = Storm::in_region(&stack, &api, REGION).await;
    let before = storm.publish(50).await;
    storm.check(&before).await;
    stack.cut(REGION).await.unwrap();
    // Acknowledged, and never sent.
    let kept = storm.publish(40).await;
    stack.terminate(EDGE).await.unwrap();
    // One of the fifty, and none of the forty: in the region's orders and in the log.
    change_a_letter_of("Job 49", &folder(&stack));

    stack.restart(EDGE).await.unwrap();
    let log = std::fs::read_to_string(stack.log(EDGE)).unwrap();
    assert!(log.contains("Made a new database from the damaged one"));
    head_says(stack.layout().edge(REGION).http, "suspect").await;
    stack.heal(REGION).await.unwrap();
    in_a_new_epoch(&stack).await;
    let relogged = relogged(&stack, 2).unwrap();
    assert!(
        relogged >= 40,
        "{relogged} commands came from the damaged file"
    );
    work_goes_on(&stack, &storm, [before, kept].concat()).await;
    stack.stop().await.unwrap();
}

fn second(stack: &Stack, ports: &mut Ports, data: &str) -> Second {
    let edge = stack.layout().edge(REGION);
    Second {
        name: edge.edge.clone(),
        region: REGION,
        data: stack.layout().folder.join(data),
        gateway_url: stack.layout().gateway_url(),
        http: ports.free().unwrap(),
        mqtt: ports.free().unwrap(),
        ws: ports.free().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_beside_its_original_is_refused_and_its_commands_arrive_under_a_name_of_its_own() {
    let (stack, api) = platform().await;
    let original = Storm::in_region(&stack, &api, REGION).await;
    let before = original.publish(20).await;
    original.check(&before).await;
    copied(&stack, &folder(&stack)).await;
    north_until(&stack, "the original's link", |edge| {
        edge.link == LinkState::Up
    })
    .await;

    let mut ports = Ports::default();
    let mut clone = second(&stack, &mut ports, "copy");
    let mut child = clone.start(&stack, "clone", None).await;
    head_says(clone.http, "twin").await;
    let edge = EdgeId::new(&clone.name).unwrap();
    let place = Place {
        region: REGION,
        edge,
        host: "127.0.0.1".into(),
        port: clone.mqtt,
    };
    let at_clone = Storm::at(&api, place).await;
    let own = at_clone.publish(10).await;
    let shown = north(&stack).await;
    assert!(shown.twin_seen_at.is_some());
    assert_eq!((shown.epoch, shown.link), (1, LinkState::Up));
    complains(
        &stack,
        "twin",
        [
            "! north-1: a second instance of it calls, a copy of its machine; the copy is refused",
            "Next: stop the copy; then either throw it away, or `holdfast enrol REGION NAME` gives it",
        ],
        [
            "! north-1：该节点有第二个实例（机器副本）在连接；副本已被拒绝",
            "下一步：停止副本；弃用它，或运行 `holdfast enrol REGION NAME`",
        ],
    )
    .await;
    let meanwhile = original.publish(10).await;
    original.check(&[before, meanwhile].concat()).await;

    // A restart forgets nothing.
    child.kill9().await.unwrap();
    child.start().await.unwrap();
    head_says(clone.http, "twin").await;
    child.terminate().await.unwrap();

    clone.name = "north-2".to_owned();
    let (_, invited) = operator(&stack).await.gets("enrol NORTH north-2").unwrap();
    clone
        .start(&stack, "north-2", invited["code"].as_str())
        .await;
    at_clone.check_applied(&own).await;
    let report = stack.status().await.unwrap();
    let edges = &report.regions[usize::from(REGION.index())].edges;
    let epochs: Vec<_> = edges
        .iter()
        .map(|edge| (edge.edge.as_str(), edge.epoch))
        .collect();
    assert_eq!(epochs, [("north-1", 1), ("north-2", 1)]);
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_a_socket_that_only_looks_open_are_no_alarms() {
    let mut layout = Layout::temporary(Stores::Embedded).unwrap();
    let proxy = Proxy::to(format!("127.0.0.1:{}", layout.gateway))
        .await
        .unwrap();
    layout.edges[usize::from(REGION.index())].gateway_url = format!("http://{}", proxy.address());
    let (stack, api) = started(layout).await;
    let storm = Storm::in_region(&stack, &api, REGION).await;
    let mut all = storm.publish(10).await;
    stack.kill9(EDGE).await.unwrap();
    stack.restart(EDGE).await.unwrap();
    all.extend(storm.publish(10).await);
    storm.check(&all).await;

    // The hub receives no more frames from this process, but its socket stays open.
    proxy.set(Wire::Swallows);
    stack.kill9(EDGE).await.unwrap();
    let mut direct = second(&stack, &mut Ports::default(), "unused");
    direct.data = folder(&stack);
    let edge = stack.layout().edge(REGION);
    (direct.http, direct.mqtt, direct.ws) = (edge.http, edge.mqtt, edge.ws);
    let before = north(&stack).await.since;
    direct.start(&stack, "restarted", None).await;
    eventually("a session of the restarted edge", NOT_LONG, async || {
        let edge = north(&stack).await;
        (edge.link == LinkState::Up && edge.since != before).then_some(())
    })
    .await;
    all.extend(storm.publish(10).await);
    storm.check(&all).await;
    let shown = north(&stack).await;
    assert_eq!(
        (shown.epoch, shown.quarantine, shown.twin_seen_at),
        (1, None, None)
    );
    stack.healthy(SOON).await.unwrap();
    nothing_to_complain_of(&stack).await;
    stack.stop().await.unwrap();
    proxy.stop().await;
}
