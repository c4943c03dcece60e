//! People of an attacked platform, honest or not, each at a separate address.

use std::io;

use process::clock::Clock;
use serde_json::{Value, json};
use stack::sign_ins;
use support::{Api, Person, eventually, samples::order_form, tells_verified};
use wire::{CmdFrame, CommandBody, CommandId, OrderId, Region, Reply, Role};

use crate::{AttackedPlatform, HttpAnswer, HttpCall, PATIENCE, Station};

/// A signed-in person and the station they call from.
#[derive(Debug, Clone)]
pub struct Somebody {
    pub person: Person,
    pub username: String,
    pub station: Station,
    /// Valid at the edges of NORTH. Binaries from before edge tokens use one token for everything.
    pub edge_token: String,
    gateway: u16,
}

/// Good enough for short-lived test people.
pub const PASSWORD: &str = "correct-horse-battery";

impl Somebody {
    /// Calls the gateway with the person's token.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn ask(&self, call: HttpCall) -> io::Result<HttpAnswer> {
        self.station
            .ask(self.gateway, &call.bearer(&self.person.token))
            .await
    }

    /// Fetches the person's token for the edges of another region.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn edge_token_of(&self, region: Region) -> String {
        let call = HttpCall::post("/api/v1/auth/edge-token").json(&json!({"region": region}));
        let answer = self.ask(call).await.expect("an answer");
        match answer.status {
            404 | 405 => self.person.token.clone(),
            200 => answer.json()["edge_token"]
                .as_str()
                .expect("a token")
                .to_owned(),
            status => panic!("{status}: {}", answer.text()),
        }
    }

    /// Publishes an order as a customer.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn publish(&self, region: Region, title: &str) -> OrderId {
        self.publish_form(&order_form(region, title)).await
    }

    /// Publishes an order with the fields of this form.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn publish_form(&self, form: &Value) -> OrderId {
        let answer = self.done(HttpCall::post("/api/v1/orders").json(form)).await;
        serde_json::from_value(answer["order_id"].clone()).expect("the order's id")
    }

    /// Publishes an order, which the admin approves.
    ///
    /// # Panics
    /// If either is refused.
    pub async fn publish_approved(&self, admin: &Self, region: Region, title: &str) -> OrderId {
        let order = self.publish(region, title).await;
        let approved = admin.act(order, "approve").await.expect("an answer");
        assert!(approved.status < 300, "{}", approved.text());
        order
    }

    /// `approve`, `accept`, `start`, ... on an order.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn act(&self, order: OrderId, action: &str) -> io::Result<HttpAnswer> {
        let call = HttpCall::post(&format!("/api/v1/orders/{order}/{action}"));
        self.ask(call.json(&json!({}))).await
    }

    /// Sends a command to the edge at this port.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send_command(
        &self,
        edge: u16,
        device_seq: u64,
        body: CommandBody,
    ) -> io::Result<HttpAnswer> {
        let frame = CmdFrame {
            device_seq,
            ..new_frame(&self.edge_token, body)
        };
        self.station.ask(edge, &post_frame(&frame)).await
    }

    /// Like `send_command`, and returns the edge's reply.
    ///
    /// # Panics
    /// If there is none.
    pub async fn send_and_read_reply(
        &self,
        edge: u16,
        device_seq: u64,
        body: CommandBody,
    ) -> Reply {
        let answer = self.send_command(edge, device_seq, body).await;
        let answer = answer.expect("an answer");
        serde_json::from_slice(&answer.body)
            .unwrap_or_else(|_| panic!("no reply: {}", answer.text()))
    }

    /// # Panics
    /// If the call is refused.
    pub async fn done(&self, call: HttpCall) -> Value {
        let shown = format!("{call:?}");
        let answer = self.ask(call).await.expect("an answer");
        assert!(
            answer.status < 300,
            "{}: {shown}: {}",
            answer.status,
            answer.text()
        );
        answer.json()
    }
}

/// A device's first command, under this token.
pub fn new_frame(token: &str, body: CommandBody) -> CmdFrame {
    let clock = Clock::system();
    CmdFrame {
        v: CmdFrame::VERSION,
        id: CommandId(clock.new_id()),
        device_seq: 1,
        tapped_at: clock.now(),
        seen: None,
        receipt: None,
        repeat: false,
        token: token.to_owned(),
        body,
    }
}

