//! Tracking orders by receipt.

use axum::{extract::Request, http::StatusCode};
use rstest::rstest;
use wire::{CommandBody, Hash, OrderId};

use super::service::*;
use crate::stage::*;

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

    // A kiosk's page made this id for its receipt.
    let order_id: OrderId = "0192f5d4-0000-7880-b8f5-5fe549caab3b".parse().unwrap();
    let publish = CommandBody::PublishOrder {
        order_id,
        order: draft(),
    };
    service.stage.decide(customer(1), publish).await;
    let kiosk = code(order_id).await;
    let tracked = track(&service, kiosk.as_str(), "k7qm-2xvd-9rta-4hnp").await;
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
