//! Actions on orders, and their responses.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::{Actor, OrderId};

use super::service::*;
use crate::stage::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_is_published_approved_accepted_and_read(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let published = service
        .post(customer(1), "/api/v1/orders", draft_json())
        .await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
    assert_eq!(published.body["status"], "pending_review");
    assert_eq!(
        published.body["message"],
        "Order published. It waits for review."
    );
    assert_eq!(published.body["order"]["title"], "Fix a tap");
    assert_eq!(published.body["order"]["price"], "200.00");
    assert_eq!(published.body["order"]["payment_status"], "unpaid");
    assert!(published.body["code"].as_str().unwrap().starts_with("N-"));
    let id: OrderId = published.body["order_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        published.headers[header::LOCATION],
        format!("/api/v1/orders/{id}")
    );

    let approved = service.act(admin(), id, "approve").await;
    assert_eq!(
        (approved.status, &approved.body["status"]),
        (StatusCode::OK, &json!("pending"))
    );
    let accepted = service.act(provider(1), id, "accept").await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.body);
    assert_eq!(accepted.body["order_id"], json!(id));
    assert_eq!(accepted.body["status"], "accepted");
    assert_eq!(accepted.body["provider_id"], json!(provider(1).user_id));
    assert_eq!(
        accepted.body["order"]["address"], "1 Lake Road",
        "now it is the provider's own"
    );

    let path = format!("/api/v1/orders/{id}/timeline");
    let timeline = service.get(customer(1), &path).await;
    let items = timeline.body["items"].as_array().unwrap();
    let actions: Vec<_> = items.iter().map(|item| item["action"].as_str()).collect();
    assert_eq!(actions, [None, Some("approve"), Some("accept")]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ninety_nine_losers_are_told_who_won(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.stage.pending().await;
    let answers = join_all((1..=100).map(|n| service.act(provider(n), id, "accept"))).await;
    let won: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .collect();
    assert_eq!(won.len(), 1);
    let winner = &won[0].body["provider_id"];
    for lost in answers
        .iter()
        .filter(|answer| answer.status != StatusCode::OK)
    {
        lost.refused(400, "order_already_accepted");
        assert_eq!(
            lost.body["title"],
            "Order has been accepted by another provider"
        );
        assert_eq!(lost.body["order"]["status"], "accepted");
        assert_eq!(&lost.body["order"]["provider_id"], winner);
        let shown: Vec<_> = lost.body["order"].as_object().unwrap().keys().collect();
        let state = [
            "code",
            "id",
            "location",
            "provider_id",
            "status",
            "updated_at",
            "version",
        ];
        assert_eq!(shown, state, "the rest is the winner's to see");
        assert!(lost.body["lost"]["winner_decided_at"].is_string());
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_admin_withdraws_on_record_what_any_provider_was_promised(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let revoked = service.stage.pending().await;
    let other = service.stage.pending().await;
    let fence = service.stage.grant("north-1").await.fence;
    let first = service.stage.command_id();
    let second = service.stage.command_id();
    let log = Log::of("north-1")
        .firm(fence, first, provider(1), accept(revoked))
        .by_revoked();
    let log = log.firm(fence, second, provider(2), accept(other));
    assert!(
        service
            .stage
            .batch(log.batch())
            .await
            .iter()
            .all(wire::Outcome::has_succeeded)
    );

    let withdraw = async |id: OrderId, body: Value| {
        service
            .post(admin(), &format!("/api/v1/orders/{id}/withdraw"), body)
            .await
    };
    let reason = json!({ "reason": "His licence was withdrawn." });
    let unexplained = withdraw(revoked, json!({})).await;
    unexplained.refused(422, "invalid_input");
    assert_eq!(unexplained.fields(), ["reason"]);
    service
        .post(
            provider(3),
            &format!("/api/v1/orders/{other}/withdraw"),
            reason.clone(),
        )
        .await
        .refused(404, "order_not_found");
    for promised in [other, revoked] {
        assert_eq!(
            withdraw(promised, reason.clone()).await.status,
            StatusCode::OK
        );
    }
    let open = service
        .get(provider(3), &format!("/api/v1/orders/{revoked}"))
        .await;
    assert_eq!(
        (open.status, &open.body["status"]),
        (StatusCode::OK, &json!("pending"))
    );
    assert_eq!(open.body["provider_id"], Value::Null);

    let path = format!("/api/v1/orders/{revoked}/timeline");
    let items = service.get(admin(), &path).await.body["items"].clone();
    let last = items.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["action"], &last["actor"]["role"]),
        (&json!("withdraw"), &json!("admin"))
    );
    assert_eq!(last["reason"], "His licence was withdrawn.");
}

#[tokio::test]
async fn a_target_status_is_reached_by_its_action() {
    let service = Service::new(Engine::Sqlite).await;
    let published = service
        .post(customer(1), "/api/v1/orders", draft_json())
        .await;
    let id = published.body["order_id"].as_str().unwrap().to_owned();
    let put = async |actor: Actor, body: Value| {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("/api/v1/orders/{id}/status"))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", service.token(actor)),
            );
        service.send(request, Some(body)).await
    };
    let rejected = put(admin(), json!({ "status": "rejected" })).await;
    rejected.refused(422, "invalid_input");
    assert_eq!(rejected.fields(), ["reason"]);
    assert_eq!(
        put(admin(), json!({ "status": "pending" })).await.body["status"],
        "pending"
    );
    assert_eq!(
        put(provider(1), json!({ "status": "accepted" })).await.body["status"],
        "accepted"
    );
    assert_eq!(
        put(provider(1), json!({ "status": "pending" })).await.body["status"],
        "pending"
    );
    put(customer(1), json!({ "status": "reviewed" }))
        .await
        .refused(422, "invalid_input");
    let cancelled = put(
        customer(1),
        json!({ "status": "cancelled", "reason": "晚了" }),
    )
    .await;
    assert_eq!(cancelled.body["status"], "cancelled");
}