/// Sends a command to an edge without MQTT.
///
/// # Panics
/// Never: every frame can be written as JSON.
pub fn post_frame(frame: &CmdFrame) -> HttpCall {
    let frame = serde_json::to_value(frame).expect("a frame");
    HttpCall::post("/commands").json(&frame)
}

impl AttackedPlatform {
    /// Registers a new person of that role at a fresh station. A provider starts unverified.
    ///
    /// # Panics
    /// If registration or sign-in fails.
    pub async fn somebody(&self, role: Role) -> Somebody {
        let station = Station::fresh();
        let tail = process::random::secret_text(9)
            .to_lowercase()
            .replace(['_', '-'], "x");
        let username = format!("{}-{tail}", role.as_str());
        let form = json!({
            "username": username, "email": format!("{username}@example.org"),
            "password": PASSWORD, "role": role.as_str(),
        });
        let call = HttpCall::post("/api/v1/auth/register").json(&form);
        let answer = station.ask(self.gateway(), &call).await.expect("an answer");
        assert!(answer.status < 300, "{}: {}", answer.status, answer.text());
        self.sign_in(station, &username, PASSWORD)
            .await
            .expect("a sign-in")
    }

    /// A new provider, verified by the admin and signed in with a token that shows it.
    ///
    /// # Panics
    /// If any step is refused.
    pub async fn provider(&self) -> Somebody {
        let provider = self.somebody(Role::Provider).await;
        let api = Api::new(format!("http://127.0.0.1:{}", self.gateway()));
        let admin = self.admin().await;
        api.verify(&admin.person, &provider.person)
            .await
            .expect("a verified provider");
        self.marked(&provider, true).await
    }

    /// Waits until the edge's board shows this order as open.
    pub async fn until_on_board(&self, reader: &Somebody, order: OrderId) {
        eventually("the order is on the edge's board", PATIENCE, async || {
            let call = HttpCall::get("/board").bearer(&reader.edge_token);
            let board = reader.station.ask(self.edge().http, &call).await.ok()?;
            let board = board.json();
            let mut items = board["items"].as_array()?.iter();
            items
                .any(|item| item["id"] == json!(order) && item["status"] == "pending")
                .then_some(())
        })
        .await;
    }

    /// Verifies or rejects a provider as the admin.
    ///
    /// # Panics
    /// If the call is refused.
    pub async fn decide(&self, admin: &Somebody, on: &Somebody, act: &str, decision: &Value) {
        let path = format!("/api/v1/admin/providers/{}/{act}", on.person.user_id);
        admin.done(HttpCall::post(&path).json(decision)).await;
    }

    /// Signs the same person in again, once auth has received the verification decision.
    ///
    /// # Panics
    /// If auth has not received it in time.
    pub async fn marked(&self, provider: &Somebody, verified: bool) -> Somebody {
        eventually("auth has heard of the decision", PATIENCE, async || {
            let token = provider.edge_token_of(Region::North).await;
            (tells_verified(&token) == verified).then_some(())
        })
        .await;
        let again = self
            .sign_in(provider.station, &provider.username, PASSWORD)
            .await;
        again.unwrap_or_else(|refusal| panic!("not let in again: {}", refusal.text()))
    }

    /// Signs the admin in from a fresh station.
    ///
    /// # Panics
    /// If the sign-in fails.
    pub async fn admin(&self) -> Somebody {
        let signed = self
            .sign_in(Station::fresh(), sign_ins::ADMIN, sign_ins::PASSWORD)
            .await;
        signed.unwrap_or_else(|refusal| panic!("the admin is not let in: {}", refusal.text()))
    }

    /// # Errors
    /// If the name or the password is wrong.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn sign_in(
        &self,
        station: Station,
        username: &str,
        password: &str,
    ) -> Result<Somebody, HttpAnswer> {
        let form = json!({"username": username, "password": password, "region": Region::North});
        let call = HttpCall::post("/api/v1/auth/login").json(&form);
        let answer = station.ask(self.gateway(), &call).await.expect("an answer");
        if answer.status != 200 {
            return Err(answer);
        }
        let grant = answer.json();
        let field = |name: &str| grant[name].clone();
        let person = Person {
            user_id: serde_json::from_value(field("user_id")).expect("a user id"),
            role: serde_json::from_value(field("role")).expect("a role"),
            token: grant["access_token"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        };
        let edge_token = grant["edge_token"]
            .as_str()
            .unwrap_or(&person.token)
            .to_owned();
        let username = username.to_owned();
        let gateway = self.gateway();
        Ok(Somebody {
            person,
            username,
            station,
            edge_token,
            gateway,
        })
    }
}
