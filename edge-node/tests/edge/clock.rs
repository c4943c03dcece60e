//! A wrong machine clock: the edge uses its hub's time and reports the fault.

use std::{net::SocketAddr, path::Path};

use holdfast_edge::{RunningEdge, path_in, read_report, start};
use process::{clock::Clock, tokens::Signer};
use serde_json::{Value, json};
use wire::{CommandId, Role, UnixMillis, Verdict};

use crate::world::{
    PATIENCE, accept, cloud::Cloud, config, frame, get, id, order, tablet::Tablet, until,
};

const HOUR_MS: i64 = 3_600_000;
const MIN_MS: i64 = 60_000;

/// A machine whose clock is wrong by this much.
fn wrong_by(error_ms: i64) -> Clock {
    Clock::fixed_at(Clock::system().now().plus_ms(error_ms))
}

async fn edge_with(clock: &Clock, data: &Path, gateway: SocketAddr) -> RunningEdge {
    start(config(data, &format!("http://{gateway}")), clock.clone())
        .await
        .unwrap()
}

fn is_about(at: UnixMillis, expected: UnixMillis) -> bool {
    at.0.abs_diff(expected.0) < MIN_MS.unsigned_abs()
}

/// The standing once it has this finding.
async fn standing_with(edge: &RunningEdge, finding: &Value) -> Value {
    until("the finding", || async {
        let standing = get(edge, "/standing", None).await.unwrap();
        (standing["clock"]["finding"] == *finding).then_some(standing)
    })
    .await
}

fn new_hub() -> Signer {
    Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_with_a_wrong_clock_links_by_its_hubs_time_and_says_so_everywhere() {
    for error_ms in [-3 * HOUR_MS, 8 * HOUR_MS] {
        let (cloud, gateway) = Cloud::start().await;
        cloud.seal_with(Some(&new_hub()));
        cloud.put(order(1, 1));
        let data = tempfile::tempdir().unwrap();
        let clock = wrong_by(error_ms);
        let edge = edge_with(&clock, data.path(), gateway).await;
        let ack = until("the feed", || async {
            cloud.last_ack().filter(|ack| ack.feed_cursor == 1)
        })
        .await;
        let now = Clock::system().now();
        assert!(is_about(ack.edge_now, now), "it works by the hub's time");
        let told_ms = ack.clock_error_ms.unwrap();
        assert!(
            told_ms.abs_diff(error_ms) < MIN_MS.unsigned_abs(),
            "{told_ms}"
        );

        let standing = standing_with(&edge, &json!("by_cloud")).await;
        let said = standing["clock"]["message"]["en"]
            .as_str()
            .unwrap()
            .to_owned();
        let direction = if error_ms > 0 { "ahead" } else { "behind" };
        assert!(
            said.contains(direction) && said.contains("Set the machine's clock"),
            "{said}"
        );
        let filed = read_report(&path_in(data.path())).unwrap();
        assert!(filed.to_string().contains(direction), "{filed}");

        let token = cloud.people().token(Role::Provider, 20);
        let mut tablet = Tablet::of(edge.mqtt.unwrap(), "t-1", &token, 20).await;
        tablet.send(frame(101, &token, &accept(1))).await;
        assert_eq!(tablet.reply().await.command_id, Some(CommandId(id(101))));
        let taken = until("the command", || async {
            cloud.commands().first().cloned()
        })
        .await;
        assert!(is_about(taken.received_at, now), "{}", taken.received_at);

        clock.jump_wall_clock(-error_ms);
        standing_with(&edge, &Value::Null).await;
        edge.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_without_a_battery_counts_on_from_its_log_until_the_cloud_tells_the_time() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.seal_with(Some(&new_hub()));
    cloud.put(order(1, 1));
    let data = tempfile::tempdir().unwrap();
    let first = edge_with(&Clock::system(), data.path(), gateway).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 1)
    })
    .await;
    first.stop().await;

    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let power_cut = Clock::fixed_at(UnixMillis(1_000));
    let alone = edge_with(&power_cut, data.path(), nowhere).await;
    let standing = standing_with(&alone, &json!("by_log")).await;
    let now: UnixMillis = serde_json::from_value(standing["now"].clone()).unwrap();
    assert!(is_about(now, Clock::system().now()), "{now}");
    assert_eq!(
        standing["feed_as_of"],
        Value::Null,
        "such a clock tells no age"
    );
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(alone.mqtt.unwrap(), "t-1", &token, 20).await;
    tablet.send(frame(101, &token, &accept(1))).await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    alone.stop().await;

    let back = edge_with(&Clock::fixed_at(UnixMillis(1_000)), data.path(), gateway).await;
    until("the command", || async {
        cloud.commands().first().cloned()
    })
    .await;
    back.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_a_stranger_sets_no_clock_and_the_edge_is_not_ready() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.seal_with(Some(&new_hub()));
    let data = tempfile::tempdir().unwrap();
    let first = edge_with(&Clock::system(), data.path(), gateway).await;
    until("a session", || async { cloud.last_ack() }).await;
    first.stop().await;

    cloud.seal_with(Some(&new_hub()));
    let edge = edge_with(&wrong_by(8 * HOUR_MS), data.path(), gateway).await;
    let standing = standing_with(&edge, &json!("not_believed")).await;
    let now: UnixMillis = serde_json::from_value(standing["now"].clone()).unwrap();
    assert!(
        is_about(now, Clock::system().now().plus_ms(8 * HOUR_MS)),
        "its own time: {now}"
    );
    let url = format!("http://{}/health/ready", edge.operator.unwrap());
    let client = process::client::Client::new();
    let ready = client
        .send_json::<Value>(http::Method::GET, &url, None, None::<&Value>, PATIENCE)
        .await;
    assert_eq!(ready.unwrap_err().status, Some(503));
    edge.stop().await;
}
