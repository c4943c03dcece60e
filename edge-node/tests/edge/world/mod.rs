//! Everything around one edge: a cloud that uses the real frames over a real WebSocket, people with
//! tokens, and tablets with a real MQTT client.
#![allow(dead_code)]

pub(crate) mod cloud;
pub(crate) mod failing_disk;
pub(crate) mod mosquitto;
pub(crate) mod tablet;

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, Hasher, RandomState},
    net::SocketAddr,
    path::Path,
    sync::Mutex,
    time::Duration,
};

use holdfast_edge::{Config, MqttKind, RunningEdge, start};
use process::{
    clock::Clock,
    tokens::{Claims, TokenBinding, TokenKind},
};
use serde_json::{Value, json};
pub(crate) use support::samples::order;
use support::{DeviceSigner, Issuer, samples::person};
use uuid::Uuid;
use wire::{CommandBody, OrderId, Region, Role, UnixMillis};

/// A timeout that only a defect reaches.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) struct People(Issuer);

impl People {
    pub(crate) fn new() -> Self {
        Self(Issuer::new())
    }

    pub(crate) fn jwks(&self) -> String {
        self.0.signer.jwks()
    }

    pub(crate) fn token(&self, role: Role, user: u128) -> String {
        self.token_until(role, user, 3_600)
    }

    /// A token that expires in this many seconds.
    pub(crate) fn token_until(&self, role: Role, user: u128, seconds: i64) -> String {
        self.token_from(Clock::system().now(), role, user, seconds)
    }

    /// A token issued at that time, valid for this many seconds.
    pub(crate) fn token_from(
        &self,
        issued_at: UnixMillis,
        role: Role,
        user: u128,
        seconds: i64,
    ) -> String {
        let claims = support::edge_claims(person(user, role), Region::North, issued_at);
        self.0.signer.sign_claims(&Claims {
            exp: claims.iat + seconds,
            ..claims
        })
    }

    /// A grant for that device, bound to its key.
    pub(crate) fn bound_grant(&self, user: u128, device: &str, key: &DeviceSigner) -> String {
        let provider = person(user, Role::Provider);
        let claims = support::edge_claims(provider, Region::North, Clock::system().now());
        self.0.signer.sign_claims(&Claims {
            kind: TokenKind::DeviceGrant,
            device: Some(wire::DeviceId::new(device).unwrap()),
            binding: Some(TokenBinding { key: key.key() }),
            ..claims
        })
    }

    /// A device grant for that device.
    pub(crate) fn grant(&self, role: Role, user: u128, device: &str) -> String {
        let claims = support::edge_claims(person(user, role), Region::North, Clock::system().now());
        let device = Some(wire::DeviceId::new(device).unwrap());
        self.0.signer.sign_claims(&Claims {
            kind: TokenKind::DeviceGrant,
            device,
            ..claims
        })
    }
}

pub(crate) fn accept(n: u128) -> CommandBody {
    CommandBody::AcceptOrder {
        order_id: OrderId(id(n)),
    }
}

pub(crate) fn frame(command: u128, token: &str, body: &CommandBody) -> Vec<u8> {
    let frame = json!({
        "v": 1, "id": id(command), "device_seq": 1, "tapped_at": "2025-11-24T16:00:00Z",
        "token": token, "body": body,
    });
    frame.to_string().into_bytes()
}

pub(crate) fn config(data: &Path, gateway: &str) -> Config {
    Config {
        // No limits: one provider does the work of many here.
        open_jobs_max: 0,
        acceptances_a_day_max: 0,
        withdrawals_a_day_max: 0,
        name: "north-1".into(),
        region: Region::North,
        gateway_url: gateway.to_owned(),
        data: data.to_owned(),
        http_bind: "127.0.0.1:0".into(),
        mqtt: MqttKind::Embedded,
        mqtt_bind: "127.0.0.1:0".into(),
        ws_bind: "127.0.0.1:0".into(),
        operator_bind: "127.0.0.1:0".into(),
        enrolment_code: "a-code".into(),
        ..Config::default()
    }
}

pub(crate) async fn edge(data: &Path, gateway: &str) -> RunningEdge {
    start(config(data, gateway), Clock::system()).await.unwrap()
}

pub(crate) async fn get(edge: &RunningEdge, path: &str, token: Option<&str>) -> Result<Value, u16> {
    call(edge.http, http::Method::GET, path, token, None).await
}

pub(crate) async fn call(
    at: SocketAddr,
    method: http::Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Value, u16> {
    let url = format!("http://{at}{path}");
    let client = process::client::Client::new();
    client
        .send_json(method, &url, token, body, PATIENCE)
        .await
        .map_err(|error| {
            error
                .status
                .unwrap_or_else(|| panic!("{url} got no answer: {error}"))
        })
}

/// An address for an edge or a broker that starts later. Its port lies below those that the system
/// hands out by itself: whoever asks for any port would take it meanwhile.
pub(crate) fn free() -> SocketAddr {
    static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let drawn = RandomState::new().build_hasher().finish() % 10_000;
        let port = 20_000 + u16::try_from(drawn).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let is_free = std::net::TcpListener::bind(address).is_ok();
        if is_free && TAKEN.lock().unwrap().insert(port) {
            return address;
        }
    }
}

/// Cuts the link, and returns once the edge knows: what tablets send from here on stays undecided.
pub(crate) async fn cut_off(cloud: &cloud::Cloud, edge: SocketAddr) {
    cloud.cut();
    await_link(edge, false).await;
}

pub(crate) async fn await_link(edge: SocketAddr, up: bool) {
    until("the link's state", || async {
        let standing = call(edge, http::Method::GET, "/standing", None, None);
        (standing.await.ok()?["link"]["up"] == json!(up)).then_some(())
    })
    .await;
}

/// Polls `look` until it returns a value.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"))
}
