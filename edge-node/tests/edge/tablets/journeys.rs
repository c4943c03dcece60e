//! Clients that were not written here do the whole work of a provider and of a customer, over TLS,
//! at an edge that is cut off. Topics and commands come from the AsyncAPI document that the edge
//! serves, never from the types of the product.

mod photos;
mod shop;

use process::clock::Clock;
use serde_json::{Value, json};

use super::foreign::{ClientProgram, run_until_refused};
use crate::asyncapi::reader::{BOARD, DECISIONS, HEAD, PRESENCE, REPLIES};
use photos::{JOB_PICTURE, WORK_PICTURE};
use shop::{CutOffShop, START_CODE, ShopTablet};

/// What tablets subscribe to; a provider's also hears the board.
const TOPICS: [&str; 4] = [REPLIES, DECISIONS, PRESENCE, HEAD];
const PROVIDER_TOPICS: [&str; 5] = [REPLIES, DECISIONS, BOARD, PRESENCE, HEAD];

/// Accepts the customer's order, gives it back, and accepts it again. Starts it, reports more work,
/// and completes it with a photo, which follows the command. The customer reviews it.
async fn work_as_provider(
    tablet: &mut ShopTablet<'_>,
    customer: &mut ShopTablet<'_>,
    order: &Value,
) {
    let order = tablet.find_open_order(order).await;
    let needs_start_code = order["start_code"].is_object();
    assert!(needs_start_code, "{order}");
    let id = &order["id"];
    accept(tablet, id).await;
    let withdrawn = tablet.act("withdraw", id, |_| {}).await;
    check_stored(&withdrawn, "pending");
    accept(tablet, id).await;
    let started = tablet.act("start", id, |body| {
        body["start_code"] = json!(START_CODE);
    });
    check_stored(&started.await, "in_progress");
    let reported = tablet.act("incident", id, |_| {}).await;
    check_stored(&reported, "in_progress");
    let photo = tablet.take_photo(WORK_PICTURE).await;
    let completed = tablet.act("complete", id, |body| {
        body["evidence"]["photos"] = json!([photo.name]);
    });
    let completed = completed.await;
    check_stored(&completed, "completed");
    tablet.upload_photo(&completed["command_id"], photo).await;
    let reviewed = customer.act("review", id, |_| {}).await;
    check_stored(&reviewed, "reviewed");
}

/// Accepts an open order, which leaves the board.
async fn accept(tablet: &mut ShopTablet<'_>, id: &Value) {
    let accepted = tablet.act("first", id, |_| {}).await;
    check_stored(&accepted, "accepted");
    tablet
        .hear(BOARD, |changes| {
            changes["gone"].as_array().unwrap().contains(id)
        })
        .await;
}

/// Publishes two orders. The admin approves one, which the customer then cancels, and rejects the
/// other.
async fn work_as_customer(tablet: &mut ShopTablet<'_>, admin: &mut ShopTablet<'_>) {
    let id = publish(tablet).await;
    let approved = admin.act("approve", &id, |_| {}).await;
    check_stored(&approved, "pending");
    let cancelled = tablet.act("cancel", &id, |_| {}).await;
    check_stored(&cancelled, "cancelled");
    let id = publish(tablet).await;
    let rejected = admin.act("reject", &id, |_| {}).await;
    check_stored(&rejected, "rejected");
}

/// Publishes an order with a photo of the job, uploads that, and returns the order's id.
async fn publish(tablet: &mut ShopTablet<'_>) -> Value {
    let id = json!(Clock::system().new_id());
    let region = json!(tablet.shop.region);
    let photo = tablet.take_photo(JOB_PICTURE).await;
    let published = tablet.act("publish", &id, |body| {
        body["order"]["location"] = region;
        body["order"]["photos"] = json!([photo.name]);
    });
    let published = published.await;
    check_stored(&published, "pending_review");
    tablet.upload_photo(&published["command_id"], photo).await;
    id
}

