//! The floods: ten times each default limit.

mod shares;

use std::sync::atomic::AtomicUsize;

use attack::{AttackedPlatform, HttpCall, MqttGreeting, PASSWORD, Somebody, Station};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::{
    clock::Clock,
    tokens::{Signer, edge_token},
};
use serde_json::json;
use wire::{EdgeId, OrderId, Region, Role};

use super::{
    flood::{CommandFlood, Flood, FloodAct},
    honest::Honest,
};

const TIMES: usize = 10;
const KIB: usize = 1 << 10;
/// Attempts at limits of size. Each attempt has ten times the allowed size.
const LARGE: usize = 60;
const OPEN_JOBS_MAX: usize = 5;
const COMMANDS_AT_ONCE_MAX: usize = 1_200;
/// Commands that one person may send beyond the burst, in twice the longest flood.
const COMMANDS_PACED_MAX: usize = 200;

/// The attackers' preparations.
pub(super) struct Tenfold<'a> {
    platform: &'a AttackedPlatform,
    victim: &'a str,
    customer: Somebody,
    provider: Somebody,
    /// Accepts jobs that the customer then cancels, so that they hold none for long.
    reader: Somebody,
    /// Gives back each job.
    waverer: Somebody,
    /// Open for providers.
    orders: Vec<OrderId>,
    /// Orders before this index are no longer open.
    next_order: AtomicUsize,
    /// A stolen edge's key.
    stolen: (EdgeId, Signer),
}

impl<'a> Tenfold<'a> {
    pub(super) async fn prepare(platform: &'a AttackedPlatform, honest: &'a Honest<'_>) -> Self {
        let customer = platform.somebody(Role::Customer).await;
        let mut orders = Vec::new();
        for _ in 0..TIMES * OPEN_JOBS_MAX {
            let admin = &honest.operator;
            let order = customer
                .publish_approved(admin, Region::North, "Mend the roof")
                .await;
            orders.push(order);
        }
        Self {
            platform,
            victim: honest.customer.username.as_str(),
            customer,
            provider: platform.provider().await,
            reader: platform.provider().await,
            waverer: platform.provider().await,
            orders,
            next_order: AtomicUsize::new(0),
            stolen: stolen_edge(platform, &honest.operator).await,
        }
    }

