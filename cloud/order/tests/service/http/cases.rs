//! An admin works on cases and closes them.

use platform::vals;
use rstest::rstest;
use serde_json::{Value, json};
use wire::Actor;

use super::service::*;
use crate::stage::*;

const WHY: &str = "The customer was called, and has another provider.";

/// Opens two items of one case of provider 1, and one of provider 2 on another order.
async fn listed(service: &Service) {
    let stage = &service.stage;
    let first = stage.pending().await;
    let second = stage.pending().await;
    let mut commands = Vec::new();
    for (who, order_id, then_withdraws) in
        [(provider(1), first, true), (provider(2), second, false)]
    {
        commands.push(stage.command_id());
        stage
            .decide_as(commands[commands.len() - 1], who, accept(order_id))
            .await;
        if then_withdraws {
            commands.push(stage.command_id());
            let body = wire::CommandBody::WithdrawAcceptance {
                order_id,
                reason: None,
            };
            stage
                .decide_as(commands[commands.len() - 1], who, body)
                .await;
        }
    }
    assert_eq!(stage.store.list_distrusted(&commands).await.unwrap(), 3);
}

async fn ids(service: &Service, query: &str) -> Vec<u64> {
    let list = service
        .get(admin(), &format!("/api/v1/admin/cases?{query}"))
        .await;
    let items = list.body["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_u64().unwrap()).collect()
}

/// The two items of provider 1, newest first, and the one of provider 2.
async fn ids_by_person(service: &Service) -> (Vec<u64>, Vec<u64>) {
    let list = service.get(admin(), "/api/v1/admin/cases").await;
    let items = list.body["items"].as_array().unwrap().iter();
    let (first, second): (Vec<_>, Vec<_>) =
        items.partition(|item| item["user_id"] == json!(provider(1).user_id));
    let ids = |items: Vec<&Value>| {
        items
            .iter()
            .map(|item| item["id"].as_u64().unwrap())
            .collect()
    };
    (ids(first), ids(second))
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_case_is_taken_in_hand_and_closed_with_a_reason(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    listed(&service).await;
    let (own, others) = ids_by_person(&service).await;
    assert_eq!(
        (
            own.len(),
            others.len(),
            ids(&service, "state=open").await.len()
        ),
        (2, 1, 3)
    );
    let other = Actor {
        user_id: wire::UserId(uuid::Uuid::from_u128(0xA001)),
        ..admin()
    };
    let at = |id: u64, act: &str| format!("/api/v1/admin/cases/{id}{act}");

    service
        .post(admin(), &at(own[1], "/take"), Value::Null)
        .await;
    let taken = service.post(other, &at(own[0], "/take"), Value::Null).await;
    assert_eq!(taken.body["taken_by"], json!(other.user_id));
    let case = service.get(admin(), &at(own[1], "")).await.body;
    assert_eq!(
        case["taken_by"],
        json!(other.user_id),
        "the same case by its other item"
    );
    assert_eq!(
        (&case["closed_at"], &case["closed_why"]),
        (&Value::Null, &Value::Null)
    );

    let blank = service
        .post(admin(), &at(own[1], "/close"), json!({ "reason": " " }))
        .await;
    blank.refused(422, "invalid_input");
    assert_eq!(blank.fields(), ["reason"]);
    let closed = service
        .post(admin(), &at(own[1], "/close"), json!({ "reason": WHY }))
        .await;
    assert_eq!(
        (&closed.body["closed_why"], &closed.body["closed_by"]),
        (&json!(WHY), &json!(admin().user_id))
    );
    assert_eq!(ids(&service, "state=open").await, others);
    assert_eq!(ids(&service, "state=closed").await, own);

    // The first reason and its admin stay.
    let again = json!({ "reason": "Another." });
    let again = service.post(other, &at(own[0], "/close"), again).await;
    assert_eq!(again.body["closed_why"], WHY);
    let late = service
        .post(admin(), &at(own[0], "/take"), Value::Null)
        .await;
    assert_eq!(late.body["taken_by"], json!(other.user_id));

    for act in ["", "/take", "/close"] {
        let path = at(999_999, act);
        let answer = match act {
            "" => service.get(admin(), &path).await,
            _ => service.post(admin(), &path, json!({ "reason": WHY })).await,
        };
        answer.refused(404, "not_found");
        let refused = match act {
            "" => service.get(provider(1), &path).await,
            _ => {
                service
                    .post(provider(1), &path, json!({ "reason": WHY }))
                    .await
            }
        };
        refused.refused(403, "role_forbidden");
    }
}

#[tokio::test]
async fn the_reason_of_a_closing_stands_sealed() {
    const REASONS: &str = "SELECT closed_why FROM case_items WHERE closed_why IS NOT NULL";
    let service = Service::new(Engine::Sqlite).await;
    listed(&service).await;
    let id = ids(&service, "").await[0];
    service
        .post(
            admin(),
            &format!("/api/v1/admin/cases/{id}/close"),
            json!({ "reason": WHY }),
        )
        .await;
    let kept: Vec<String> = service.stage.rows(REASONS).await;
    assert!(kept.len() == 1 && !kept[0].contains("customer"), "{kept:?}");
    // As written by a version without keys.
    let plain = "UPDATE case_items SET closed_why = ? WHERE closed_why IS NOT NULL";
    service.stage.sql.exec(plain, vals![WHY]).await.unwrap();
    service.stage.store.resealer().run().await.unwrap();
    let kept: Vec<String> = service.stage.rows(REASONS).await;
    assert!(!kept[0].contains("customer"), "{kept:?}");
    let case = service
        .get(admin(), &format!("/api/v1/admin/cases/{id}"))
        .await;
    assert_eq!(case.body["closed_why"], WHY);
}
