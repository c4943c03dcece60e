//! Photos of work and of a job: at another person's command, at a job that is not one's own, and
//! with bytes or names that are not as the command says.

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PATIENCE, Somebody};
use serde_json::json;
use support::{
    eventually,
    files::{name_photo, png},
};
use wire::{CommandBody, CommandId, OrderId, PhotoRef, Region, Role};

const REGION: Region = Region::North;
const PART_BYTES_MAX: usize = 256 * 1024;

/// Publishes and approves an order, and waits for it on the edge's board.
async fn publish_open_order(
    platform: &AttackedPlatform,
    customer: &Somebody,
    title: &str,
) -> OrderId {
    let admin = platform.admin().await;
    let order = customer.publish_approved(&admin, REGION, title).await;
    platform.until_on_board(&admin, order).await;
    order
}

/// Logs a start of this order with a photo, as an edge takes it without knowing better.
async fn start_with_photo(
    who: &Somebody,
    port: u16,
    order_id: OrderId,
    photo: PhotoRef,
) -> CommandId {
    let start = CommandBody::StartOrder {
        order_id,
        start_code: None,
        photos: vec![photo],
    };
    let reply = who.send_and_read_reply(port, 1, start).await;
    assert!(reply.receipt.is_some(), "{reply:?}");
    reply.command_id.expect("the id of the command")
}

async fn put(who: &Somebody, port: u16, path: &str, body: &[u8]) -> HttpAnswer {
    let call = HttpCall::new("PUT", path).body("application/octet-stream", body);
    let call = call.bearer(&who.edge_token);
    who.station.ask(port, &call).await.expect("an answer")
}

async fn get(who: &Somebody, port: u16, path: &str) -> HttpAnswer {
    let call = HttpCall::get(path).bearer(&who.edge_token);
    who.station.ask(port, &call).await.expect("an answer")
}

#[tokio::test]
async fn a_provider_puts_a_photo_at_a_job_that_is_not_theirs() {
    let platform = AttackedPlatform::shared().await;
    let port = platform.edge().http;
    let customer = platform.somebody(Role::Customer).await;
    let [thief, other] = [platform.provider().await, platform.provider().await];
    let order = publish_open_order(platform, &customer, "Not the thief's").await;
    let picture = png(40, 30);
    let photo = name_photo(&picture);
    let command = start_with_photo(&thief, port, order, photo).await;
    let path = format!("/photos/{command}/{}", photo.hash);

    let stranger = put(&other, port, &format!("{path}?offset=0"), &picture).await;
    assert_eq!(
        (stranger.status, stranger.code().as_str()),
        (404, "photo_not_named")
    );
    assert_eq!(get(&other, port, &path).await.status, 404);
    let nameless = HttpCall::get(&path);
    let nameless = other.station.ask(port, &nameless).await.expect("an answer");
    assert_eq!(nameless.status, 401);
    let mut elsewhere = thief.clone();
    elsewhere.edge_token = thief.edge_token_of(Region::South).await;
    assert_eq!(get(&elsewhere, port, &path).await.status, 401);

    let stored = put(&thief, port, &format!("{path}?offset=0"), &picture).await;
    assert_eq!(stored.json()["state"], json!("stored"), "{}", stored.text());
    eventually("the cloud refuses the photo", PATIENCE, async || {
        let standing = get(&thief, port, &path).await.json();
        (standing["state"] == json!("refused") && standing["code"] == json!("photo_not_named"))
            .then_some(())
    })
    .await;
    let photos = customer
        .done(HttpCall::get(&format!("/api/v1/orders/{order}/photos")))
        .await;
    assert_eq!(
        photos["items"],
        json!([]),
        "the customer sees nothing of it"
    );
    let bytes = format!("/api/v1/orders/{order}/photos/{}", photo.hash);
    for reader in [&customer, &other] {
        let answer = reader.ask(HttpCall::get(&bytes)).await.expect("an answer");
        assert_eq!(answer.status, 404, "{}", answer.text());
    }
}

#[tokio::test]
async fn somebody_sends_an_edge_other_bytes_or_names_than_the_command_says() {
    let platform = AttackedPlatform::shared().await;
    let port = platform.edge().http;
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    let order = publish_open_order(platform, &customer, "Other bytes").await;
    let picture = png(50, 30);
    let photo = name_photo(&picture);
    let command = start_with_photo(&provider, port, order, photo).await;
    let path = format!("/photos/{command}/{}", photo.hash);

    let other = put(
        &provider,
        port,
        &format!("{path}?offset=0"),
        &vec![7; picture.len()],
    )
    .await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (422, "photo_damaged")
    );
    assert_eq!(
        get(&provider, port, &path).await.json()["state"],
        json!("missing")
    );
    let beyond = put(
        &provider,
        port,
        &format!("{path}?offset=0"),
        &vec![7; PART_BYTES_MAX + 1],
    )
    .await;
    assert_eq!(beyond.status, 413, "{}", beyond.text());
    let gap = put(&provider, port, &format!("{path}?offset=9"), &picture[9..]).await;
    assert_eq!(gap.json()["have"], json!(0), "{}", gap.text());

    let unnamed = name_photo(b"another").hash;
    for wrong in [
        format!("/photos/{command}/{unnamed}"),
        format!("/photos/{command}/..%2f..%2fdb%2fedge.db"),
        format!("/photos/..%2f..%2fdb/{}", photo.hash),
    ] {
        let answer = put(&provider, port, &format!("{wrong}?offset=0"), &picture).await;
        assert!(
            (400..500).contains(&answer.status),
            "{wrong}: {}",
            answer.text()
        );
    }
    let stored = put(&provider, port, &format!("{path}?offset=0"), &picture).await;
    assert_eq!(stored.json()["state"], json!("stored"), "{}", stored.text());
}

#[tokio::test]
async fn somebody_sends_a_photo_to_another_customers_job_or_other_bytes_to_his_own() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let thief = platform.somebody(Role::Customer).await;
    let picture = png(70, 30);
    let photo = name_photo(&picture);
    let form = json!({
        "title": "A job with a photo", "service_type": "other", "price": "10.00",
        "location": REGION, "address": "1 Harbour Road", "photos": [photo],
    });
    let call = HttpCall::post("/api/v1/orders").json(&form);
    let published = customer.done(call).await;
    let order = published["order_id"].as_str().expect("an order").to_owned();
    let path = format!("/api/v1/orders/{order}/photos/{}", photo.hash);
    let send = |bytes: &[u8]| HttpCall::new("PUT", &path).body("image/png", bytes);

    let foreign = thief.ask(send(&picture)).await.expect("an answer");
    assert_eq!(
        (foreign.status, foreign.code().as_str()),
        (404, "order_not_found")
    );
    let other = customer.ask(send(&png(60, 30))).await.expect("an answer");
    assert_eq!(
        (other.status, other.code().as_str()),
        (422, "photo_damaged")
    );
    let sent = customer.done(send(&picture)).await;
    assert_ne!(sent["arrived_at"], json!(null), "{sent}");
    for call in [
        HttpCall::get(&path),
        HttpCall::get(&format!("/api/v1/orders/{order}/photos")),
    ] {
        let seen = thief.ask(call).await.expect("an answer");
        assert_eq!(seen.status, 404, "{}", seen.text());
    }
}
