//! An admin offers an open job to a few providers for a time, over HTTP.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::{Value, json};
use wire::{Actor, EventType, OrderId, UserId};

use super::service::{Answer, Service};
use super::time_proposals::at;
use crate::stage::*;

impl Service {
    async fn offer(&self, actor: Actor, id: OrderId, form: Value) -> Answer {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("/api/v1/orders/{id}/offer"))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token(actor)),
            );
        self.send(request, Some(form)).await
    }

    async fn withdraw_offer(&self, id: OrderId) -> Answer {
        let path = format!("/api/v1/orders/{id}/offer");
        self.delete(admin(), &path).await
    }
}

fn form(providers: &[u128], until_hours: i64) -> Value {
    let ids: Vec<UserId> = providers.iter().map(|n| provider(*n).user_id).collect();
    json!({ "provider_ids": ids, "until": at(until_hours) })
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_offered_job_is_kept_for_its_providers(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.open_job((10, 12)).await;
    let offered = service.offer(admin(), id, form(&[1, 2], 3)).await;
    assert_eq!(offered.status, StatusCode::OK, "{}", offered.body);
    assert_eq!(offered.body["offer"], form(&[1, 2], 3));
    let told = service.stage.events().await;
    let told = told.last().unwrap();
    assert_eq!(told.kind, EventType::OrderOffered);
    assert_eq!(told.body["offered_to"], form(&[1, 2], 3)["provider_ids"]);

    let again = service.offer(admin(), id, form(&[1, 2], 3)).await;
    assert_eq!(again.body["version"], offered.body["version"]);
    let wider = service.offer(admin(), id, form(&[1, 2, 4], 3)).await;
    assert_eq!(wider.status, StatusCode::OK, "{}", wider.body);
    let told = service.stage.events().await;
    let new = &told.last().unwrap().body["offered_to"];
    assert_eq!(*new, form(&[4], 3)["provider_ids"], "the others know");

    let seen = service
        .get(provider(3), &format!("/api/v1/orders/{id}"))
        .await;
    assert_eq!(seen.body["offer"], json!({ "until": at(3) }));
    let seen = service
        .get(provider(1), &format!("/api/v1/orders/{id}"))
        .await;
    let to_me = json!({ "until": at(3), "to_you": true });
    assert_eq!(seen.body["offer"], to_me);

    let other = service.act(provider(3), id, "accept").await;
    other.refused(409, "offered_to_others");
    let named = service.act(provider(2), id, "accept").await;
    assert_eq!(named.status, StatusCode::OK, "{}", named.body);
    assert_eq!(named.body["order"].get("offer"), None, "{}", named.body);
    let late = service.offer(admin(), id, form(&[1], 3)).await;
    late.refused(400, "order_already_accepted");

    let history = service
        .get(admin(), &format!("/api/v1/orders/{id}/timeline"))
        .await;
    let lines = history.body["items"].as_array().unwrap();
    let acts = lines.iter().filter_map(|line| line["offer"].as_str());
    assert_eq!(Vec::from_iter(acts), ["made", "made"], "{}", history.body);
}

#[tokio::test]
async fn a_withdrawn_offer_opens_the_job_and_others_may_neither_offer_nor_withdraw() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.open_job((10, 12)).await;
    for actor in [customer(1), provider(1)] {
        let refused = service.offer(actor, id, form(&[1], 3)).await;
        refused.refused(403, "role_forbidden");
    }
    service.offer(admin(), id, form(&[1], 3)).await;
    let withdrawn = service.withdraw_offer(id).await;
    assert_eq!(withdrawn.status, StatusCode::OK, "{}", withdrawn.body);
    let told = service.stage.events().await;
    assert_eq!(told.last().unwrap().kind, EventType::OrderOfferWithdrawn);
    let again = service.withdraw_offer(id).await;
    assert_eq!(again.body["version"], withdrawn.body["version"]);
    let accepted = service.act(provider(3), id, "accept").await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.body);
}

#[tokio::test]
async fn an_offer_names_free_providers_and_an_end_ahead() {
    let service = Service::new(Engine::Sqlite).await;
    service.booked_job(provider(2), (11, 13)).await;
    let id = service.open_job((10, 12)).await;
    for (wrong, field) in [
        (form(&[], 3), "provider_ids"),
        (form(&[1, 1], 3), "provider_ids"),
        (form(&[1, 2, 3, 4, 5, 6], 3), "provider_ids"),
        (form(&[1, 2], 3), "provider_ids"),
        (form(&[1], 0), "until"),
        (form(&[1], 73), "until"),
    ] {
        let refused = service.offer(admin(), id, wrong.clone()).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field], "{wrong}");
    }
    let unknown = OrderId(uuid::Uuid::from_u128(77));
    let missing = service.offer(admin(), unknown, form(&[1], 3)).await;
    missing.refused(404, "order_not_found");
}
