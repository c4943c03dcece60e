//! Live updates of orders and regions for pages.

use axum::body::Body;
use http::{Request, StatusCode, header};
use process::{
    sse::{EventReader, LAST_EVENT_ID, id_in},
    tokens::USER_PERMISSIONS,
};
use serde_json::Value;
use tower::ServiceExt;
use wire::{Order, OrderStatus, Region, Role, UserId};

use crate::stage::{PATIENCE, Replica, Stage, order};

/// A page with its last event id.
struct Page {
    reader: EventReader,
    place: Option<String>,
}

impl Page {
    async fn open(hub: &Replica, token: &str, place: Option<&str>) -> Self {
        Self::open_holding(hub, token, place, None).await
    }

    /// Opens the page of an admin with only these permissions.
    async fn open_holding(
        hub: &Replica,
        token: &str,
        place: Option<&str>,
        held: Option<&str>,
    ) -> Self {
        let mut request = Request::get("/internal/stream")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        if let Some(held) = held {
            request = request.header(USER_PERMISSIONS, held);
        }
        if let Some(place) = place {
            request = request.header(LAST_EVENT_ID, place);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = hub.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Self {
            reader: EventReader::new(answer.into_body()),
            place: None,
        }
    }

    /// The next named message and its data.
    async fn next(&mut self) -> (String, Value) {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.reader.next());
            let message = message
                .await
                .expect("something is told")
                .expect("the stream goes on");
            if let Some(id) = id_in(&message) {
                self.place = Some(id.to_owned());
            }
            let text = std::str::from_utf8(&message).unwrap();
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(name), Some(data)) = (field("event: "), field("data: ")) {
                return (name.to_owned(), serde_json::from_str(data).unwrap());
            }
        }
    }

    async fn hears(&mut self, wanted: &str) -> Value {
        let (name, data) = self.next().await;
        assert_eq!(name, wanted, "{data}");
        data
    }
}

fn of(customer: u128, n: u128, version: u64, status: OrderStatus) -> Order {
    let customer_id = UserId(uuid::Uuid::from_u128(customer));
    Order {
        customer_id,
        status,
        ..order(n, version)
    }
}

#[tokio::test]
async fn each_hears_of_the_orders_that_they_may_read() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let token = stage.token(Role::Customer, 1);
    let mut customer = Page::open(&hub, &token, None).await;
    let mut provider = Page::open(&hub, &stage.token(Role::Provider, 2), None).await;
    for page in [&mut customer, &mut provider] {
        assert_eq!(
            page.hears("ready").await["resumed"],
            false,
            "there was no place to resume"
        );
    }
    stage
        .publish_order(&of(7, 1, 1, OrderStatus::PendingReview))
        .await;
    stage
        .publish_order(&of(1, 2, 1, OrderStatus::PendingReview))
        .await;
    let told = customer.hears("order").await;
    let own = of(1, 2, 1, OrderStatus::PendingReview);
    let expected = serde_json::json!({
        "id": own.id, "code": own.code, "status": "pending_review", "region": "NORTH", "version": 1,
    });
    assert_eq!(
        told, expected,
        "their own order, and nothing of it that is private"
    );
    stage
        .publish_order(&of(7, 1, 2, OrderStatus::Pending))
        .await;
    let told = provider.hears("order").await;
    assert_eq!(
        (&told["status"], &told["version"]),
        (&"pending".into(), &2.into())
    );
    stage
        .publish_order(&of(7, 1, 3, OrderStatus::Cancelled))
        .await;
    assert_eq!(provider.hears("order_gone").await["version"], 3);
}

#[tokio::test]
async fn a_page_that_was_cut_off_misses_nothing_at_any_replica() {
    let stage = Stage::new(true).await;
    let hub = stage.replica().await;
    let other = stage.replica().await;
    let token = stage.token(Role::Customer, 1);
    let mut page = Page::open(&hub, &token, None).await;
    page.hears("ready").await;
    stage
        .publish_order(&of(1, 1, 1, OrderStatus::Pending))
        .await;
    page.hears("order").await;
    let place = page.place.clone().unwrap();
    drop(page);

    // A page that stays open throughout.
    let mut witness = Page::open(&other, &token, Some(&place)).await;
    assert_eq!(witness.hears("ready").await["resumed"], true);
    for n in 2..6 {
        stage
            .publish_order(&of(1, n, 1, OrderStatus::Pending))
            .await;
        witness.hears("order").await;
    }
    let mut back = Page::open(&other, &token, Some(&place)).await;
    assert_eq!(back.hears("ready").await["resumed"], true);
    for n in 2..6 {
        let id = back.hears("order").await["id"].clone();
        assert_eq!(id, serde_json::json!(order(n, 1).id));
    }
    assert_eq!(back.place, witness.place);
    stage
        .publish_order(&of(1, 9, 1, OrderStatus::Pending))
        .await;
    back.hears("order").await;
}

