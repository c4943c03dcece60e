//! The log of an edge whose cloud does not list the platform's fees.

use std::time::Duration;

use crate::{
    Edge,
    world::{cloud::Cloud, until},
};

const SAID: &str = "Could not learn the platform's fees";

/// Brings the link down and up, until the edge has asked for the fees once more.
async fn ask_again(cloud: &Cloud) {
    let asked = cloud.fee_requests();
    cloud.cut();
    tokio::time::sleep(Duration::from_millis(300)).await;
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
    let _edge = Edge::start(data.path(), gateway).await;
    let said = || {
        let log = std::fs::read_to_string(data.path().join("log")).unwrap();
        log.matches(SAID).count()
    };
    until("the first request", || async {
        (cloud.fee_requests() > 0).then_some(())
    })
    .await;
    for _ in 0..3 {
        ask_again(&cloud).await;
    }
    assert_eq!(said(), 1, "the cloud has no such route");
    cloud.answer_fees("{}".to_owned());
    for _ in 0..3 {
        ask_again(&cloud).await;
    }
    assert_eq!(said(), 2, "its answer is no list");
}
