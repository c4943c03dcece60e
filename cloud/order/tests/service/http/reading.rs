//! Read permissions.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use serde_json::{Value, json};
use wire::Region;

use super::service::*;
use crate::stage::*;

#[tokio::test]
async fn nothing_is_open_without_a_token() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.stage.pending().await;
    let get = |path: String| (Method::GET, path);
    let post = |path: String| (Method::POST, path);
    let routes = [
        get("/api/v1/orders".into()),
        get("/api/v1/orders/available".into()),
        get("/api/v1/admin/orders".into()),
        get(format!("/api/v1/orders/{id}")),
        get(format!("/api/v1/orders/{id}/timeline")),
        get(format!("/api/v1/orders/{id}/photos")),
        get(format!("/api/v1/orders/{id}/photos/{}", wire::Hash::ZERO)),
        post("/api/v1/orders".into()),
        post("/internal/ops".into()),
        post("/internal/photos".into()),
        post("/internal/messages".into()),
        (Method::PUT, format!("/api/v1/orders/{id}/status")),
        (
            Method::PUT,
            format!("/api/v1/orders/{id}/photos/{}", wire::Hash::ZERO),
        ),
    ];
    let actions = [
        "approve", "reject", "accept", "withdraw", "start", "complete", "cancel",
    ];
    let actions = actions.map(|action| post(format!("/api/v1/orders/{id}/{action}")));
    for (method, path) in routes.into_iter().chain(actions) {
        for token in [None, Some("Bearer nonsense")] {
            let mut request = Request::builder().method(method.clone()).uri(&path);
            if let Some(token) = token {
                request = request.header(header::AUTHORIZATION, token);
            }
            service
                .send(request, None)
                .await
                .refused(401, "invalid_token");
        }
    }
    let commands = service.stage.count("SELECT COUNT(*) FROM commands").await;
    assert_eq!(commands, 2, "none of it was stored");
}

#[tokio::test]
async fn an_order_that_is_not_theirs_does_not_exist_for_them() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.stage.pending().await;
    let order = format!("/api/v1/orders/{id}");
    let timeline = format!("/api/v1/orders/{id}/timeline");
    let seen = service.get(provider(2), &order).await;
    assert_eq!(
        (seen.status, &seen.body["address"]),
        (StatusCode::OK, &json!(""))
    );
    service
        .get(provider(2), &timeline)
        .await
        .refused(404, "order_not_found");
    service
        .get(customer(2), &order)
        .await
        .refused(404, "order_not_found");
    service
        .get(customer(2), &timeline)
        .await
        .refused(404, "order_not_found");
    service.act(provider(1), id, "accept").await;
    service
        .get(provider(2), &order)
        .await
        .refused(404, "order_not_found");
    for actor in [customer(1), provider(1), admin()] {
        assert_eq!(
            service.get(actor, &order).await.body["address"],
            "1 Lake Road"
        );
        assert_eq!(service.get(actor, &timeline).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn each_list_shows_what_its_reader_may_see() {
    let service = Service::new(Engine::Sqlite).await;
    let open = service.stage.pending().await;
    let taken = service.stage.pending().await;
    service.act(provider(1), taken, "accept").await;
    let south = wire::Draft {
        location: Region::South,
        ..draft()
    };
    service
        .stage
        .publish(service.stage.command_id(), customer(2), south)
        .await;

    assert_eq!(
        service.get(customer(1), "/api/v1/orders").await.ids(),
        [taken, open]
    );
    let pending = service
        .get(customer(1), "/api/v1/orders?status=pending")
        .await;
    assert_eq!(pending.ids(), [open]);
    assert_eq!(
        service.get(provider(1), "/api/v1/orders").await.ids(),
        [taken]
    );
    assert_eq!(service.get(provider(2), "/api/v1/orders").await.ids(), []);
    assert_eq!(service.get(admin(), "/api/v1/orders").await.ids(), []);
    let available = service.get(provider(2), "/api/v1/orders/available").await;
    assert_eq!(available.ids(), [open]);
    assert_eq!(available.body["items"][0]["address"], "");
    let elsewhere = service
        .get(provider(2), "/api/v1/orders/available?region=SOUTH")
        .await;
    assert_eq!(elsewhere.ids(), []);

    assert_eq!(
        service
            .get(admin(), "/api/v1/admin/orders")
            .await
            .ids()
            .len(),
        3
    );
    let south = service
        .get(admin(), "/api/v1/admin/orders?region=SOUTH")
        .await;
    assert_eq!(south.ids().len(), 1);
    let code = service
        .get(admin(), &format!("/api/v1/orders/{open}"))
        .await
        .body["code"]
        .clone();
    let typed = code.as_str().unwrap().to_lowercase();
    let found = service
        .get(admin(), &format!("/api/v1/admin/orders?code={typed}"))
        .await;
    assert_eq!(found.ids(), [open]);
    let refused = service.get(admin(), "/api/v1/admin/orders?code=x").await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["code"]);
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let service = Service::new(Engine::Sqlite).await;
    for _ in 0..5 {
        service.stage.pending().await;
    }
    let first = service.get(customer(1), "/api/v1/orders?limit=3").await;
    let next = first.body["next"].as_str().unwrap();
    let path = format!("/api/v1/orders?limit=3&cursor={next}");
    let second = service.get(customer(1), &path).await;
    assert_eq!((first.ids().len(), second.ids().len()), (3, 2));
    assert_eq!(second.body["next"], Value::Null);
    let all = service
        .get(customer(1), "/api/v1/orders?limit=100")
        .await
        .ids();
    assert_eq!(all, [first.ids(), second.ids()].concat());
    for (reader, list) in [
        (customer(1), "/api/v1/orders"),
        (provider(1), "/api/v1/orders/available"),
        (admin(), "/api/v1/admin/orders"),
        (admin(), "/api/v1/admin/cases"),
    ] {
        for query in ["limit=0", "limit=101", "limit=-1", "cursor=x", "cursor="] {
            let refused = service.get(reader, &format!("{list}?{query}")).await;
            refused.refused(422, "invalid_input");
            assert_eq!(
                refused.fields(),
                [query.split('=').next().unwrap()],
                "{list}?{query}"
            );
        }
    }
}
