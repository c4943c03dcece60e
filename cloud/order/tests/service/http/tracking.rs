//! Tracking orders by receipt.

use axum::{extract::Request, http::StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use wire::{CommandBody, Hash, OrderCode, OrderId};

use super::service::*;
use crate::stage::*;

const SECRET: &str = "k7qm-2xvd-9rta-4hnp";

/// Returns the code of an order whose receipt has the secret above.
async fn publish_at_kiosk(service: &Service) -> OrderCode {
    // The kiosk's page made this id from the secret.
    let order_id: OrderId = "0192f5d4-0000-7880-b8f5-5fe549caab3b".parse().unwrap();
    let publish = CommandBody::PublishOrder {
        order_id,
        order: draft(),
    };
    service.stage.decide(customer(1), publish).await;
    service.act(admin(), order_id, "approve").await;
    let order = service.stage.store.find_order(order_id).await.unwrap();
    order.unwrap().code
}

/// Without a token, like the public.
async fn cancel(service: &Service, code: &OrderCode, form: Value) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri(format!("/api/v1/track/{code}/cancel"))
        .header("content-type", "application/json");
    service.send(request, Some(form)).await
}

/// Without a token, like the public.
async fn track(service: &Service, code: &str, secret: &str) -> Answer {
    let path = format!("/api/v1/track/{code}?s={secret}");
    service.send(Request::builder().uri(path), None).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_receipt_shows_the_way_of_the_order_and_nobody_on_it(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let published = service
        .post(customer(1), "/api/v1/orders", draft_json())
        .await;
    let id: OrderId = published.body["order_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let receipt = published.body["tracking"].clone();
    let code = receipt["code"].as_str().unwrap();
    let secret = receipt["secret"].as_str().unwrap();
    assert_eq!(published.body["code"], code);
    service.act(admin(), id, "approve").await;
    service.act(provider(1), id, "accept").await;

    let tracked = track(&service, &code.to_lowercase(), secret).await;
    assert_eq!(tracked.status, StatusCode::OK, "{}", tracked.body);
    let shown: Vec<&String> = tracked.body.as_object().unwrap().keys().collect();
    let parts = [
        "can_cancel",
        "code",
        "created_at",
        "location",
        "service_end_time",
        "service_start_time",
        "service_type",
        "status",
        "steps",
        "updated_at",
    ];
    assert_eq!(shown, parts, "no words, no people, no price");
    assert_eq!(tracked.body["can_cancel"], false);
    let steps = tracked.body["steps"].as_array().unwrap();
    let states: Vec<_> = steps
        .iter()
        .map(|step| step["status"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["pending_review", "pending", "accepted"]);
    assert!(
        steps
            .iter()
            .all(|step| step["at"].is_string() && step.as_object().unwrap().len() == 2)
    );

    let path = format!("/api/v1/orders/{id}/tracking");
    for reader in [customer(1), admin()] {
        assert_eq!(service.get(reader, &path).await.body, receipt);
    }
    service
        .get(customer(2), &path)
        .await
        .refused(404, "order_not_found");
    for other_role in [provider(1), provider(2)] {
        service
            .get(other_role, &path)
            .await
            .refused(403, "role_forbidden");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_wrong_secret_is_answered_like_an_order_that_does_not_exist(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let one = service.stage.pending().await;
    let other = service.stage.pending().await;
    let secret = |id| service.stage.store.tracking_secret(id).to_string();
    let code = async |id: OrderId| {
        service
            .stage
            .store
            .find_order(id)
            .await
            .unwrap()
            .unwrap()
            .code
    };
    let first = code(one).await;
    let second = code(other).await;
    assert_ne!(secret(one), secret(other));
    let unknown = track(&service, "N-000000", &secret(one)).await;
    unknown.refused(404, "order_not_found");
    let short = &secret(one)[..62];
    for wrong in [
        &secret(other),
        "",
        "x",
        short,
        &Hash::ZERO.to_string(),
        "' OR 1=1",
    ] {
        let wrong = wrong.replace(' ', "%20").replace('\'', "%27");
        let refused = track(&service, first.as_str(), &wrong).await;
        refused.refused(404, "order_not_found");
        assert_eq!(refused.body["title"], unknown.body["title"]);
    }
    track(&service, "nonsense", &secret(one))
        .await
        .refused(404, "order_not_found");
    let without = Request::builder().uri(format!("/api/v1/track/{first}"));
    service
        .send(without, None)
        .await
        .refused(404, "order_not_found");

    let kiosk = publish_at_kiosk(&service).await;
    let tracked = track(&service, kiosk.as_str(), SECRET).await;
    assert_eq!(tracked.body["code"], kiosk.as_str());
    let guessed = track(&service, kiosk.as_str(), "K7QM2XVD9RTA4HNQ").await;
    guessed.refused(404, "order_not_found");
    assert_eq!(guessed.body["title"], unknown.body["title"]);

    // Two orders may share a code.
    let share = "UPDATE orders SET code = ?";
    service
        .stage
        .sql
        .exec(share, vec![first.as_str().into()])
        .await
        .unwrap();
    for (id, own) in [(one, &first), (other, &second)] {
        let tracked = track(&service, first.as_str(), &secret(id)).await;
        assert_eq!(tracked.body["code"], own.as_str());
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_receipt_of_a_kiosk_cancels_its_order_once_and_at_the_price_shown(
    #[case] engine: Engine,
) {
    let service = Service::new(engine).await;
    let code = publish_at_kiosk(&service).await;
    let tracked = track(&service, code.as_str(), SECRET).await;
    assert_eq!(tracked.body["can_cancel"], true, "{}", tracked.body);
    let price = async |secret: &str| {
        let path = format!("/api/v1/track/{code}/cancellation?s={secret}");
        service.send(Request::builder().uri(path), None).await
    };
    let shown = price(SECRET).await;
    assert_eq!(shown.body["fee"], "0.00", "{}", shown.body);

    let guessed = "K7QM2XVD9RTA4HNQ";
    price(guessed).await.refused(404, "order_not_found");
    let refused = cancel(&service, &code, json!({"secret": guessed})).await;
    refused.refused(404, "order_not_found");
    let refused = cancel(&service, &code, json!({"secret": SECRET, "fee": "1.00"})).await;
    refused.refused(409, "terms_changed");
    assert_eq!(refused.body["cancellation"]["fee"], "0.00");
    assert_eq!(refused.body.get("order"), None, "its words and address");
    let long = "x".repeat(10_000);
    let refused = cancel(&service, &code, json!({"secret": SECRET, "reason": long})).await;
    refused.refused(422, "invalid_input");

    let form = json!({"secret": SECRET, "fee": "0.00", "reason": "Not needed"});
    for _ in 0..2 {
        let cancelled = cancel(&service, &code, form.clone()).await;
        assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
        assert_eq!(cancelled.body["status"], "cancelled");
        assert_eq!(cancelled.body["can_cancel"], false);
        assert_eq!(cancelled.body["steps"].as_array().unwrap().len(), 3);
    }
    price(SECRET).await.refused(400, "order_cancelled");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_link_that_a_customer_gives_to_others_cancels_nothing(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.stage.pending().await;
    let order = service.stage.store.find_order(id).await.unwrap().unwrap();
    let secret = service.stage.store.tracking_secret(id).to_string();
    let form = json!({"secret": secret});
    cancel(&service, &order.code, form)
        .await
        .refused(404, "order_not_found");
    let path = format!("/api/v1/track/{}/cancellation?s={secret}", order.code);
    let price = service.send(Request::builder().uri(path), None).await;
    price.refused(404, "order_not_found");
    let tracked = track(&service, order.code.as_str(), &secret).await;
    assert_eq!(tracked.body["status"], "pending");
}
