//! Requests for an edge's board, used to slow down everyone else.

use std::time::Duration;

use attack::{AttackedPlatform, HttpCall, Somebody, Station, during};
use process::clock::Clock;
use serde_json::json;
use wire::{Region, Role};

const ORDERS: usize = 600;
const CALLERS: usize = 40;
const CALLS: usize = 10;
const READY: &str = "/health/ready";

async fn publish(platform: &AttackedPlatform, who: &Somebody) {
    let clock = Clock::system();
    let order = json!({
        "title": "One of many", "description": "to fill the board", "service_type": "cleaning_repair",
        "price": "1.00", "location": Region::North, "address": "Nowhere",
    });
    let frame = json!({
        "v": 1, "id": clock.new_id(), "device_seq": 1, "tapped_at": clock.now(),
        "token": who.edge_token,
        "body": {"type": "publish_order", "order_id": clock.new_id(), "order": order},
    });
    let call = HttpCall::post("/commands").json(&frame);
    let answer = who
        .station
        .ask(platform.edge().http, &call)
        .await
        .expect("an answer");
    assert_eq!(answer.json()["hop"], json!("stored"), "{}", answer.text());
}

#[tokio::test]
async fn forty_callers_of_the_board_keep_an_edge_from_its_work() {
    // The edge is cut off, so cloud stores are not involved.
    let platform = AttackedPlatform::on_files().await;
    let customer = platform.somebody(Role::Customer).await;
    platform.stack.cut(Region::North).await.unwrap();
    for _ in 0..ORDERS / 20 {
        let publishing = (0..20).map(|_| publish(&platform, &customer));
        futures::future::join_all(publishing).await;
    }
    let port = platform.edge().http;
    let call = HttpCall::get("/board").bearer(&customer.edge_token);
    let callers = (0..CALLERS).map(|_| async {
        let station = Station::fresh();
        for _ in 0..CALLS {
            let answer = station.ask(port, &call).await.unwrap();
            assert!([200, 429].contains(&answer.status), "{}", answer.text());
        }
    });
    let honest = Station::fresh();
    let act = async || {
        let answer = honest
            .ask(port, &HttpCall::get(READY))
            .await
            .map_err(|e| e.to_string())?;
        (answer.status == 200)
            .then_some(())
            .ok_or_else(|| answer.text())
    };
    let (_, experience) = during(
        futures::future::join_all(callers),
        Duration::from_millis(20),
        act,
    )
    .await;
    println!("readiness beside {CALLERS} callers of a board of {ORDERS}: {experience}");
    assert_eq!(experience.refused(), 0);
    assert!(
        experience.percentile(90) < Duration::from_millis(1_500),
        "{experience}"
    );
}

#[tokio::test]
async fn a_caller_has_the_same_board_sent_again_and_again() {
    let platform = AttackedPlatform::shared().await;
    let provider = platform.provider().await;
    let call = HttpCall::get("/board").bearer(&provider.edge_token);
    let answer = provider
        .station
        .ask(platform.edge().http, &call)
        .await
        .unwrap();
    let etag = answer
        .header("etag")
        .expect("a board has a name")
        .to_owned();
    let again = call.header("if-none-match", etag);
    let answer = provider
        .station
        .ask(platform.edge().http, &again)
        .await
        .unwrap();
    assert!(answer.status == 304 && answer.body.is_empty() || answer.status == 200);
    let mut refused = 0;
    for _ in 0..15 {
        let asking = (0..20).map(|_| provider.station.ask(platform.edge().http, &again));
        let answers = futures::future::join_all(asking).await;
        refused += answers
            .into_iter()
            .filter(|a| a.as_ref().is_ok_and(|a| a.status == 429))
            .count();
    }
    println!("{refused} of 300 questions of one person are refused");
}
