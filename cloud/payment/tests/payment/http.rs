//! The HTTP behaviour of payments, refunds and statements, by owner and role.

mod admin_money;
mod alipay;
mod at_once;
mod callbacks;
mod expiry;
mod fees;
mod funds;
mod large_sums;
mod methods;
mod reads;
mod refund_requests;
mod repeats;

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use custody::{BilledOrder, ComparedOrder, ComparedOrders, MoneyStep, OrderVersionsQuery};
use futures::future::join_all;
use payment::{Config, Peers};
use platform::{ServiceContext, bus::Bus, upstream::Upstream};
use process::{config::Secret, tokens::ServiceKey};
use rstest::rstest;
use serde_json::{Value, json};
use support::Issuer;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Actor, Amount, Draft, Order, OrderAndTerms, OrderId, OrderStatus, Role, UserId};

use crate::stage::*;

const CUSTOMER: u128 = 1;
const PROVIDER: u128 = 7;

/// A fake order service with one order.
#[derive(Clone)]
pub struct Orders(Arc<Mutex<OrderDesk>>);

#[derive(Clone)]
struct OrderDesk {
    order: Order,
    /// The version of the last money event it applied.
    money_version: u64,
    worked_in_vain: Vec<UserId>,
    is_away: bool,
}

struct Service {
    router: Router,
    issuer: Issuer,
    service_key: ServiceKey,
    orders: Orders,
    bus: Bus,
    stage: Stage,
}

struct Answer {
    status: StatusCode,
    body: Value,
}

impl Orders {
    pub fn new() -> Self {
        let draft = Draft {
            price: Amount::from_minor(PRICE).unwrap(),
            ..support::samples::draft()
        };
        let order = Order::new_published(order_id(0), draft, user(1), NOW, wire::Source::Portal);
        let worked_in_vain = Vec::new();
        let desk = OrderDesk {
            order,
            money_version: 0,
            worked_in_vain,
            is_away: false,
        };
        Self(Arc::new(Mutex::new(desk)))
    }

    pub fn upstream(&self) -> Upstream {
        let router = Router::new()
            .route("/internal/orders/{id}", get(show))
            .route("/internal/known-orders", post(known));
        Upstream::from_router(router.with_state(self.clone()))
    }

    /// Changes the order without an event.
    pub fn change(&self, change: impl FnOnce(&mut Order)) {
        let order = &mut self.0.lock().unwrap().order;
        order.provider_id = Some(user(PROVIDER));
        order.version += 1;
        change(order);
    }

    /// Marks this money event as applied.
    pub fn took(&self, money_version: u64) {
        self.0.lock().unwrap().money_version = money_version;
    }

    /// Adds a case of this provider's work in vain.
    pub fn lists(&self, provider: UserId) {
        self.0.lock().unwrap().worked_in_vain.push(provider);
    }

    pub fn unlists(&self, provider: UserId) {
        self.0
            .lock()
            .unwrap()
            .worked_in_vain
            .retain(|listed| *listed != provider);
    }

    pub fn goes_away(&self) {
        self.0.lock().unwrap().is_away = true;
    }

    /// The order as a step for payment_db.
    pub fn heard(&self) -> MoneyStep {
        let OrderDesk { order, .. } = self.0.lock().unwrap().clone();
        MoneyStep::OrderHeard(BilledOrder::from_order(&order, None))
    }
}

impl Service {
    async fn new(engine: Engine) -> Self {
        let stage = Stage::new(engine).await;
        let config = Config {
            callback_secret: secret(),
            ..stage.config.clone()
        };
        Self::on(stage, config).await
    }

    async fn on(stage: Stage, config: Config) -> Self {
        let issuer = Issuer::new();
        let ground = testing::ground(stage.folder.path(), &stage.clock).await;
        let ground = ServiceContext {
            keys: issuer.keys(),
            ..ground
        };
        let service_key = ground.service_key.clone();
        let bus = ground.bus.clone();
        let orders = Orders::new();
        let order = orders.upstream();
        let router = payment::open(config, ground, Peers { order })
            .await
            .unwrap();
        let service = Self {
            router,
            issuer,
            service_key,
            orders,
            bus,
            stage,
        };
        service.order(|order| order.status = OrderStatus::Accepted);
        service
    }

    fn order(&self, change: impl FnOnce(&mut Order)) {
        self.orders.change(change);
    }

