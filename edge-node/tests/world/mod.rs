//! A world for one edge: a cloud that speaks the real frames over a real WebSocket, people with
//! tokens, and tablets on a real MQTT client.
#![allow(dead_code)]

pub mod cloud;
pub mod tablet;

use std::{path::Path, time::Duration};

use holdfast_edge::{Config, MqttKind, Running, start};
use process::{
    clock::Clock,
    tokens::{Claims, Signer, TokenKind},
};
use serde_json::{Value, json};
use uuid::Uuid;
use wire::{
    Amount, CommandBody, Draft, Order, OrderId, OrderStatus, Region, Role, ServiceType, SessionId,
    Source, UnixMillis, UserId,
};

/// Longer than anything here takes; reached only when something is broken.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub struct People(Signer);

impl People {
    pub fn new() -> Self {
        Self(Signer::from_pkcs8(&Signer::generate()).unwrap())
    }

    pub fn jwks(&self) -> String {
        self.0.jwks()
    }

    pub fn token(&self, role: Role, user: u128) -> String {
        self.token_until(role, user, 3_600)
    }

    /// A token that runs out so many seconds from now.
    pub fn token_until(&self, role: Role, user: u128, seconds: i64) -> String {
        let iat = Clock::system().now().0 / 1_000;
        self.0.sign(&Claims {
            iss: "holdfast".into(),
            sub: UserId(id(user)),
            role,
            jti: SessionId(id(user + 5_000)),
            iat,
            exp: iat + seconds,
            kind: TokenKind::Access,
            device: None,
        })
    }
}

/// A pending order of customer 10.
pub fn order(n: u128, version: u64) -> Order {
    let price = Amount::from_minor(20_000).unwrap();
    let draft =
        Draft::new("Fix the tap", ServiceType::CleaningRepair, price, Region::North, "1 Lake Road");
    let (customer, at) = (UserId(id(10)), UnixMillis(0));
    Order {
        status: OrderStatus::Pending,
        version,
        ..Order::published(OrderId(id(n)), draft, customer, at, Source::Portal)
    }
}

pub fn accept(n: u128) -> CommandBody {
    CommandBody::AcceptOrder { order_id: OrderId(id(n)) }
}

pub fn frame(command: u128, token: &str, body: &CommandBody) -> Vec<u8> {
    let frame = json!({
        "v": 1, "id": id(command), "device_seq": 1, "tapped_at": "2025-11-24T16:00:00Z",
        "token": token, "body": body,
    });
    frame.to_string().into_bytes()
}

pub fn config(data: &Path, gateway: &str) -> Config {
    Config {
        name: "north-1".into(),
        region: Region::North,
        gateway_url: gateway.to_owned(),
        data: data.to_owned(),
        http_bind: "127.0.0.1:0".into(),
        mqtt: MqttKind::Embedded,
        mqtt_bind: "127.0.0.1:0".into(),
        ws_bind: "127.0.0.1:0".into(),
        enrolment_code: "a-code".into(),
        ..Config::default()
    }
}

pub async fn edge(data: &Path, gateway: &str) -> Running {
    start(config(data, gateway), Clock::system()).await.unwrap()
}

/// Asks the edge over HTTP.
pub async fn get(edge: &Running, path: &str, token: Option<&str>) -> Result<Value, u16> {
    call(edge.http, http::Method::GET, path, token, None).await
}

pub async fn call(
    at: std::net::SocketAddr,
    method: http::Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Value, u16> {
    let url = format!("http://{at}{path}");
    let client = process::client::Client::new();
    client
        .json(method, &url, token, body, PATIENCE)
        .await
        .map_err(|error| error.status.unwrap_or_else(|| panic!("{url} got no answer: {error}")))
}

/// Waits until `look` finds something.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("never: {what}"))
}
