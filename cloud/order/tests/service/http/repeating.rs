//! Repeats and corrections: the same key, the same answer; nothing consumed where nothing was decided.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::service::*;
use crate::stage::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_retry_is_answered_like_the_first(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let key = Some(Uuid::from_u128(77));
    let first = service.keyed(customer(1), "/api/v1/orders", key, draft_json()).await;
    let again = service.keyed(customer(1), "/api/v1/orders", key, draft_json()).await;
    assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
    let mut other = draft_json();
    other["title"] = json!("Another");
    let reused = service.keyed(customer(1), "/api/v1/orders", key, other).await;
    reused.refused(409, "command_id_reused");

    let id = service.stage.pending().await;
    let path = format!("/api/v1/orders/{id}/accept");
    let key = Some(Uuid::from_u128(78));
    let first = service.keyed(provider(1), &path, key, Value::Null).await;
    assert_eq!(first.status, StatusCode::OK);
    for key in [key, None] {
        let again = service.keyed(provider(1), &path, key, Value::Null).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    }
    // Another's key is no key of his own.
    for _ in 0..2 {
        let lost = service.keyed(provider(2), &path, key, Value::Null).await;
        lost.refused(400, "order_already_accepted");
        assert!(lost.body["lost"]["winner_decided_at"].is_string());
    }
}

#[tokio::test]
async fn a_correction_may_be_sent_under_the_same_key() {
    let service = Service::new(Engine::Sqlite).await;
    let key = Some(Uuid::from_u128(80));
    let mut wrong = draft_json();
    wrong["title"] = json!("  ");
    wrong["price"] = json!("0.00");
    wrong["service_start_time"] = json!("2026-01-02T10:00:00Z");
    wrong["service_end_time"] = json!("2026-01-02T09:00:00Z");
    let refused = service.keyed(customer(1), "/api/v1/orders", key, wrong).await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["title", "price", "service_end_time"]);
    let published = service.keyed(customer(1), "/api/v1/orders", key, draft_json()).await;
    assert_eq!(published.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_cannot_be_read_names_its_field() {
    let service = Service::new(Engine::Sqlite).await;
    for (change, field) in [
        (json!({ "price": "12.345" }), "price"),
        (json!({ "location": "NOWHERE" }), "location"),
        (json!({ "service_type": "magic" }), "service_type"),
        (json!({ "service_start_time": "tomorrow" }), "service_start_time"),
    ] {
        let mut draft = draft_json();
        draft.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = service.post(customer(1), "/api/v1/orders", draft).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field], "{}", refused.body);
    }
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/orders")
        .header(header::AUTHORIZATION, format!("Bearer {}", service.token(customer(1))))
        .header("idempotency-key", "x".repeat(256));
    let refused = service.send(request, Some(draft_json())).await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["Idempotency-Key"]);
}