    /// The refund request events in the outbox, each with its amount.
    async fn told_of_requests(&self) -> Vec<String> {
        let events = self.stage.events().await.into_iter();
        let words = events.map(|event| {
            let amount = event.body["amount"].as_str().unwrap_or_default();
            format!("{} {amount}", event.kind)
        });
        words
            .filter(|word| word.starts_with("refund.") && !word.contains("processed"))
            .collect()
    }

    async fn send(&self, by: Actor, request: (Method, &str), key: &str, body: Value) -> Answer {
        let token = self.issuer.token(by, self.stage.clock.now());
        let mut request = Request::builder().method(request.0).uri(request.1);
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    async fn post(&self, by: Actor, path: &str, body: Value) -> Answer {
        // An admin's change needs a fresh idempotency key.
        let key = match by.role {
            Role::Admin => self.stage.clock.new_id().to_string(),
            Role::Customer | Role::Provider => String::new(),
        };
        self.send(by, (Method::POST, path), &key, body).await
    }

    async fn get(&self, by: Actor, path: &str) -> Answer {
        self.send(by, (Method::GET, path), "", Value::Null).await
    }

    async fn pay(&self, by: Actor) -> Answer {
        self.post(by, "/api/v1/payments", payment_json()).await
    }
}

impl Answer {
    #[track_caller]
    fn refused(&self, status: u16, code: &str) {
        let told = self.body["code"].as_str().unwrap_or_default();
        assert_eq!(
            (self.status.as_u16(), told),
            (status, code),
            "{}",
            self.body
        );
    }

