//! The log of an edge whose cloud does not list the platform's fees.

use std::net::SocketAddr;

use crate::{
    free,
    photos::start_edge,
    world::{cloud::Cloud, cut_off, until},
};

const SAID: &str = "Could not learn the platform's fees";

/// Brings the link down and up, until the edge has asked for the fees once more.
async fn ask_again(cloud: &Cloud, edge: SocketAddr) {
    let asked = cloud.fee_requests();
    cut_off(cloud, edge).await;
    cloud.heal();
    until("the request", || async {
        (cloud.fee_requests() > asked).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_reason_why_the_fees_are_unknown_is_logged_once() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let at = free();
    let _edge = start_edge(data.path(), gateway, at).await;
    let said = || {
        let log = std::fs::read_to_string(data.path().join("log")).unwrap();
        log.matches(SAID).count()
    };
    until("the first request", || async {
        (cloud.fee_requests() > 0).then_some(())
    })
    .await;
    for _ in 0..3 {
        ask_again(&cloud, at).await;
    }
    assert_eq!(said(), 1, "the cloud has no such route");
    cloud.answer_fees("{}".to_owned());
    for _ in 0..3 {
        ask_again(&cloud, at).await;
    }
    assert_eq!(said(), 2, "its answer is no list");
}