#[tokio::test]
async fn people_do_only_what_is_theirs_to_do() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.stage.pending().await;
    service
        .post(provider(1), "/api/v1/orders", draft_json())
        .await
        .refused(403, "role_forbidden");
    service
        .act(customer(1), id, "accept")
        .await
        .refused(403, "providers_only");
    service
        .act(customer(1), id, "approve")
        .await
        .refused(403, "role_forbidden");
    service
        .get(customer(1), "/api/v1/admin/orders")
        .await
        .refused(403, "role_forbidden");
    service
        .get(customer(1), "/api/v1/orders/available")
        .await
        .refused(403, "role_forbidden");
    let stranger = service.act(customer(2), id, "cancel").await;
    stranger.refused(404, "order_not_found");
    assert_eq!(
        stranger.body.get("order"),
        None,
        "a stranger is shown nothing"
    );
    service
        .act(provider(2), id, "start")
        .await
        .refused(403, "not_yours");
    service.act(provider(1), id, "accept").await;
    service
        .act(provider(2), id, "start")
        .await
        .refused(404, "order_not_found");
    let unpaid = service.act(provider(1), id, "start").await;
    unpaid.refused(400, "funds_not_held");
    assert_eq!(unpaid.body["order"]["address"], "1 Lake Road");
    let published = service
        .post(customer(1), "/api/v1/orders", draft_json())
        .await;
    let unapproved = published.body["order_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let early = service.act(provider(1), unapproved, "accept").await;
    early.refused(404, "order_not_found");
    assert_eq!(
        early.body.get("order"),
        None,
        "only an open order is there for a provider"
    );
    let unknown = OrderId(Uuid::from_u128(5));
    service
        .act(provider(1), unknown, "accept")
        .await
        .refused(404, "order_not_found");
    let nowhere = service
        .post(provider(1), "/api/v1/orders/x/accept", Value::Null)
        .await;
    nowhere.refused(404, "not_found");
}

#[tokio::test]
async fn answers_come_in_the_readers_language() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.stage.pending().await;
    let accept = async |actor: Actor| {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1/orders/{id}/accept"))
            .header(header::ACCEPT_LANGUAGE, "zh-CN,zh;q=0.9")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", service.token(actor)),
            );
        service.send(request, None).await
    };
    assert_eq!(accept(provider(1)).await.body["message"], "接单成功");
    assert_eq!(
        accept(provider(2)).await.body["title"],
        "订单已被其他服务商接走"
    );
}

#[tokio::test]
async fn an_admin_withdraws_all_jobs_of_a_provider_with_one_request() {
    let service = Service::new(Engine::Sqlite).await;
    let one = service.stage.pending().await;
    let two = service.stage.pending().await;
    let open = service.stage.pending().await;
    for order in [one, two] {
        service.act(provider(1), order, "accept").await;
    }
    let path = format!(
        "/api/v1/admin/providers/{}/withdrawals",
        provider(1).user_id
    );
    let form = json!({ "reason": "The account was stolen." });
    let refused = service.post(provider(1), &path, form.clone()).await;
    refused.refused(403, "role_forbidden");
    let refused = service.post(admin(), &path, json!({ "reason": " " })).await;
    refused.refused(422, "invalid_input");
    let key = Some(uuid::Uuid::from_u128(7));
    let done = service.keyed(admin(), &path, key, form.clone()).await;
    let items = done.body["items"].as_array().unwrap();
    assert!(
        items.iter().all(|item| item["code"].is_null()),
        "{}",
        done.body
    );
    assert_eq!((items.len(), &done.body["more"]), (2, &json!(false)));
    for order in [one, two, open] {
        let seen = service
            .get(provider(2), &format!("/api/v1/orders/{order}"))
            .await;
        assert_eq!(seen.body["status"], "pending");
    }
    let again = service.keyed(admin(), &path, key, form).await;
    assert_eq!(again.body["items"], json!([]));
    let history = service
        .get(customer(1), &format!("/api/v1/orders/{one}/timeline"))
        .await;
    let items = history.body["items"].as_array().unwrap();
    assert_eq!(items.last().unwrap()["reason"], "The account was stolen.");
    let shown: Vec<_> = items.iter().map(|line| &line["address_shown"]).collect();
    assert_eq!(
        shown,
        [&Value::Null, &Value::Null, &json!("decided"), &Value::Null]
    );
}
