//! A grant that is bound to a tablet's key, over MQTT and HTTP.

use holdfast_edge::{RunningEdge, path_in, read_report, start};
use http::Method;
use process::{client::Client, clock::Clock};
use rumqttc::ConnectReturnCode;
use serde_json::{Value, json};
use support::DeviceSigner;
use tempfile::TempDir;
use wire::{Code, Verdict};

use super::{Region, refusal};
use crate::world::{
    PATIENCE, accept, call, cloud::Cloud, config, frame, get, order, tablet::Tablet,
};

const NONCE_VALID_MS: i64 = 900_000;

/// The grant with a proof for this edge.
async fn prove(edge: &RunningEdge, key: &DeviceSigner, grant: &str) -> String {
    let answer = get(edge, "/session/nonce", None).await.unwrap();
    assert_eq!(answer["expires_in"], json!(900));
    key.present(grant, answer["nonce"].as_str().unwrap())
}

async fn post_accept(edge: &RunningEdge, command: u128, token: &str) -> Result<Value, Code> {
    let body: Value = serde_json::from_slice(&frame(command, token, &accept(1))).unwrap();
    let url = format!("http://{}/commands", edge.http);
    let client = Client::new();
    let posting = client.send_json(Method::POST, &url, None, Some(&body), PATIENCE);
    let answer = posting.await;
    answer.map_err(|error| error.problem.expect("a problem").code)
}

/// Neither a connection nor a command, and nothing is logged.
async fn assert_opens_nothing(edge: &RunningEdge, data: &TempDir, token: &str, why: &str) {
    assert_eq!(get(edge, "/board", Some(token)).await, Err(401), "{why}");
    let refused = refusal(edge.mqtt.unwrap(), "t-1", token).await.unwrap();
    assert!(
        refused.1.starts_with("proof_required"),
        "{why}: {refused:?}"
    );
    let posted = post_accept(edge, 101, token).await;
    assert_eq!(posted, Err(Code::ProofRequired), "{why}");
    let report = read_report(&path_in(data.path())).unwrap();
    assert_eq!(report.pending, 0, "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bound_grant_opens_the_edge_for_its_tablet_alone() {
    let region = Region::open().await;
    let mqtt = region.edge.mqtt.unwrap();
    let key = DeviceSigner::new();
    let grant = region.cloud.people().bound_grant(20, "t-1", &key);
    let refused = Tablet::connect(mqtt, "t-1", "t-1", &grant).await.err();
    assert_eq!(refused, Some(ConnectReturnCode::NotAuthorized));
    assert_eq!(get(&region.edge, "/board", Some(&grant)).await, Err(401));
    let body: Value = serde_json::from_slice(&frame(101, &grant, &accept(1))).unwrap();
    let posted = call(
        region.edge.http,
        Method::POST,
        "/commands",
        None,
        Some(&body),
    )
    .await;
    assert_eq!(posted, Err(401));

    let proven = prove(&region.edge, &key, &grant).await;
    assert!(get(&region.edge, "/board", Some(&proven)).await.is_ok());
    let mut tablet = Tablet::of(mqtt, "t-1", &proven, 20).await;
    tablet.send(frame(101, &proven, &accept(1))).await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    let path = "/session?device=t-1";
    let copied = call(region.edge.http, Method::DELETE, path, Some(&grant), None).await;
    assert_eq!(copied, Err(401), "a thief of a copy ends no session");
    let out = call(region.edge.http, Method::DELETE, path, Some(&proven), None).await;
    assert!(out.is_ok(), "{out:?}");
    assert_eq!(
        region.cloud.signed_out(),
        [grant],
        "the cloud gets no proof"
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_that_is_old_or_for_another_edge_opens_nothing() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.put(order(1, 1));
    let gateway = format!("http://{gateway}");
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let clock = Clock::fixed_at(Clock::system().now());
    let of_first = config(folders[0].path(), &gateway);
    let first = start(of_first.clone(), clock.clone()).await.unwrap();
    let (_, other_gateway) = Cloud::start().await;
    let of_second = config(folders[1].path(), &format!("http://{other_gateway}"));
    let second = start(of_second, clock.clone()).await.unwrap();
    let key = DeviceSigner::new();
    let grant = cloud.people().bound_grant(20, "t-1", &key);
    let for_first = prove(&first, &key, &grant).await;
    let for_second = prove(&second, &key, &grant).await;
    assert_opens_nothing(&first, &folders[0], &for_second, "of the second edge").await;

    clock.advance(NONCE_VALID_MS + 1_000);
    assert_opens_nothing(
        &first,
        &folders[0],
        &for_first,
        "after a quarter of an hour",
    )
    .await;
    let renewed = prove(&first, &key, &grant).await;
    assert!(get(&first, "/board", Some(&renewed)).await.is_ok());
    first.stop().await;
    let first = start(of_first, clock).await.unwrap();
    assert_opens_nothing(&first, &folders[0], &renewed, "after the edge's restart").await;
    let renewed = prove(&first, &key, &grant).await;
    assert!(get(&first, "/board", Some(&renewed)).await.is_ok());
    first.stop().await;
    second.stop().await;
}
