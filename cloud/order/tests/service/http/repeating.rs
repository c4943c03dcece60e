//! Retries and corrections: the same key gets the same answer, and an undecided request does not
//! use up its key.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use futures::future::join_all;
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
    let first = service
        .keyed(customer(1), "/api/v1/orders", key, draft_json())
        .await;
    let again = service
        .keyed(customer(1), "/api/v1/orders", key, draft_json())
        .await;
    assert_eq!(
        (again.status, &again.body),
        (StatusCode::CREATED, &first.body)
    );
    let mut other = draft_json();
    other["title"] = json!("Another");
    let reused = service
        .keyed(customer(1), "/api/v1/orders", key, other)
        .await;
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
    // Another person's key is separate.
    for _ in 0..2 {
        let lost = service.keyed(provider(2), &path, key, Value::Null).await;
        lost.refused(400, "order_already_accepted");
        assert!(lost.body["lost"]["winner_decided_at"].is_string());
    }
}

/// Alternates between two replicas.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_identical_requests_at_once_have_one_effect_and_one_answer(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let replicas = [service.router.clone(), service.replica().await];
    let at_once = async |actor, path: &str, key: u128, body: Option<Value>| -> Vec<Answer> {
        let token = format!("Bearer {}", service.token(actor));
        let send = |n: usize| {
            let request = Request::builder().method(Method::POST).uri(path);
            let request = request.header(header::AUTHORIZATION, &token);
            let request = request.header("idempotency-key", Uuid::from_u128(key).to_string());
            Service::send_to(&replicas[n % 2], request, body.clone())
        };
        join_all((0..50).map(send)).await
    };
    let published = at_once(customer(1), "/api/v1/orders", 90, Some(draft_json())).await;
    assert_eq!(
        published[0].status,
        StatusCode::CREATED,
        "{}",
        published[0].body
    );
    let accepted_path = {
        let id = published[0].body["order_id"].as_str().unwrap();
        assert_eq!(
            service
                .act(admin(), id.parse().unwrap(), "approve")
                .await
                .status,
            StatusCode::OK
        );
        format!("/api/v1/orders/{id}/accept")
    };
    let accepted = at_once(provider(1), &accepted_path, 91, None).await;
    assert_eq!(accepted[0].status, StatusCode::OK, "{}", accepted[0].body);
    for answers in [&published, &accepted] {
        for answer in answers {
            assert_eq!(
                (answer.status, &answer.body),
                (answers[0].status, &answers[0].body)
            );
        }
    }
    let kinds: Vec<_> = service
        .stage
        .events()
        .await
        .into_iter()
        .map(|event| event.kind)
        .collect();
    use wire::EventType::{OrderAccepted, OrderApproved, OrderCreated};
    assert_eq!(kinds, [OrderCreated, OrderApproved, OrderAccepted]);
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM orders").await, 1);
    assert_eq!(
        service
            .stage
            .count("SELECT COUNT(*) FROM order_timeline")
            .await,
        3
    );
    assert_eq!(
        service.stage.count("SELECT COUNT(*) FROM commands").await,
        3
    );
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
    let refused = service
        .keyed(customer(1), "/api/v1/orders", key, wrong)
        .await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["title", "price", "service_end_time"]);
    let published = service
        .keyed(customer(1), "/api/v1/orders", key, draft_json())
        .await;
    assert_eq!(published.status, StatusCode::CREATED);
}

/// The request body of the replaced systems: no title or address, and an `amount`.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_may_come_without_title_and_address(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let bare = json!({
        "service_type": "it_technology", "location": "NORTH", "description": "电脑无法开机，需要检修", "amount": 200.00,
    });
    for (language, title, address) in [
        (
            "en",
            "IT and technology",
            "To be arranged with the customer",
        ),
        ("zh-CN", "IT 技术", "与客户另行约定"),
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/orders")
            .header(header::ACCEPT_LANGUAGE, language)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", service.token(customer(1))),
            );
        let published = service.send(request, Some(bare.clone())).await;
        assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
        let order = &published.body["order"];
        assert_eq!(
            (&order["title"], &order["address"]),
            (&json!(title), &json!(address))
        );
        assert_eq!(
            (&order["price"], &order["description"]),
            (&json!("200.00"), &bare["description"])
        );
    }
    // Present fields are not replaced: an empty title is invalid.
    let mut empty = bare.clone();
    empty["title"] = json!("");
    empty["address"] = json!(" ");
    let refused = service.post(customer(1), "/api/v1/orders", empty).await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["title", "address"]);
}

/// Sealed, with four-byte characters, it still fits the column.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_title_may_have_255_letters(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let mut long = draft_json();
    long["title"] = json!("𠮷".repeat(255));
    let published = service
        .post(customer(1), "/api/v1/orders", long.clone())
        .await;
    assert_eq!(
        published.body["order"]["title"], long["title"],
        "{}",
        published.body
    );
    long["title"] = json!("𠮷".repeat(256));
    let refused = service.post(customer(1), "/api/v1/orders", long).await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["title"]);
}

#[tokio::test]
async fn what_cannot_be_read_names_its_field() {
    let service = Service::new(Engine::Sqlite).await;
    for (change, field) in [
        (json!({ "price": "12.345" }), "price"),
        (json!({ "location": "NOWHERE" }), "location"),
        (json!({ "service_type": "magic" }), "service_type"),
        (
            json!({ "service_start_time": "tomorrow" }),
            "service_start_time",
        ),
    ] {
        let mut draft = draft_json();
        draft
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let refused = service.post(customer(1), "/api/v1/orders", draft).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field], "{}", refused.body);
    }
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/orders")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", service.token(customer(1))),
        )
        .header("idempotency-key", "x".repeat(256));
    let refused = service.send(request, Some(draft_json())).await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["Idempotency-Key"]);
}
