//! The order page, with some parts unavailable.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use gateway::{Config, Peers};
use platform::{sessions, upstream::Upstream};
use process::{parts::CloudPart, problem::Problem, tasks::Tasks};
use serde_json::{Value, json};
use support::{Proxy, Wire};
use wire::{Code, Permission, Role};

use crate::common::{Answer, Gate, USER, remote, served};

const PAGE: &str = "/api/v1/orders/7/page";
const SOON: std::time::Duration = std::time::Duration::from_secs(20);

/// An order service with only order 7, which records its callers.
#[derive(Clone, Default)]
struct OneOrder(Arc<Mutex<Vec<[String; 3]>>>);

async fn show(State(orders): State<OneOrder>, request: Request) -> Response {
    let told = |name| {
        let value = request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let heard = [
        told("x-user-id"),
        told("if-none-match"),
        told("accept-language"),
    ];
    orders.0.lock().unwrap().push(heard);
    if request.uri().path() != "/api/v1/orders/7" {
        return Problem::new(Code::OrderNotFound).into_response();
    }
    Json(order()).into_response()
}

fn order() -> Value {
    json!({ "id": "7", "customer_id": USER, "provider_id": null, "status": "approved" })
}

impl OneOrder {
    fn router(&self) -> Router {
        Router::new().fallback(show).with_state(self.clone())
    }
}

async fn gate(orders: &OneOrder) -> Gate {
    let orders = Upstream::from_router(orders.router());
    let alter = |peers: Peers| peers.with_part(CloudPart::Order, orders);
    Gate::with(Config::default(), "memory:", alter).await
}

async fn page(gate: &Gate, path: &str) -> Answer {
    page_as(gate, path, Role::Customer).await
}

async fn page_as(gate: &Gate, path: &str, role: Role) -> Answer {
    let bearer = format!("Bearer {}", gate.token(role));
    let asked = Request::get(path).header(header::AUTHORIZATION, bearer);
    let asked = asked
        .header(header::IF_NONE_MATCH, "\"1\"")
        .header("accept-language", "zh-CN");
    gate.send(asked.body(axum::body::Body::empty()).unwrap())
        .await
}

/// A payment service with order 7's money, which shows payments only to the customer.
async fn money(request: Request) -> Response {
    let items = match (request.uri().path(), request.uri().query()) {
        ("/api/v1/payments", Some("order_id=7"))
            if request.headers()["x-user-role"] != "customer" =>
        {
            return Problem::new(Code::OrderNotFound).into_response();
        }
        ("/api/v1/payments", Some("order_id=7")) => json!([{ "id": "p", "status": "completed" }]),
        ("/api/v1/orders/7/statement", None) => json!([{ "action": "charge", "amount": 80.0 }]),
        (path, query) => panic!("{path} {query:?} is asked for"),
    };
    Json(json!({ "items": items })).into_response()
}

#[tokio::test]
async fn a_page_shows_the_order_with_its_money_and_names_a_payment_service_that_is_away() {
    let tasks = Tasks::new();
    let orders = OneOrder::default();
    let wire = Proxy::to(served(Router::new().fallback(money), &tasks).await)
        .await
        .unwrap();
    let payment = remote(&format!("http://{}", wire.address()));
    let local = Upstream::from_router(orders.router());
    let alter = |peers: Peers| {
        peers
            .with_part(CloudPart::Order, local)
            .with_part(CloudPart::Payment, payment)
    };
    let gate = Gate::with(Config::default(), "memory:", alter).await;
    let payments = json!([{ "id": "p", "status": "completed" }]);
    let statement = json!([{ "action": "charge", "amount": 80.0 }]);
    let whole = json!({ "payments": payments, "statement": statement });
    let away = json!({ "section": "payment", "part": "payment", "reason": "away" });
    for (state, role, shown) in [
        (Wire::Passes, Role::Customer, whole.clone()),
        (Wire::Cut, Role::Customer, json!({})),
        (Wire::Passes, Role::Customer, whole),
        (
            Wire::Passes,
            Role::Provider,
            json!({ "statement": statement }),
        ),
    ] {
        wire.set(state);
        // The circuit breaker is open after the failures; one trial call closes it.
        gate.clock.advance(1_000);
        page(&gate, PAGE).await;
        let answer = page_as(&gate, PAGE, role).await;
        assert_eq!(answer.status, StatusCode::OK, "{state:?} {}", answer.body);
        assert_eq!(
            (&answer.body["order"], &answer.body["payment"]),
            (&order(), &shown),
            "{state:?} {role:?}"
        );
        let missing = answer.body["missing"].as_array().unwrap();
        assert_eq!(
            missing.contains(&away),
            state == Wire::Cut,
            "{state:?} {}",
            answer.body
        );
    }
    let heard = [USER.to_string(), String::new(), "zh-CN".to_owned()];
    let all = orders.0.lock().unwrap().clone();
    assert!(
        all.iter().all(|one| *one == heard),
        "in the caller's name, without conditions: {all:?}"
    );
    assert_eq!(all.len(), 8, "{all:?}");
    wire.stop().await;
    tasks.shutdown(SOON).await;
}

#[tokio::test]
async fn a_page_has_the_sections_that_an_admins_role_includes() {
    let local = Upstream::from_router(OneOrder::default().router());
    let payment = Upstream::from_router(
        Router::new().fallback(|| async { Json(json!({ "items": ["the money"] })) }),
    );
    let alter = |peers: Peers| {
        peers
            .with_part(CloudPart::Order, local)
            .with_part(CloudPart::Payment, payment)
    };
    let gate = Gate::with(Config::default(), "memory:", alter).await;
    let money = json!(["the money"]);
    for (held, shown) in [
        (
            Permission::ReadDesks,
            json!({ "payments": money, "statement": money }),
        ),
        (Permission::ApproveOrders, json!({ "statement": money })),
    ] {
        sessions::store_permissions(&gate.cache, USER, &[held])
            .await
            .unwrap();
        let answer = page_as(&gate, PAGE, Role::Admin).await;
        assert_eq!(answer.body["payment"], shown, "{held}");
        let customer = &answer.body["parties"]["customer"]["headers"];
        assert_eq!(
            customer["x-user-permissions"],
            held.as_str(),
            "the part narrows it"
        );
    }
}

#[tokio::test]
async fn a_page_without_the_user_service_has_the_order_and_names_the_service() {
    let tasks = Tasks::new();
    let users = |request: Request| async move {
        let is_customers = request.uri().path() == format!("/api/v1/customers/{USER}/profile");
        if is_customers {
            Json(json!({ "full_name": "Li Na" }))
        } else {
            Json(Value::Null)
        }
    };
    let wire = Proxy::to(served(Router::new().fallback(users), &tasks).await)
        .await
        .unwrap();
    let users = remote(&format!("http://{}", wire.address()));
    let orders = Upstream::from_router(OneOrder::default().router());
    let reviews = Upstream::from_router(Router::new().fallback(|request: Request| async move {
        assert_eq!(request.uri().path(), "/api/v1/orders/7/review");
        Json(json!({ "rating": 5 }))
    }));
    let alter = |peers: Peers| {
        let peers = peers
            .with_part(CloudPart::Order, orders)
            .with_part(CloudPart::User, users);
        peers.with_part(CloudPart::Review, reviews)
    };
    let gate = Gate::with(Config::default(), "memory:", alter).await;
    let away = json!({ "section": "parties", "part": "user", "reason": "away" });
    for (state, parties, is_away) in [
        (
            Wire::Passes,
            json!({ "customer": { "full_name": "Li Na" } }),
            false,
        ),
        (Wire::Cut, json!({}), true),
        (
            Wire::Passes,
            json!({ "customer": { "full_name": "Li Na" } }),
            false,
        ),
    ] {
        wire.set(state);
        let answer = page(&gate, PAGE).await;
        assert_eq!(answer.status, StatusCode::OK, "{state:?} {}", answer.body);
        assert_eq!(
            (&answer.body["order"], &answer.body["parties"]),
            (&order(), &parties)
        );
        assert_eq!(answer.body["review"], json!({ "rating": 5 }));
        let missing = answer.body["missing"].as_array().unwrap();
        assert_eq!(
            missing.contains(&away),
            is_away,
            "{state:?} {}",
            answer.body
        );
    }
    wire.stop().await;
    tasks.shutdown(SOON).await;
}

#[tokio::test]
async fn nobody_reads_a_page_without_a_token_and_a_refusal_of_the_order_is_the_pages() {
    let orders = OneOrder::default();
    let gate = gate(&orders).await;
    let stranger = gate.ask(&Method::GET, PAGE, None).await;
    assert_eq!(
        (stranger.status, stranger.code()),
        (StatusCode::UNAUTHORIZED, "invalid_token")
    );
    assert!(orders.0.lock().unwrap().is_empty(), "nobody was asked");
    let answer = page(&gate, "/api/v1/orders/8/page").await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::NOT_FOUND, "order_not_found")
    );
}

#[tokio::test]
async fn without_the_order_service_there_is_no_page_and_with_it_there_is_one_again() {
    let tasks = Tasks::new();
    let orders = OneOrder::default();
    let wire = Proxy::to(served(orders.router(), &tasks).await)
        .await
        .unwrap();
    let part = remote(&format!("http://{}", wire.address()));
    let alter = |peers: Peers| peers.with_part(CloudPart::Order, part);
    let gate = Gate::with(Config::default(), "memory:", alter).await;
    wire.set(Wire::Cut);
    let answer = page(&gate, PAGE).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (answer.code(), &answer.body["part"]),
        ("unavailable", &"order".into())
    );
    wire.set(Wire::Passes);
    assert_eq!(page(&gate, PAGE).await.status, StatusCode::OK);
    wire.stop().await;
    tasks.shutdown(SOON).await;
}
