//! The orders of the last days, for the overview's trend.

use axum::http::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};
use wire::{CommandBody, EventType, PaymentEvent, PaymentStatus};

use super::service::*;
use crate::{stage::*, store::word};

const DAYS: &str = "/api/v1/admin/orders/days?time_zone=Asia/Shanghai";
const DAY: i64 = 24 * 3_600_000;

async fn shown(service: &Service) -> (Value, Vec<Value>) {
    let answer = service.get(admin(), DAYS).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let days = answer.body["days"].as_array().unwrap().clone();
    (answer.body, days)
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn orders_count_on_their_days_and_the_counts_are_kept_for_a_minute(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let order_id = stage.pending().await;
    stage.decide(provider(1), accept(order_id)).await;
    stage.clock.advance(DAY);
    stage.pending().await;
    let complete = CommandBody::CompleteOrder {
        order_id,
        note: None,
        evidence: None,
    };
    let kind = EventType::PaymentCompleted;
    let held = word(stage, order_id, kind, 1, PaymentStatus::Held);
    let body: PaymentEvent = serde_json::from_value(held.body.clone()).unwrap();
    stage.store.apply_payment_event(&held, &body).await.unwrap();
    service.act(provider(1), order_id, "start").await;
    let outcome = stage.decide(provider(1), complete).await;
    assert!(outcome.has_succeeded(), "{outcome:?}");

    let (body, days) = shown(&service).await;
    assert_eq!((days.len(), &body["is_whole"]), (14, &json!(true)));
    let counts = |days: &[Value], day: usize| {
        let day = &days[day];
        (day["published"].clone(), day["completed"].clone())
    };
    assert_eq!(counts(&days, 12), (json!(1), json!(0)));
    assert_eq!(counts(&days, 13), (json!(1), json!(1)));
    assert_eq!(counts(&days, 0), (json!(0), json!(0)));

    stage.pending().await;
    let (_, days) = shown(&service).await;
    assert_eq!(counts(&days, 13).0, json!(1), "of the last minute");
    stage.clock.advance(60_000);
    let (_, days) = shown(&service).await;
    assert_eq!(counts(&days, 13).0, json!(2));
}
