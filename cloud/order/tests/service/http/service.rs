//! The order service on a separate database, and requests to it.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
};
use order::Peers;
use platform::{ServiceContext, upstream::Upstream};
use process::{tasks::Tasks, tokens::ServiceKey};
use serde_json::{Value, json};
use support::Issuer;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Actor, OrderId};

use super::{funds::Payments, hub::Hub};
use crate::stage::{Engine, Stage};

pub(super) struct Service {
    pub router: Router,
    pub issuer: Issuer,
    pub service_key: ServiceKey,
    pub hub: Hub,
    pub payments: Payments,
    pub stage: Stage,
    pub tasks: Tasks,
}

pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Service {
    pub(super) async fn new(engine: Engine) -> Self {
        Self::on_stage(Stage::new(engine).await).await
    }

    /// A customer may have so many open orders.
    pub(super) async fn with_open_orders(engine: Engine, open_orders_max: u32) -> Self {
        let mut stage = Stage::new(engine).await;
        stage.config.open_orders_max = open_orders_max;
        Self::on_stage(stage).await
    }

    async fn on_stage(stage: Stage) -> Self {
        let issuer = Issuer::new();
        let ground = testing::ground(stage.folder.path(), &stage.clock).await;
        let ground = ServiceContext {
            keys: issuer.keys(),
            ..ground
        };
        let tasks = ground.tasks.clone();
        let service_key = ground.service_key.clone();
        let hub = Hub::new();
        let payments = Payments::default();
        let payment = Upstream::from_router(payments.router());
        let peers = Peers {
            hub: Upstream::from_router(hub.router()),
            payment,
        };
        let router = order::open(stage.config.clone(), ground, peers)
            .await
            .unwrap();
        Self {
            router,
            issuer,
            service_key,
            hub,
            payments,
            stage,
            tasks,
        }
    }

    /// Another process of the service on the same stores.
    pub(super) async fn replica(&self) -> Router {
        let ground = testing::ground(self.stage.folder.path(), &self.stage.clock).await;
        let keys = self.issuer.keys();
        let service_key = self.service_key.clone();
        let ground = ServiceContext {
            keys,
            service_key,
            ..ground
        };
        let payment = Upstream::from_router(self.payments.router());
        let peers = Peers {
            hub: Upstream::from_router(self.hub.router()),
            payment,
        };
        order::open(self.stage.config.clone(), ground, peers)
            .await
            .unwrap()
    }

    pub(super) fn token(&self, actor: Actor) -> String {
        self.issuer.token(actor, self.stage.clock.now())
    }

    pub(super) async fn send(
        &self,
        request: axum::http::request::Builder,
        body: Option<Value>,
    ) -> Answer {
        Self::send_to(&self.router, request, body).await
    }

    pub(super) async fn send_to(
        router: &Router,
        request: axum::http::request::Builder,
        body: Option<Value>,
    ) -> Answer {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request: Request = request.body(body).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 22).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(super) async fn get(&self, actor: Actor, path: &str) -> Answer {
        let token = format!("Bearer {}", self.token(actor));
        let request = Request::builder()
            .uri(path)
            .header(header::AUTHORIZATION, token);
        self.send(request, None).await
    }

    pub(super) async fn delete(&self, actor: Actor, path: &str) -> Answer {
        let token = format!("Bearer {}", self.token(actor));
        let request = Request::builder().method(Method::DELETE).uri(path);
        self.send(request.header(header::AUTHORIZATION, token), None)
            .await
    }

    pub(super) async fn post(&self, actor: Actor, path: &str, body: Value) -> Answer {
        self.keyed(actor, path, None, body).await
    }

    pub(super) async fn keyed(
        &self,
        actor: Actor,
        path: &str,
        key: Option<Uuid>,
        body: Value,
    ) -> Answer {
        let token = format!("Bearer {}", self.token(actor));
        let mut request = Request::builder().method(Method::POST).uri(path);
        request = request.header(header::AUTHORIZATION, token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key.to_string());
        }
        self.send(request, (!body.is_null()).then_some(body)).await
    }

    pub(super) async fn act(&self, actor: Actor, id: OrderId, action: &str) -> Answer {
        self.post(actor, &format!("/api/v1/orders/{id}/{action}"), Value::Null)
            .await
    }
}

impl Answer {
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(super) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        errors
            .iter()
            .filter_map(|error| error["field"].as_str())
            .collect()
    }

    pub(super) fn ids(&self) -> Vec<OrderId> {
        let items = self.body["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().parse().unwrap())
            .collect()
    }

    #[track_caller]
    pub(super) fn refused(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status.as_u16(), self.code()),
            (status, code),
            "{}",
            self.body
        );
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }
}

pub(super) fn draft_json() -> Value {
    json!({
        "title": " Fix a tap ", "service_type": "cleaning_repair", "price": 200,
        "location": "NORTH", "address": "1 Lake Road",
    })
}
