//! Late-cancellation fees: permission to set them, the deadline, and the orders they apply to.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use order::events::PaymentEventConsumer;
use platform::consume::EventHandler;
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt;
use wire::{EventType, PaymentStatus, UnixMillis};

use super::service::*;
use crate::{stage::*, store::word};

const FEES: &str = "/api/v1/admin/cancel-fees";
const HOUR: i64 = 3_600_000;

fn form(from: UnixMillis, basis_points: u32, notice_hours: u32) -> Value {
    json!({ "in_force_from": from, "basis_points": basis_points, "notice_hours": notice_hours })
}

async fn listed(service: &Service) -> Vec<Value> {
    let answer = service.get(admin(), FEES).await;
    answer.body["items"].as_array().unwrap().clone()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_price_is_for_the_orders_created_once_it_is_in_force(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let begins = NOW.plus_ms(HOUR);
    let before = stage.pending_at_an_hour().await;
    let set = service.post(admin(), FEES, form(begins, 5_000, 720)).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.body);
    stage.clock.advance(HOUR);
    let since = stage.pending_at_an_hour().await;
    for (id, fee) in [(before, "20.00"), (since, "100.00")] {
        stage.decide(provider(1), accept(id)).await;
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
        let shown = service
            .get(customer(1), &format!("/api/v1/orders/{id}/cancellation"))
            .await;
        assert_eq!(shown.body["fee"], fee, "{}", shown.body);
        let cancel = format!("/api/v1/orders/{id}/cancel");
        let done = service
            .post(customer(1), &cancel, json!({ "fee": fee }))
            .await;
        assert_eq!(done.body["status"], "cancelled", "{}", done.body);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_price_stands_from_an_hour_before_it_begins(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let begins = NOW.plus_ms(2 * HOUR);
    let at = format!("{FEES}/{begins}");
    let take_back = async |by| service.delete(by, &at).await;
    for by in [customer(1), provider(1)] {
        service.get(by, FEES).await.refused(403, "role_forbidden");
        service
            .post(by, FEES, form(begins, 1, 1))
            .await
            .refused(403, "role_forbidden");
        take_back(by).await.refused(403, "role_forbidden");
    }
    for (wrong, field) in [
        (form(begins, 10_001, 1), "basis_points"),
        (form(begins, 1, 721), "notice_hours"),
    ] {
        let refused = service.post(admin(), FEES, wrong).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field]);
    }
    let early = form(NOW.plus_ms(HOUR - 1), 1, 1);
    service
        .post(admin(), FEES, early)
        .await
        .refused(409, "fee_settled");
    take_back(admin()).await.refused(404, "not_found");

    for points in [1_500, 500] {
        service.post(admin(), FEES, form(begins, points, 48)).await;
        let items = listed(&service).await;
        assert_eq!(items.len(), 2, "the second took the place of the first");
        let newest = &items[0];
        assert_eq!(
            (&newest["basis_points"], &newest["notice_hours"]),
            (&json!(points), &json!(48))
        );
        assert_eq!(newest["set_by"], json!(admin().user_id));
    }
    assert_eq!(take_back(admin()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(listed(&service).await.len(), 1);

    service.post(admin(), FEES, form(begins, 500, 48)).await;
    service.stage.clock.advance(HOUR + 1);
    take_back(admin()).await.refused(409, "fee_settled");
    service
        .post(admin(), FEES, form(begins, 600, 48))
        .await
        .refused(409, "fee_settled");
    assert_eq!(listed(&service).await[0]["basis_points"], 500);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn anyone_reads_the_newest_prices_and_until_when_they_are_complete(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let before = service.stage.clock.now();
    let begins = before.plus_ms(HOUR);
    service.post(admin(), FEES, form(begins, 2_500, 48)).await;
    let request = Request::get("/api/v1/cancel-fees").body(Body::empty());
    let router = service.router.clone();
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        answer.headers()[header::CACHE_CONTROL],
        "public, max-age=60"
    );
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let told: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        told,
        json!({
            "complete_until": before.plus_ms(HOUR / 2),
            "versions": [
                { "from": begins, "basis_points": 2_500, "notice_hours": 48 },
                { "from": UnixMillis(0), "basis_points": 1_000, "notice_hours": 24 },
            ],
        })
    );

    // Of many versions those that are over go first.
    for n in 2..50 {
        let at = service.stage.clock.now().plus_ms(HOUR);
        service.post(admin(), FEES, form(at, n, 720)).await;
        service.stage.clock.advance(HOUR);
    }
    let fees = service.stage.store.newest_cancel_fees().await.unwrap();
    assert!(fees.is_sound(), "{fees:?}");
    assert_eq!(
        (fees.versions.len(), fees.versions[0].basis_points),
        (40, 49)
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_prices_to_come_are_bounded(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let at = |n: i64| NOW.plus_ms((n + 2) * HOUR);
    for n in 0..20 {
        let set = service.post(admin(), FEES, form(at(n), 500, 1)).await;
        assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.body);
    }
    service
        .post(admin(), FEES, form(at(20), 500, 1))
        .await
        .refused(409, "too_many_fees");
    let corrected = service.post(admin(), FEES, form(at(19), 700, 1)).await;
    assert_eq!(
        corrected.status,
        StatusCode::NO_CONTENT,
        "one of them may still be corrected"
    );
}
