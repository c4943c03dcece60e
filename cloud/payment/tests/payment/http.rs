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
mod open_matters;
mod payments;
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
use support::{Issuer, samples::person};
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Actor, Amount, Draft, Order, OrderAndTerms, OrderId, OrderStatus, Role, UserId};

use crate::stage::*;

const CUSTOMER: u128 = 1;
const PROVIDER: u128 = 7;

/// A fake order service with one order.
#[derive(Clone)]
pub(crate) struct Orders(Arc<Mutex<OrderDesk>>);

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
    pub(crate) fn new() -> Self {
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

    pub(crate) fn upstream(&self) -> Upstream {
        let router = Router::new()
            .route("/internal/orders/{id}", get(show))
            .route("/internal/known-orders", post(known));
        Upstream::from_router(router.with_state(self.clone()))
    }

    /// Changes the order without an event.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Order)) {
        let order = &mut self.0.lock().unwrap().order;
        order.provider_id = Some(user(PROVIDER));
        order.version += 1;
        change(order);
    }

    /// Marks this money event as applied.
    pub(crate) fn took(&self, money_version: u64) {
        self.0.lock().unwrap().money_version = money_version;
    }

    /// Adds a case of this provider's work in vain.
    pub(crate) fn lists(&self, provider: UserId) {
        self.0.lock().unwrap().worked_in_vain.push(provider);
    }

    pub(crate) fn unlists(&self, provider: UserId) {
        self.0
            .lock()
            .unwrap()
            .worked_in_vain
            .retain(|listed| *listed != provider);
    }

    pub(crate) fn goes_away(&self) {
        self.0.lock().unwrap().is_away = true;
    }

    /// The order as a step for payment_db.
    pub(crate) fn heard(&self) -> MoneyStep {
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
    person(n, Role::Customer)
}

fn provider(n: u128) -> Actor {
    person(n, Role::Provider)
}

fn admin() -> Actor {
    person(0xA, Role::Admin)
}
