//! Start codes: the customer reads the code, services and edges read its hash, and the provider must
//! enter it.

use axum::http::StatusCode;
use process::start_code::hash_start_code;
use rstest::rstest;
use serde_json::{Value, json};
use wire::{EventType, OrderId, PaymentEvent, PaymentStatus, StartCode};

use super::service::*;
use crate::{stage::*, store::word};

/// A job of customer 1 with a start code, accepted by provider 1 and paid.
async fn accepted_order(service: &Service) -> OrderId {
    let mut form = draft_json();
    form["start_code"] = true.into();
    let published = service.post(customer(1), "/api/v1/orders", form).await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
    let id: OrderId = published.body["order_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    service.act(admin(), id, "approve").await;
    service.act(provider(1), id, "accept").await;
    let kind = EventType::PaymentCompleted;
    let held = word(&service.stage, id, kind, 1, PaymentStatus::Held);
    let body: PaymentEvent = serde_json::from_value(held.body.clone()).unwrap();
    let store = &service.stage.store;
    store.apply_payment_event(&held, &body).await.unwrap();
    id
}

async fn start(service: &Service, id: OrderId, code: Value) -> Answer {
    let path = format!("/api/v1/orders/{id}/start");
    let body = json!({ "start_code": code });
    service.post(provider(1), &path, body).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_customer_alone_reads_the_code_and_no_person_its_hash(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = accepted_order(&service).await;
    let path = format!("/api/v1/orders/{id}/start-code");
    let code = service.get(customer(1), &path).await.body["start_code"].clone();
    let code: StartCode = serde_json::from_value(code).unwrap();
    let other = service.get(customer(2), &path).await;
    other.refused(404, "order_not_found");
    for reader in [provider(1), admin()] {
        let refused = service.get(reader, &path).await;
        refused.refused(403, "role_forbidden");
    }
    let without = service.stage.pending().await;
    let without = format!("/api/v1/orders/{without}/start-code");
    let none = service.get(customer(1), &without).await;
    none.refused(404, "order_not_found");

    for reader in [customer(1), provider(1), admin()] {
        let seen = service.get(reader, &format!("/api/v1/orders/{id}")).await;
        assert_eq!(seen.body["start_code"], json!({}), "{}", seen.body);
    }
    let order = service.stage.store.find_order(id).await.unwrap().unwrap();
    let hash = order.start_code.unwrap().hash;
    assert_eq!(hash, Some(hash_start_code(id, &code)), "edges compare it");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_portal_takes_five_wrong_codes_in_a_quarter_of_an_hour(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = accepted_order(&service).await;
    let right = service.stage.store.start_code(id);
    let missing = service.act(provider(1), id, "start").await;
    missing.refused(400, "start_code_required");
    let unreadable = start(&service, id, json!("12 34")).await;
    assert!(unreadable.status.is_client_error(), "{}", unreadable.body);
    for n in 0..5 {
        let number: u64 = right.as_str().parse().unwrap();
        let wrong = StartCode::from_number(number + 1 + n);
        start(&service, id, json!(wrong))
            .await
            .refused(400, "start_code_wrong");
    }
    let locked = start(&service, id, json!(right)).await;
    locked.refused(429, "start_code_locked");
    service.stage.clock.advance(15 * 60 * 1_000);
    let started = start(&service, id, json!(right)).await;
    assert_eq!(started.body["status"], "in_progress", "{}", started.body);
}

/// The first answer may be lost on the way.
#[tokio::test]
async fn a_repeated_publication_is_the_same_command() {
    let service = Service::new(Engine::Sqlite).await;
    let mut form = draft_json();
    form["start_code"] = true.into();
    let key = Some(uuid::Uuid::from_u128(5));
    let mut ids = Vec::new();
    for _ in 0..2 {
        let published = service
            .keyed(customer(1), "/api/v1/orders", key, form.clone())
            .await;
        ids.push(published.body["order_id"].clone());
    }
    assert!(ids[0].is_string() && ids[0] == ids[1], "{ids:?}");
}
