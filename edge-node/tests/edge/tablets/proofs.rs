//! A grant that is bound to a tablet's key, over MQTT and HTTP.

use http::Method;
use rumqttc::ConnectReturnCode;
use serde_json::{Value, json};
use support::DeviceSigner;
use wire::Verdict;

use super::Region;
use crate::world::{accept, call, frame, get, tablet::Tablet};

impl Region {
    /// The grant with a fresh proof.
    async fn prove(&self, key: &DeviceSigner, grant: &str) -> String {
        let answer = get(&self.edge, "/session/nonce", None).await.unwrap();
        assert_eq!(answer["expires_in"], json!(900));
        key.present(grant, answer["nonce"].as_str().unwrap())
    }
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

    let proven = region.prove(&key, &grant).await;
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
