//! The platform fees, which tablets use to show what a provider gets, and the late-cancellation fee,
//! which kiosks show: fetched from the cloud, and kept through outages and restarts.

use holdfast_edge::RunningEdge;
use serde_json::{Value, json};

use crate::world::{await_link, cloud::Cloud, cut_off, edge, get, until};

async fn fees_at(edge: &RunningEdge) -> Value {
    let standing = get(edge, "/standing", None).await.unwrap();
    standing["platform_fees"].clone()
}

async fn cancel_fees_at(edge: &RunningEdge) -> Value {
    let standing = get(edge, "/standing", None).await.unwrap();
    standing["cancel_fees"].clone()
}

fn fees(basis_points: u32) -> Value {
    json!({
        "complete_until": "2026-11-22T09:30:00.000Z",
        "versions": [
            { "from": "2026-11-22T09:00:00.000Z", "basis_points": basis_points },
            { "from": "1970-01-01T00:00:00.000Z", "basis_points": 1_000 },
        ],
    })
}

/// Brings the link down and up, and returns once the edge has asked again.
async fn ask_again(cloud: &Cloud, edge: &RunningEdge) {
    let asked = cloud.fee_requests();
    cut_off(cloud, edge.http).await;
    cloud.heal();
    await_link(edge.http, true).await;
    until("the request", || async {
        (cloud.fee_requests() > asked).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fees_are_asked_for_with_each_link_and_outlast_an_outage_and_a_restart() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.answer_fees(fees(2_500).to_string());
    let data = tempfile::tempdir().unwrap();
    let gateway = format!("http://{gateway}");
    let first = edge(data.path(), &gateway).await;
    until("the fees", || async {
        (fees_at(&first).await == fees(2_500)).then_some(())
    })
    .await;

    cloud.answer_fees(fees(500).to_string());
    ask_again(&cloud, &first).await;
    until("the new fees", || async {
        (fees_at(&first).await == fees(500)).then_some(())
    })
    .await;

    cloud.cut();
    first.stop().await;
    let second = edge(data.path(), &gateway).await;
    assert_eq!(fees_at(&second).await, fees(500), "from the file");
    second.stop().await;
}

fn cancel_fees(basis_points: u32) -> Value {
    json!({
        "complete_until": "2026-11-22T09:30:00.000Z",
        "versions": [
            { "from": "1970-01-01T00:00:00.000Z", "basis_points": basis_points, "notice_hours": 24 },
        ],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fee_of_a_late_cancel_outlasts_an_outage_a_restart_and_answers_that_are_no_list() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let gateway = format!("http://{gateway}");
    let first = edge(data.path(), &gateway).await;
    assert_eq!(
        cancel_fees_at(&first).await,
        Value::Null,
        "not asked yet, or no such route"
    );
    cloud.answer_cancel_fees(cancel_fees(1_000).to_string());
    ask_again(&cloud, &first).await;
    until("the fee", || async {
        (cancel_fees_at(&first).await == cancel_fees(1_000)).then_some(())
    })
    .await;
    assert_eq!(
        fees_at(&first).await,
        Value::Null,
        "each list is copied by itself"
    );

    for wrong in [cancel_fees(10_001), json!({ "items": [] })] {
        cloud.answer_cancel_fees(wrong.to_string());
        // The second request shows that the answer to the first was dealt with.
        ask_again(&cloud, &first).await;
        ask_again(&cloud, &first).await;
        assert_eq!(cancel_fees_at(&first).await, cancel_fees(1_000), "{wrong}");
    }
    cloud.cut();
    first.stop().await;
    let second = edge(data.path(), &gateway).await;
    assert_eq!(
        cancel_fees_at(&second).await,
        cancel_fees(1_000),
        "from the file"
    );
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_no_list_of_fees_changes_nothing() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    // A cloud of the previous version has no such route.
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    until("the request", || async {
        (cloud.fee_requests() > 0).then_some(())
    })
    .await;
    assert_eq!(fees_at(&edge).await, Value::Null);
    cloud.answer_fees(fees(700).to_string());
    ask_again(&cloud, &edge).await;
    until("the fees", || async {
        (fees_at(&edge).await == fees(700)).then_some(())
    })
    .await;

    let mut reversed = fees(900);
    reversed["versions"].as_array_mut().unwrap().reverse();
    let mut empty = fees(900);
    empty["versions"] = json!([]);
    let mut huge = fees(900);
    huge["more"] = json!("x".repeat(16 * 1024));
    let wrong = [reversed, empty, huge, fees(10_001), json!({ "items": [] })];
    let torn = fees(900).to_string().replace('}', "");
    let answers = wrong.iter().map(Value::to_string);
    // Each request shows that the answer before it was dealt with, so the last one comes twice.
    for answer in answers.chain([torn.clone(), torn]) {
        cloud.answer_fees(answer.clone());
        ask_again(&cloud, &edge).await;
        let short: String = answer.chars().take(200).collect();
        assert_eq!(fees_at(&edge).await, fees(700), "{short}");
    }
    let mut with_news = fees(800);
    with_news["news"] = json!("of a later version");
    cloud.answer_fees(with_news.to_string());
    ask_again(&cloud, &edge).await;
    until("the fees", || async {
        (fees_at(&edge).await == fees(800)).then_some(())
    })
    .await;
    edge.stop().await;
}
