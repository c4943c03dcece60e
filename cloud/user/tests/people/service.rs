//! The service of profiles in memory, the people who call it, and their forms. Behind it is a fake
//! order service that has one order.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::Request;
use http_body_util::BodyExt;
use platform::{bus::Bus, upstream::Upstream};
use process::{clock::Clock, tokens::ServiceKey};
use serde_json::{Value, json};
use support::{Issuer, samples};
use tower::ServiceExt;
use user::{Config, Peers};
use uuid::Uuid;
use wire::{
    Actor, BookedProviders, BookedProvidersQuery, Order, OrderAndTerms, OrderId, OrderStatus, Role,
    UserId,
};

use crate::{ADMIN, AT, CUSTOMER, PROVIDER};

pub(crate) const MINE: &str = "/api/v1/users/me/profile";

pub(crate) const ORDER: OrderId = OrderId(Uuid::from_u128(0x500));

/// An order of `CUSTOMER`, or `None` while the order service is away.
#[derive(Clone)]
struct Orders(Arc<Mutex<Option<Order>>>);

pub(crate) struct ProfileService {
    pub router: Router,
    pub issuer: Issuer,
    pub clock: Clock,
    pub folder: tempfile::TempDir,
    pub bus: Bus,
    pub service_key: ServiceKey,
    orders: Orders,
}

impl ProfileService {
    pub(crate) async fn new() -> Self {
        let clock = Clock::fixed_at(AT);
        let issuer = Issuer::new();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("user.db").display());
        let files_url = format!("file:{}", folder.path().join("files").display()).into();
        let config = Config {
            documents_url: url.into(),
            files_url,
            cache_ttl_ms: 60_000,
            ..Config::default()
        };
        user::migrate(&config).await.unwrap();
        let mut ground = testing::ground(folder.path(), &clock).await;
        ground.keys = issuer.keys();
        let order = Order {
            id: ORDER,
            customer_id: CUSTOMER,
            provider_id: None,
            status: OrderStatus::Pending,
            ..samples::order(1, 5)
        };
        let orders = Orders(Arc::new(Mutex::new(Some(order))));
        let answers = Router::new()
            .route("/internal/orders/{id}", get(show))
            .route("/internal/booked-providers", post(list_booked));
        let order = Upstream::from_router(answers.with_state(orders.clone()));
        let bus = ground.bus.clone();
        let service_key = ground.service_key.clone();
        let router = user::open(config, ground, Peers { order }).await.unwrap();
        Self {
            router,
            issuer,
            clock,
            folder,
            bus,
            service_key,
            orders,
        }
    }

    /// Changes the order that the fake order service returns.
    pub(crate) fn order(&self, change: impl FnOnce(&mut Option<Order>)) {
        change(&mut self.orders.0.lock().unwrap());
    }

    pub(crate) async fn send(
        &self,
        who: Option<Actor>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(actor) = who {
            let token = self.issuer.token(actor, self.clock.now());
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn ask(
        &self,
        actor: Actor,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let answer = self.send(Some(actor), method, path, body).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    /// The status that an admin with only these permissions gets.
    pub(crate) async fn status_with_permissions(&self, held: &str, path: &str) -> u16 {
        let token = self.issuer.token(admin(), self.clock.now());
        let request = Request::get(path)
            .header("authorization", format!("Bearer {token}"))
            .header("x-user-permissions", held);
        let request = request.body(Body::empty()).unwrap();
        self.router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    pub(crate) async fn done(
        &self,
        actor: Actor,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let (status, answer) = self.ask(actor, method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// Submits a provider for verification at this moment.
    pub(crate) async fn submit_provider(&self, user_id: UserId) -> Value {
        let who = Actor {
            user_id,
            role: Role::Provider,
        };
        let version = self.done(who, "GET", MINE, None).await["version"].clone();
        let written = self
            .done(who, "PUT", MINE, Some(provider_form(&version)))
            .await;
        let items = json!([{ "name": "Electrician", "number": "E-7", "issuer": "City of Light" }]);
        let body = json!({ "version": written["version"], "items": items });
        self.done(who, "PUT", "/api/v1/users/me/certifications", Some(body))
            .await;
        self.done(who, "POST", "/api/v1/users/me/verification", None)
            .await
    }
}

/// The order's provider is booked at its hours.
async fn list_booked(
    State(orders): State<Orders>,
    Json(query): Json<BookedProvidersQuery>,
) -> Response {
    let Some(order) = orders.0.lock().unwrap().clone() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let takes_them = order
        .service_hours()
        .is_some_and(|hours| hours.overlaps(query.hours));
    let mut booked = query.providers;
    booked.retain(|provider| takes_them && order.provider_id == Some(*provider));
    Json(BookedProviders { booked }).into_response()
}

async fn show(State(orders): State<Orders>, Path(id): Path<OrderId>) -> Response {
    let Some(order) = orders.0.lock().unwrap().clone() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    if order.id != id {
        let body = json!({ "type": "", "title": "", "status": 404, "code": "order_not_found" });
        return (StatusCode::NOT_FOUND, Json(body)).into_response();
    }
    Json(OrderAndTerms {
        order,
        terms: None,
        paid_afterwards: false,
    })
    .into_response()
}

pub(crate) const fn customer() -> Actor {
    Actor {
        user_id: CUSTOMER,
        role: Role::Customer,
    }
}

pub(crate) const fn provider() -> Actor {
    Actor {
        user_id: PROVIDER,
        role: Role::Provider,
    }
}

pub(crate) const fn admin() -> Actor {
    Actor {
        user_id: ADMIN,
        role: Role::Admin,
    }
}

pub(crate) fn provider_form(version: &Value) -> Value {
    json!({
        "version": version, "full_name": "Li Si", "phone": "138-0013-8000", "bio": "I mend.",
        "skills": ["网络维修", "电脑组装"], "service_categories": ["it_technology"],
        "service_areas": ["NORTH", "MID"], "hourly_rate": 50, "experience_years": 5,
        "availability": { "monday": ["13:00-17:00", "09:00-12:00"] },
        "exceptions": [{ "day": "2026-12-24" }], "portfolio": [{ "title": "A network" }],
    })
}

pub(crate) fn wrong_fields(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    errors
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}