/// Stored without a reason to doubt it, and the order is now seen so.
fn check_stored(reply: &Value, status: &str) {
    assert_eq!(reply["hop"], "stored", "{reply}");
    assert_eq!(reply["verdict"], "provisional", "{reply}");
    assert_eq!(reply["code"], Value::Null, "{reply}");
    assert_eq!(reply["order"]["status"], status, "{reply}");
    assert_eq!(reply["receipt"]["command_id"], reply["command_id"]);
}

/// Hears that each command was applied, on both topics.
async fn hear_decisions(tablet: &mut ShopTablet<'_>) {
    for stored in tablet.replies.clone() {
        for title in [REPLIES, DECISIONS] {
            let decided = tablet.hear(title, |reply| {
                reply["command_id"] == stored["command_id"] && reply["hop"] == "decided"
            });
            let decided = decided.await;
            assert_eq!(decided["outcome"]["kind"], "applied", "{decided}");
        }
    }
}

/// With another authority, or by a name that the certificate lacks, the client refuses the edge.
async fn check_that_the_certificate_is_verified(shop: &CutOffShop, program: ClientProgram) {
    let options = shop.options(program, &shop.people[0].provider, &[HEAD]);
    let mut by_other_authority = options.clone();
    by_other_authority.authority = Some(shop.write_stranger());
    let mut by_other_name = options;
    by_other_name.host = "127.0.0.1".to_owned();
    for wrong in [by_other_authority, by_other_name] {
        let output = run_until_refused(program, &wrong).await;
        let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
        assert!(!output.status.success(), "{said}");
        assert_eq!(output.stdout, b"");
        let is_about_tls = said.contains("tls error") || said.contains("certificate");
        assert!(is_about_tls, "{said}");
    }
}

async fn check_receipts(shop: &CutOffShop, replies: &[Value]) {
    let verifier = shop.open_verifier(&replies[0]["receipt"]).await;
    for reply in replies {
        let receipt = &reply["receipt"];
        assert!(verifier.is_genuine(receipt).await, "{receipt}");
    }
}

/// The journey of both versions of MQTT, each with its own people.
async fn do_whole_journey(program: ClientProgram) {
    let shop = CutOffShop::open().await;
    check_that_the_certificate_is_verified(&shop, program).await;
    let mut tablets = Vec::new();
    for people in &shop.people {
        let provider = &people.provider;
        let mut provider = shop.connect(program, provider, &PROVIDER_TOPICS).await;
        let mut customer = shop.connect(program, &people.customer, &TOPICS).await;
        work_as_provider(&mut provider, &mut customer, &people.order).await;
        let mut admin = shop.connect(program, &people.admin, &TOPICS).await;
        work_as_customer(&mut customer, &mut admin).await;
        tablets.extend([provider, customer, admin]);
    }
    let replies = tablets.iter().flat_map(|tablet| tablet.replies.clone());
    check_receipts(&shop, &replies.collect::<Vec<_>>()).await;
    assert!(shop.cloud.commands().is_empty(), "the edge is cut off");
    shop.cloud.heal();
    for tablet in &mut tablets {
        hear_decisions(tablet).await;
        tablet.await_photos_in_cloud().await;
    }
    drop(tablets);
    shop.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquitto_does_the_whole_journey_at_a_cut_off_edge_over_tls() {
    do_whole_journey(ClientProgram::Mosquitto).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paho_does_the_whole_journey_at_a_cut_off_edge_over_tls() {
    do_whole_journey(ClientProgram::Paho).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mqtt_js_does_the_whole_journey_at_a_cut_off_edge_over_websocket_and_tls() {
    do_whole_journey(ClientProgram::MqttJs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_with_any_changed_field_does_not_verify() {
    let shop = CutOffShop::open().await;
    let provider = &shop.people[0].provider;
    let program = ClientProgram::Mosquitto;
    let mut tablet = shop.connect(program, provider, &PROVIDER_TOPICS).await;
    accept(&mut tablet, &shop.people[0].order).await;
    let receipt = &tablet.replies[0]["receipt"];
    let verifier = shop.open_verifier(receipt).await;
    verifier.check_that_changes_are_found(receipt).await;
    assert!(verifier.is_genuine(receipt).await);
    drop(tablet);
    shop.edge.stop().await;
}