    pub(super) fn floods(&self) -> Vec<Flood<'_>> {
        let act = FloodAct::Nothing;
        let quiet = Flood {
            name: "quiet",
            attempts: 0,
            at_once: 1,
            grants_max: None,
            act,
        };
        let mut floods = vec![quiet];
        floods.extend(self.before_a_sign_in());
        floods.extend(self.of_people_and_edges());
        floods.extend(self.of_shares());
        floods.extend(self.of_sockets());
        floods.extend(self.of_sizes());
        floods.push(self.of_commands());
        floods
    }

    fn before_a_sign_in(&self) -> [Flood<'_>; 6] {
        let port = self.platform.gateway();
        let guess = json!({"code": "AAAA-AAAA", "public_key": URL_SAFE_NO_PAD.encode([9; 32])});
        let victim = self.victim;
        let own = self.customer.username.as_str();
        [
            asks(
                "300 links a minute, unproven, of an address",
                300,
                port,
                |_| HttpCall::get("/link").bearer("a.b.c"),
            ),
            asks("300 guesses a minute of an address", 300, port, move |_| {
                HttpCall::post("/api/v1/edges/enrol").json(&guess)
            }),
            asks("300 sign-ins a minute of an address", 300, port, |number| {
                login(&format!("nobody-{number}"), "a-wrong-password")
            }),
            asks("30 sign-ins a minute under a name", 30, port, move |_| {
                login(own, PASSWORD)
            }),
            asks(
                "10 wrong passwords a day under a name",
                10,
                port,
                move |_| login(victim, "a-wrong-password"),
            ),
            asks("60 registrations a day of an address", 60, port, |number| {
                let name = format!("flood-{number}");
                HttpCall::post("/api/v1/auth/register").json(&json!({
                    "username": name, "email": format!("{name}@example.org"),
                    "password": PASSWORD, "role": "customer",
                }))
            }),
        ]
    }

    fn of_people_and_edges(&self) -> [Flood<'_>; 6] {
        let port = self.platform.gateway();
        let edge = self.platform.edge().http;
        let customer = &self.customer.person.token;
        let provider = &self.provider.person.token;
        let news = format!(
            "GET /api/v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {customer}\r\n\
             accept: text/event-stream\r\n\r\n"
        );
        let jobs = move |number: usize| {
            let order = self.orders[number % self.orders.len()];
            let accept = HttpCall::post(&format!("/api/v1/orders/{order}/accept"));
            accept.bearer(provider).json(&json!({}))
        };
        let token = move |_| {
            let call = HttpCall::post("/api/v1/auth/edge-token").bearer(customer);
            call.json(&json!({"region": Region::North}))
        };
        [
            asks("100 questions a minute of a person", 100, port, move |_| {
                HttpCall::get("/api/v1/orders").bearer(customer)
            }),
            asks(
                "100 tokens for edges a minute of a person",
                100,
                port,
                token,
            ),
            asks("5 jobs in hand of a provider", OPEN_JOBS_MAX, port, jobs),
            holds("4 streams of news of a person", 4, port, news.into_bytes()),
            asks("120 links a minute of an edge", 120, port, |_| self.link()),
            asks("200 boards in 5 s of a person", 200, edge, |_| {
                HttpCall::get("/board").bearer(&self.provider.edge_token)
            }),
        ]
    }

    fn of_sockets(&self) -> [Flood<'_>; 4] {
        let gateway = self.platform.gateway();
        let edge = self.platform.edge();
        let half_head = b"GET /board HTTP/1.1\r\nhost: x\r\nx-half: ".to_vec();
        let tablet = |number| {
            let device = format!("crowd-{number}");
            MqttGreeting::of(&device, &self.provider.edge_token).bytes()
        };
        [
            holds("512 idle sockets of an address", 512, gateway, Vec::new()),
            holds(
                "512 half heads of an address, at an edge",
                512,
                edge.http,
                half_head,
            ),
            holds(
                "512 half greetings of an address, MQTT",
                512,
                edge.mqtt,
                vec![0x10],
            ),
            Flood {
                name: "16 tablets of a person, MQTT",
                attempts: 16 * TIMES,
                at_once: 16,
                grants_max: None,
                act: FloodAct::Hold(edge.mqtt, Box::new(tablet)),
            },
        ]
    }

    fn of_sizes(&self) -> [Flood<'_>; 5] {
        let gateway = self.platform.gateway();
        let edge = self.platform.edge();
        let head = |size| {
            format!(
                "GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n",
                "a".repeat(size)
            )
            .into_bytes()
        };
        let body = |path: &str, size: usize| {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                 content-length: {size}\r\n\r\n"
            );
            [head.into_bytes(), vec![b' '; size]].concat()
        };
        let part = "a".repeat(TIMES * 4 * KIB);
        let greeting = MqttGreeting {
            client_id: part.clone(),
            username: part.clone(),
            password: part.clone(),
            will: Some(("gone".into(), part)),
        };
        [
            large("16 KB of a head", gateway, head(TIMES * 16 * KIB)),
            large(
                "16 KB of a head, at an edge",
                edge.http,
                head(TIMES * 16 * KIB),
            ),
            large(
                "256 KB of a body",
                gateway,
                body("/api/v1/auth/login", TIMES * 256 * KIB),
            ),
            large(
                "64 KB of a body, at an edge",
                edge.http,
                body("/commands", TIMES * 64 * KIB),
            ),
            large("16 KB of a greeting, MQTT", edge.mqtt, greeting.bytes()),
        ]
    }

    /// The provider owns few of these orders, so the cloud refuses most commands.
    fn of_commands(&self) -> Flood<'_> {
        let place = self.platform.edge();
        let clock = Clock::system();
        let frame = move |token: &str, number: usize| {
            let order = self.orders[number % self.orders.len()];
            let frame = json!({
                "v": 1, "id": clock.new_id(), "device_seq": 1, "tapped_at": clock.now(),
                "token": token, "body": {"type": "start_order", "order_id": order},
            });
            frame.to_string().into_bytes()
        };
        let commands = CommandFlood {
            port: place.mqtt,
            edge: EdgeId::new(place.edge.clone()).expect("a name"),
            tokens: vec![self.provider.edge_token.as_str()],
            frame: Box::new(frame),
        };
        Flood {
            name: "1,200 commands at once of a person, MQTT",
            attempts: COMMANDS_AT_ONCE_MAX * TIMES,
            at_once: 8,
            grants_max: Some(COMMANDS_AT_ONCE_MAX + COMMANDS_PACED_MAX),
            act: FloodAct::Command(commands),
        }
    }

    /// Opens a link as the stolen edge.
    fn link(&self) -> HttpCall {
        let (edge, key) = &self.stolen;
        HttpCall::get("/link")
            .bearer(&edge_token(key, edge, &Clock::system()))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }
}

fn asks<'a>(
    name: &'static str,
    limit: usize,
    port: u16,
    call: impl Fn(usize) -> HttpCall + Send + Sync + 'a,
) -> Flood<'a> {
    // More sign-ins than one address may have waiting.
    let at_once = (TIMES * limit).min(80);
    let act = FloodAct::Ask(port, Box::new(call));
    Flood {
        name,
        attempts: TIMES * limit,
        at_once,
        grants_max: None,
        act,
    }
}

fn holds<'a>(name: &'static str, limit: usize, port: u16, bytes: Vec<u8>) -> Flood<'a> {
    let act = FloodAct::Hold(port, Box::new(move |_| bytes.clone()));
    Flood {
        name,
        attempts: TIMES * limit,
        at_once: 16,
        grants_max: None,
        act,
    }
}

fn large<'a>(name: &'static str, port: u16, bytes: Vec<u8>) -> Flood<'a> {
    let act = FloodAct::Hold(port, Box::new(move |_| bytes.clone()));
    Flood {
        name,
        attempts: LARGE,
        at_once: 8,
        grants_max: None,
        act,
    }
}

fn login(name: &str, password: &str) -> HttpCall {
    let form = json!({"username": name, "password": password});
    HttpCall::post("/api/v1/auth/login").json(&form)
}

/// An edge of another region, stolen with its key.
async fn stolen_edge(platform: &AttackedPlatform, operator: &Somebody) -> (EdgeId, Signer) {
    let invitation = json!({"edge": "stolen-1", "region": "EAST"});
    let call = HttpCall::post("/api/v1/admin/edges").json(&invitation);
    let invited = operator.done(call).await;
    let key = Signer::from_pkcs8(&Signer::generate_pkcs8()).expect("a key");
    let public_key = URL_SAFE_NO_PAD.encode(key.public_key());
    let call = HttpCall::post("/api/v1/edges/enrol")
        .json(&json!({"code": invited["code"], "public_key": public_key}));
    let answer = Station::fresh()
        .ask(platform.gateway(), &call)
        .await
        .expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
    (EdgeId::new("stolen-1").expect("a name"), key)
}
