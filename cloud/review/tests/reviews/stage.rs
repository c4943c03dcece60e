//! The review service on a temporary store, with a fake order service that has one completed order.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use platform::{
    ServiceContext, bus::Bus, consume::EventHandler, documents::Documents, upstream::Upstream,
};
use process::{clock::Clock, tokens::ServiceKey};
use review::{Config, Peers, RatingEventConsumer, store::ReviewStore};
use serde_json::{Value, json};
use support::{Issuer, samples};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{
    Actor, EventType, Order, OrderAndTerms, OrderId, OrderStatus, PaymentStatus, Role, ServiceType,
    UnixMillis, UserId,
};

pub(crate) const AT: UnixMillis = UnixMillis(1_764_000_000_000);
/// The kind of work that the region allows to be paid for afterwards.
pub(crate) const PAID_AFTERWARDS: ServiceType = ServiceType::LifeHealth;
pub(crate) const ORDER: OrderId = OrderId(Uuid::from_u128(0x500));

#[derive(Clone)]
struct Orders(Arc<Mutex<Option<Order>>>);

pub(crate) struct World {
    pub router: Router,
    pub store: ReviewStore,
    pub service_key: ServiceKey,
    pub clock: Clock,
    pub bus: Bus,
    issuer: Issuer,
    orders: Orders,
    folder: TempDir,
}

pub(crate) struct Answer {
    pub status: u16,
    pub body: Value,
}

pub(crate) const fn customer() -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(1)),
        role: Role::Customer,
    }
}

pub(crate) const fn provider() -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(2)),
        role: Role::Provider,
    }
}

pub(crate) const fn admin() -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(3)),
        role: Role::Admin,
    }
}

pub(crate) const fn stranger(role: Role) -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(9)),
        role,
    }
}

pub(crate) fn form() -> Value {
    json!({ "order_id": ORDER, "rating": 4, "comment": "师傅很准时, and the tap is fixed.",
        "dimensions": { "punctuality": 5 } })
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::within(24 * 60 * 60 * 1000).await
    }

    /// Builds a service with this edit period.
    pub(crate) async fn within(edit_within_ms: i64) -> Self {
        let clock = Clock::fixed_at(AT);
        let issuer = Issuer::new();
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("review.db").display());
        let config = Config {
            documents_url: url.as_str().into(),
            files_url: format!("file:{}", folder.path().join("files").display()).into(),
            edit_within_ms,
            ..Config::default()
        };
        review::migrate(&config).await.unwrap();
        let ground = testing::ground(folder.path(), &clock).await;
        let ground = ServiceContext {
            keys: issuer.keys(),
            ..ground
        };
        let service_key = ground.service_key.clone();
        let bus = ground.bus.clone();
        let order = Order {
            id: ORDER,
            customer_id: customer().user_id,
            provider_id: Some(provider().user_id),
            status: OrderStatus::Completed,
            payment_status: PaymentStatus::Paid,
            ..samples::order(1, 5)
        };
        let orders = Orders(Arc::new(Mutex::new(Some(order))));
        let router = Router::new().route("/internal/orders/{id}", get(show));
        let order = Upstream::from_router(router.with_state(orders.clone()));
        let router = review::open(config, ground, Peers { order }).await.unwrap();
        let keys = testing::data_keys();
        let documents = Documents::open(&url).await.unwrap().sealed_by(&keys);
        let store = ReviewStore::new(&documents, &keys, clock.clone());
        Self {
            router,
            store,
            service_key,
            clock,
            bus,
            issuer,
            orders,
            folder,
        }
    }

    /// Changes the order that the fake service returns; `None` means no order.
    pub(crate) fn order(&self, change: impl FnOnce(&mut Option<Order>)) {
        change(&mut self.orders.0.lock().unwrap());
    }

    pub(crate) async fn ask(&self, actor: Actor, method: &str, path: &str, body: Value) -> Answer {
        self.keyed(actor, method, path, None, body).await
    }

    pub(crate) async fn keyed(
        &self,
        actor: Actor,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Value,
    ) -> Answer {
        let token = self.issuer.token(actor, self.clock.now());
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), 1 << 22).await.unwrap();
        Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    pub(crate) async fn done(&self, actor: Actor, method: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(actor, method, path, body).await;
        assert!(
            answer.status < 300,
            "{method} {path}: {} {}",
            answer.status,
            answer.body
        );
        answer.body
    }

    pub(crate) async fn get(&self, actor: Actor, path: &str) -> Answer {
        self.ask(actor, "GET", path, Value::Null).await
    }

    /// The response to an admin with only these permissions.
    pub(crate) async fn get_holding(&self, held: &str, path: &str) -> Answer {
        let token = self.issuer.token(admin(), self.clock.now());
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("x-user-permissions", held);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The customer's review of the order, and its path.
    pub(crate) async fn reviewed(&self) -> (Value, String) {
        let review = self
            .done(customer(), "POST", "/api/v1/reviews", form())
            .await;
        let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
        (review, path)
    }

    pub(crate) async fn picture(&self, actor: Actor, picture: Vec<u8>) -> Answer {
        let token = self.issuer.token(actor, self.clock.now());
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/reviews/images");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::from(picture)).unwrap()).await
    }

    /// The review events so far, oldest first.
    pub(crate) async fn events(&self) -> Vec<wire::Event> {
        let mut events = self.all_events().await;
        events.retain(|event| event.kind != EventType::RatingUpdated);
        events
    }

    pub(crate) async fn all_events(&self) -> Vec<wire::Event> {
        let url = format!("sqlite:{}", self.folder.path().join("review.db").display());
        let sql = platform::sql::Sql::open(&url).await.unwrap();
        testing::events(&sql.sealed_by(&testing::data_keys())).await
    }

    /// Handles all events so far, each twice.
    pub(crate) async fn add_up(&self) {
        let feed = RatingEventConsumer {
            store: self.store.clone(),
        };
        for event in self.events().await {
            feed.handle(&event).await.unwrap();
            feed.handle(&event).await.unwrap();
        }
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        let told = self.body["code"].as_str().unwrap_or_default();
        assert_eq!((self.status, told), (status, code), "{}", self.body);
    }

    #[track_caller]
    pub(crate) fn items(&self) -> &[Value] {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["items"].as_array().unwrap()
    }
}

async fn show(State(orders): State<Orders>, Path(id): Path<OrderId>) -> Response {
    let order = orders.0.lock().unwrap().clone();
    if let Some(order) = order.filter(|order| order.id == id) {
        let paid_afterwards = order.service_type == PAID_AFTERWARDS;
        return Json(OrderAndTerms {
            order,
            terms: None,
            paid_afterwards,
        })
        .into_response();
    }
    let body = json!({ "type": "", "title": "", "status": 404, "code": "order_not_found" });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}