    #[track_caller]
    fn items(&self) -> &[Value] {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body["items"].as_array().unwrap()
    }
}

/// Signs callbacks.
const CALLBACK_SECRET: &str = "between the two of us";

fn secret() -> Secret {
    serde_json::from_value(json!(CALLBACK_SECRET)).unwrap()
}

async fn show(State(orders): State<Orders>, Path(id): Path<OrderId>) -> Response {
    let OrderDesk { order, .. } = orders.0.lock().unwrap().clone();
    if order.id == id {
        return Json(OrderAndTerms {
            order,
            terms: None,
            paid_afterwards: false,
        })
        .into_response();
    }
    let body = json!({ "type": "", "title": "", "status": 404, "code": "order_not_found" });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

async fn known(
    State(orders): State<Orders>,
    Json(asked): Json<OrderVersionsQuery>,
) -> Result<Json<ComparedOrders>, StatusCode> {
    let OrderDesk {
        order,
        money_version,
        worked_in_vain,
        is_away,
    } = orders.0.lock().unwrap().clone();
    if is_away {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let is_meant = match asked {
        OrderVersionsQuery::Named(ids) => ids.contains(&order.id),
        OrderVersionsQuery::Changed { since, after } => {
            order.updated_at >= since && after.is_none()
        }
    };
    let known = ComparedOrder {
        order,
        terms: None,
        money_version,
        worked_in_vain,
    };
    Ok(Json(ComparedOrders {
        items: is_meant.then_some(known).into_iter().collect(),
    }))
}

fn payment_json() -> Value {
    json!({ "order_id": order_id(0), "amount": "200.01" })
}

fn customer(n: u128) -> Actor {
    Actor {
        user_id: user(n),
        role: Role::Customer,
    }
}

fn provider(n: u128) -> Actor {
    Actor {
        user_id: user(n),
        role: Role::Provider,
    }
}

fn admin() -> Actor {
    Actor {
        user_id: user(0xA),
        role: Role::Admin,
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_customer_pays_an_order_once(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let paid = service.pay(customer(CUSTOMER)).await;
    assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.body);
    assert_eq!(
        (&paid.body["status"], &paid.body["amount"]),
        (&json!("completed"), &json!("200.01"))
    );
    assert_eq!(paid.body["transaction_id"], paid.body["id"]);
    service
        .pay(customer(CUSTOMER))
        .await
        .refused(409, "already_paid");
    let path = format!("/api/v1/payments/{}", paid.body["id"].as_str().unwrap());
    for (who, status) in [
        (customer(CUSTOMER), 200),
        (admin(), 200),
        (customer(2), 404),
        (provider(PROVIDER), 403),
    ] {
        assert_eq!(
            service.get(who, &path).await.status.as_u16(),
            status,
            "{who:?}"
        );
    }
    let list = format!("/api/v1/payments?order_id={}", order_id(0));
    assert_eq!(
        service.get(customer(CUSTOMER), &list).await.items().len(),
        1
    );
    let methods = service
        .get(customer(CUSTOMER), "/api/v1/payments/methods")
        .await;
    assert_eq!(
        methods.items()[0],
        json!({ "method": "simulated", "simulated": true })
    );
    service
        .get(customer(2), &list)
        .await
        .refused(404, "order_not_found");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_wrong_payment_is_refused_by_its_code(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let pay = async |by: Actor, change: Value| {
        let mut body = payment_json();
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        service.post(by, "/api/v1/payments", body).await
    };
    let me = customer(CUSTOMER);
    pay(me, json!({ "amount": "200.00" }))
        .await
        .refused(422, "amount_mismatch");
    pay(me, json!({ "currency": "USD" }))
        .await
        .refused(422, "amount_mismatch");
    pay(me, json!({ "payment_method": "4111111111111111" }))
        .await
        .refused(422, "invalid_input");
    pay(me, json!({ "order_id": Uuid::nil() }))
        .await
        .refused(404, "order_not_found");
    pay(customer(2), json!({}))
        .await
        .refused(404, "order_not_found");
    pay(provider(PROVIDER), json!({}))
        .await
        .refused(403, "role_forbidden");
    service.order(|order| order.status = OrderStatus::Cancelled);
    pay(me, json!({})).await.refused(409, "order_not_payable");
    assert_eq!(
        service.stage.count("SELECT COUNT(*) FROM payments").await,
        0
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_that_nobody_has_taken_is_not_payable(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.order(|order| (order.status, order.provider_id) = (OrderStatus::Pending, None));
    service
        .pay(customer(CUSTOMER))
        .await
        .refused(409, "order_not_payable");
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM dues").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_payments_under_one_key_are_one_with_one_answer(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let to = (Method::POST, "/api/v1/payments");
    let send =
        |key: &'static str| service.send(customer(CUSTOMER), to.clone(), key, payment_json());
    let answers = join_all((0..50).map(|_| send("pay once"))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == StatusCode::CREATED)
    );
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(
        service
            .stage
            .count("SELECT COUNT(*) FROM simulated_movements")
            .await,
        1
    );
    assert_eq!(service.stage.money(0).await.held_minor(), PRICE);
    send("another key").await.refused(409, "already_paid");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn everybody_reads_what_was_booked_for_them_alone(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    service.stage.becomes(0, 9, OrderStatus::Completed).await;
    service.stage.clock.advance(72 * HOUR);
    payment::jobs::settle_dues(&service.stage.worker)
        .await
        .unwrap();
    let path = format!("/api/v1/orders/{}/statement", order_id(0));
    let actions = async |actor: Actor| {
        let answer = service.get(actor, &path).await;
        let items = answer.items().iter();
        let line = |item: &Value| {
            format!(
                "{} {}",
                item["action"].as_str().unwrap(),
                item["amount"].as_str().unwrap()
            )
        };
        items.map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        actions(customer(CUSTOMER)).await,
        ["charge 200.01", "release 200.01"]
    );
    assert_eq!(actions(provider(PROVIDER)).await, ["release -180.01"]);
    assert_eq!(actions(admin()).await.len(), 5);
    service
        .get(customer(2), &path)
        .await
        .refused(404, "order_not_found");
    service
        .get(provider(8), &path)
        .await
        .refused(404, "order_not_found");
    let mine = service.get(provider(PROVIDER), "/api/v1/statements").await;
    let fees = |answer: &Answer| {
        answer
            .items()
            .iter()
            .map(|item| item["fee"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(fees(&mine), [json!("20.00")]);
    // The order's statement shows the same fee, only on the provider's line.
    assert_eq!(
        fees(&service.get(provider(PROVIDER), &path).await),
        [json!("20.00")]
    );
    let all = service.get(admin(), &path).await;
    assert_eq!(fees(&all).iter().filter(|fee| !fee.is_null()).count(), 1);
    let earned = service.get(provider(PROVIDER), "/api/v1/earnings").await;
    let expected = json!([{ "currency": "CNY", "available": "180.01", "sending": "0.00" }]);
    assert_eq!(earned.body["items"], expected);
    assert!(
        service
            .get(provider(8), "/api/v1/earnings")
            .await
            .items()
            .is_empty()
    );
    service
        .get(customer(CUSTOMER), "/api/v1/earnings")
        .await
        .refused(403, "role_forbidden");
}
