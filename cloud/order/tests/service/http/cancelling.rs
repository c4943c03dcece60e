//! Cancellation prices over HTTP.

use axum::http::StatusCode;
use order::events::PaymentEventConsumer;
use platform::consume::EventHandler;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::{EventType, OrderId, PaymentStatus};

use super::service::*;
use crate::{stage::*, store::word};

/// Applies the event that the order's price is held.
async fn hold_funds(stage: &Stage, id: OrderId) {
    let held = word(
        stage,
        id,
        EventType::PaymentCompleted,
        1,
        PaymentStatus::Held,
    );
    PaymentEventConsumer {
        store: stage.store.clone(),
    }
    .handle(&held)
    .await
    .unwrap();
}

async fn assert_preview_is_the_customers(service: &Service, preview: &str) {
    service
        .get(customer(2), preview)
        .await
        .refused(404, "order_not_found");
    for stranger_or_assigned in [provider(2), provider(1)] {
        service
            .get(stranger_or_assigned, preview)
            .await
            .refused(403, "role_forbidden");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_happens_is_what_was_shown(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let id = stage.pending_at_an_hour().await;
    let preview = format!("/api/v1/orders/{id}/cancellation");
    let cancel = format!("/api/v1/orders/{id}/cancel");
    let me = customer(1);
    let early = service.get(me, &preview).await;
    assert_eq!(early.status, StatusCode::OK, "{}", early.body);
    assert_eq!(
        (&early.body["fee"], &early.body["refund"]),
        (&json!("0.00"), &json!("0.00"))
    );

    stage.decide(provider(1), accept(id)).await;
    hold_funds(stage, id).await;
    let shown = service.get(me, &preview).await.body;
    let amounts = [
        &shown["fee"],
        &shown["refund"],
        &shown["held"],
        &shown["currency"],
    ];
    assert_eq!(
        amounts,
        [
            &json!("20.00"),
            &json!("180.00"),
            &json!("200.00"),
            &json!("CNY")
        ]
    );
    assert!(shown["free_until"].as_str().unwrap() < shown["at"].as_str().unwrap());
    assert_eq!(
        service.get(admin(), &preview).await.body["fee"],
        "0.00",
        "an admin's costs nothing"
    );
    assert_preview_is_the_customers(&service, &preview).await;

    // One sender saw no preview (older systems do not show it), another saw it before the payment.
    for body in [
        Value::Null,
        json!({ "fee": "0.00" }),
        json!({ "fee": "20.01" }),
    ] {
        let refused = service.post(me, &cancel, body).await;
        refused.refused(409, "terms_changed");
        assert_eq!(refused.body["cancellation"]["fee"], "20.00");
        assert_eq!(refused.body["cancellation"]["refund"], "180.00");
    }
    let key = Some(Uuid::from_u128(5));
    for _ in 0..2 {
        let done = service
            .keyed(me, &cancel, key, json!({ "fee": shown["fee"] }))
            .await;
        assert_eq!(
            (done.status, &done.body["status"]),
            (StatusCode::OK, &json!("cancelled"))
        );
    }
    service
        .get(me, &preview)
        .await
        .refused(400, "order_cancelled");
    let terms = stage
        .store
        .order_and_terms(id)
        .await
        .unwrap()
        .unwrap()
        .terms
        .unwrap();
    assert_eq!(json!(terms.fee), shown["fee"]);
}