#[tokio::test]
async fn an_acceptance_that_lost_is_heard_by_those_who_may_read_it_also_after_a_cut() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let winner = UserId(uuid::Uuid::from_u128(2));
    let taken = Order {
        provider_id: Some(winner),
        ..of(1, 1, 3, OrderStatus::Accepted)
    };
    let customer = stage.token(Role::Customer, 1);
    let admin = stage.token(Role::Admin, 9);
    let mut told = Page::open(&hub, &customer, None).await;
    let mut won = Page::open(&hub, &stage.token(Role::Provider, 2), None).await;
    let mut stranger = Page::open(&hub, &stage.token(Role::Provider, 3), None).await;
    for page in [&mut told, &mut won, &mut stranger] {
        page.hears("ready").await;
    }
    stage.publish_order(&taken).await;
    told.hears("order").await;
    let place = told.place.clone().unwrap();
    for _ in 0..2 {
        stage.publish_loss(&taken).await;
        let expected = serde_json::json!({ "id": taken.id, "region": "NORTH", "version": 3 });
        assert_eq!(told.hears("acceptance_lost").await, expected);
    }
    won.hears("order").await;
    for _ in 0..2 {
        won.hears("acceptance_lost").await;
    }
    for token in [&customer, &admin] {
        let mut back = Page::open(&hub, token, Some(&place)).await;
        assert_eq!(back.hears("ready").await["resumed"], true);
        for _ in 0..2 {
            assert_eq!(back.hears("acceptance_lost").await["version"], 3);
        }
        assert_eq!(back.place, told.place);
    }
    stage
        .publish_order(&of(7, 4, 1, OrderStatus::Pending))
        .await;
    stranger.hears("order_gone").await;
    assert_eq!(
        stranger.hears("order").await["version"],
        1,
        "nothing between them"
    );
}

#[tokio::test]
async fn a_message_is_heard_by_the_two_of_its_order_also_after_a_cut() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let taken = Order {
        provider_id: Some(UserId(uuid::Uuid::from_u128(2))),
        ..of(1, 1, 3, OrderStatus::Accepted)
    };
    let customer = stage.token(Role::Customer, 1);
    let mut told = Page::open(&hub, &customer, None).await;
    let mut provider = Page::open(&hub, &stage.token(Role::Provider, 2), None).await;
    let mut admin = Page::open(&hub, &stage.token(Role::Admin, 9), None).await;
    for page in [&mut told, &mut provider, &mut admin] {
        page.hears("ready").await;
    }
    stage.publish_order(&taken).await;
    for page in [&mut told, &mut provider, &mut admin] {
        page.hears("order").await;
    }
    let place = told.place.clone().unwrap();
    stage.publish_message(&taken).await;
    stage.publish_loss(&taken).await;
    let expected = serde_json::json!({ "id": taken.id, "region": "NORTH", "version": 3 });
    for page in [&mut told, &mut provider] {
        assert_eq!(page.hears("message").await, expected);
        page.hears("acceptance_lost").await;
    }
    // The message is not for the admin, who hears of the loss behind it.
    admin.hears("acceptance_lost").await;
    let mut back = Page::open(&hub, &customer, Some(&place)).await;
    assert_eq!(back.hears("ready").await["resumed"], true);
    assert_eq!(back.hears("message").await, expected);
}

#[tokio::test]
async fn a_page_that_missed_too_many_lost_acceptances_is_told_to_load_anew() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let token = stage.token(Role::Customer, 1);
    let mut page = Page::open(&hub, &token, None).await;
    page.hears("ready").await;
    let place = page.place.clone().unwrap();
    let pending = of(1, 1, 1, OrderStatus::Pending);
    stage.publish_order(&pending).await;
    page.hears("order").await;
    // In two parts, so that this page misses none.
    for part in [250, 251] {
        for _ in 0..part {
            stage.publish_loss(&pending).await;
        }
        for _ in 0..part {
            page.hears("acceptance_lost").await;
        }
    }
    let mut back = Page::open(&hub, &token, Some(&place)).await;
    assert_eq!(back.hears("ready").await["resumed"], false);
}

#[tokio::test]
async fn a_place_that_is_too_far_or_no_place_is_told_to_load_anew() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let token = stage.token(Role::Customer, 1);
    for place in ["", "x", "0.0.0.0.0.0.0.0.0.0.0", "ffff.1.1.1.1.1.0.0.0.0.0"] {
        let mut page = Page::open(&hub, &token, Some(place)).await;
        assert_eq!(page.hears("ready").await["resumed"], false, "{place}");
    }
    let mut page = Page::open(&hub, &token, None).await;
    page.hears("ready").await;
    let (generation, _) = page.place.as_ref().unwrap().split_once('.').unwrap();
    for ahead in ["999.0.0.0.0.0.0.0.0.0", "0.0.0.0.0.999.0.0.0.0"] {
        let ahead = format!("{generation}.{ahead}");
        let mut page = Page::open(&hub, &token, Some(&ahead)).await;
        assert_eq!(
            page.hears("ready").await["resumed"],
            false,
            "nobody has been there"
        );
    }
}

#[tokio::test]
async fn an_admin_hears_of_the_regions_and_others_do_not() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut admin = Page::open(&hub, &stage.token(Role::Admin, 9), None).await;
    let mut customer = Page::open(&hub, &stage.token(Role::Customer, 1), None).await;
    admin.hears("ready").await;
    customer.hears("ready").await;
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < Region::ALL.len() {
        let told = admin.hears("region").await;
        assert_eq!(told["gate"], "open");
        seen.insert(told["region"].as_str().unwrap().to_owned());
    }
    stage.set_gate(&hub, Region::South, "closed").await;
    loop {
        let told = admin.hears("region").await;
        if told["gate"] == "closed" {
            assert_eq!(told["region"], "SOUTH");
            break;
        }
    }
    stage
        .publish_order(&of(1, 1, 1, OrderStatus::Pending))
        .await;
    customer.hears("order").await;
}

#[tokio::test]
async fn a_narrowed_admin_is_told_of_the_work_of_the_role_alone() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let token = stage.token(Role::Admin, 9);
    let order = of(1, 1, 1, OrderStatus::PendingReview);
    let mut witness = Page::open(&hub, &stage.token(Role::Customer, 1), None).await;
    witness.hears("ready").await;
    let place = witness.place.clone();
    // From the same place as the others below: the hub's own first changes come at any time.
    let place = place.as_deref();
    let mut orders = Page::open_holding(&hub, &token, place, Some("approve_orders")).await;
    assert_eq!(orders.hears("ready").await["resumed"], true);
    stage.publish_order(&order).await;
    witness.hears("order").await;
    assert_eq!(
        orders.hears("order").await["id"],
        serde_json::json!(order.id)
    );
    // Missed changes come before the regions.
    let mut regions = Page::open_holding(&hub, &token, place, Some("read_platform")).await;
    assert_eq!(regions.hears("ready").await["resumed"], true);
    for _ in Region::ALL {
        regions.hears("region").await;
    }
    stage
        .publish_order(&of(1, 1, 2, OrderStatus::Rejected))
        .await;
    assert_eq!(
        orders.hears("order").await["version"],
        2,
        "and no region between them"
    );
    // For an admin with neither permission, only the place moves past the order.
    let mut none = Page::open_holding(&hub, &token, place, Some("verify_providers")).await;
    assert_eq!(none.hears("ready").await["resumed"], true);
    let message = tokio::time::timeout(PATIENCE, none.reader.next())
        .await
        .unwrap()
        .unwrap();
    let text = std::str::from_utf8(&message).unwrap();
    assert!(!text.contains("event:"), "{text}");
    assert_eq!(id_in(&message), orders.place.as_deref(), "{text}");
}

#[tokio::test]
async fn nobody_hears_anything_without_a_token() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let (status, _) = hub
        .ask(http::Method::GET, "/internal/stream", None, None)
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}
