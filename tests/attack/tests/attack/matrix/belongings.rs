//! A customer and a provider who own a real resource of every kind that has an id, created through
//! the gateway's own routes.

use std::{
    path::Path,
    sync::atomic::{AtomicU16, Ordering},
};

use attack::{AttackedPlatform, HttpCall, PASSWORD, PATIENCE, Somebody};
use process::clock::Clock;
use serde_json::{Value, json};
use support::{
    DeviceSigner, eventually,
    files::{pdf, png},
};
use wire::{OrderId, Region, Role};

use super::browsers::register_browser;

#[derive(Debug, PartialEq)]
pub(super) struct Thing {
    /// The segment before its id in a path.
    pub kind: &'static str,
    pub name: &'static str,
    pub id: String,
    pub owner: Role,
}

pub(super) struct Household {
    pub customer: Somebody,
    pub provider: Somebody,
    pub things: Vec<Thing>,
}

/// Private texts that no stranger may read.
pub(super) const PRIVATE: [&str; 10] = [
    STREET,
    PHONE,
    ADDRESS,
    REFUND_REASON,
    HIDDEN_WORDS,
    CERTIFICATE,
    PAPER,
    REPORT,
    MESSAGE,
    TIME_NOTE,
];

const STREET: &str = "7 Lighthouse Steps";
const PHONE: &str = "+8613900139000";
/// The address that `Somebody::publish` gives every order.
const ADDRESS: &str = "1 Harbour Road";
const REFUND_REASON: &str = "It leaked upon my violin.";
const HIDDEN_WORDS: &str = "He shouted at my neighbour Olga.";
const CERTIFICATE: &str = "CARE-77-1234";
const PAPER: &str = "born in the lighthouse";
const TIME_NOTE: &str = "My daughter starts school that morning.";
const MESSAGE: &str = "The key is under the third pot.";
const REPORT: &str = "The pipe behind the piano leaks.";
const ME: &str = "/api/v1/users/me";
pub(super) const PRICE: &str = "200.00";

impl Household {
    pub(super) async fn of(platform: &AttackedPlatform) -> Self {
        let (customer, provider, admin) = tokio::join!(
            platform.somebody(Role::Customer),
            platform.provider(),
            platform.admin(),
        );
        let mut home = Self {
            customer,
            provider,
            things: Vec::new(),
        };
        home.people();
        // This precedes the provider's later papers, which no admin has reviewed.
        home.work(&admin).await;
        home.profiles().await;
        home.files().await;
        home.ways_in(platform).await;
        home.has_been_told().await;
        home
    }

    pub(super) fn owner(&self, role: Role) -> &Somebody {
        if role == Role::Provider {
            &self.provider
        } else {
            &self.customer
        }
    }

    /// # Panics
    /// If they own no such resource.
    pub(super) fn id(&self, name: &str) -> &str {
        let found = self.things.iter().find(|thing| thing.name == name);
        &found.unwrap_or_else(|| panic!("they have `{name}`")).id
    }

    fn has(&mut self, owner: Role, kind: &'static str, name: &'static str, id: &Value) {
        let id = id
            .as_str()
            .unwrap_or_else(|| panic!("{name} has an id: {id}"))
            .to_owned();
        self.things.push(Thing {
            kind,
            name,
            id,
            owner,
        });
    }

    fn people(&mut self) {
        let customer = self.customer.person.user_id;
        let provider = self.provider.person.user_id;
        for kind in ["customers", "users"] {
            self.has(Role::Customer, kind, "a customer", &json!(customer));
        }
        self.has(Role::Provider, "providers", "a provider", &json!(provider));
    }

    async fn work(&mut self, admin: &Somebody) {
        let customer = self.customer.clone();
        let provider = self.provider.clone();
        let waiting = customer.publish(Region::North, "Mend the gate").await;
        self.has(
            Role::Customer,
            "orders",
            "an order that waits for approval",
            &json!(waiting),
        );
        self.has_series().await;
        let taken = self.taken(admin).await;
        self.has(
            Role::Customer,
            "orders",
            "an order that is taken",
            &json!(taken),
        );
        self.has_report(taken).await;
        self.has_message(taken).await;
        self.has_time_proposal(taken).await;
        let receipt = HttpCall::get(&format!("/api/v1/orders/{taken}/tracking"));
        let code = customer.done(receipt).await["code"].clone();
        self.has(Role::Customer, "track", "the code of an order", &code);

        let keep = HttpCall::new("PUT", "/api/v1/payments/methods/simulated");
        customer.done(keep.json(&json!({"is_default": true}))).await;
        let (payment, bare) = self.paid(admin).await;
        self.has(
            Role::Customer,
            "orders",
            "an order that is complete",
            &json!(bare),
        );
        self.has(Role::Customer, "payments", "a payment", &payment);
        let form = json!({"order_id": bare, "amount": "50.00", "reason": REFUND_REASON});
        let asked = customer
            .done(HttpCall::post("/api/v1/refunds").json(&form))
            .await;
        self.has(
            Role::Customer,
            "refunds",
            "a request for a refund",
            &asked["id"],
        );
        complete(&provider, bare).await;

        let (_, order) = self.paid(admin).await;
        complete(&provider, order).await;
        self.has(
            Role::Customer,
            "orders",
            "an order that is reviewed",
            &json!(order),
        );
        let (review, picture) = self.reviewed(order, "Quick and tidy.", 32).await;
        self.has(Role::Customer, "reviews", "a review", &review["id"]);
        self.has(Role::Customer, "images", "its picture", &picture);

        let (_, order) = self.paid(admin).await;
        complete(&provider, order).await;
        self.has(
            Role::Customer,
            "orders",
            "an order whose review is hidden",
            &json!(order),
        );
        let (review, picture) = self.reviewed(order, HIDDEN_WORDS, 40).await;
        self.has(Role::Customer, "reviews", "a hidden review", &review["id"]);
        self.has(
            Role::Customer,
            "images",
            "the picture of a hidden review",
            &picture,
        );
        let hide = format!("/api/v1/reviews/{}/hide", self.id("a hidden review"));
        let decision = json!({"version": review["version"], "reason": "It names a person."});
        admin.done(HttpCall::post(&hide).json(&decision)).await;
        let picture = customer.done(picture_call(48)).await["id"].clone();
        self.has(Role::Customer, "images", "a picture in no review", &picture);
    }

    /// The provider asks for more work at that order, and the customer has not answered.
    async fn has_report(&mut self, order: OrderId) {
        let form = json!({"kind": "more_work", "note": REPORT, "extra_price": "80.00"});
        let path = format!("/api/v1/orders/{order}");
        let report = HttpCall::post(&format!("{path}/incidents")).json(&form);
        self.provider.done(report).await;
        let history = HttpCall::get(&format!("{path}/timeline"));
        let history = self.customer.done(history).await;
        let lines = history["items"].as_array().expect("a history");
        let told = lines.last().expect("the report");
        self.has(
            Role::Customer,
            "incidents",
            "a report that waits for an answer",
            &told["command_id"],
        );
    }

    /// The provider has written to the customer, and the customer to the provider.
    async fn has_message(&mut self, order: OrderId) {
        let path = format!("/api/v1/orders/{order}/messages");
        let message = HttpCall::post(&path).json(&json!({"text": MESSAGE}));
        let sent = self.provider.done(message.clone()).await;
        self.customer.done(message).await;
        let number = json!(sent["number"].to_string());
        self.has(
            Role::Customer,
            "messages",
            "a message to a customer",
            &number,
        );
    }

    /// A job that repeats, whose orders wait for approval.
    async fn has_series(&mut self) {
        let start = Clock::system().now().plus_ms(86_400_000);
        let form = json!({
            "title": "Water the plants", "service_type": "other", "price": PRICE, "location": "NORTH",
            "service_start_time": start,
            "repeat": {"rule": "FREQ=WEEKLY;COUNT=2", "time_zone": "Asia/Shanghai"},
        });
        let published = HttpCall::post("/api/v1/orders").json(&form);
        let published = self.customer.done(published).await;
        self.has(
            Role::Customer,
            "orders",
            "an order of a series",
            &published["order_id"],
        );
    }

    /// The provider proposes another time, and the customer has not answered.
    async fn has_time_proposal(&mut self, order: OrderId) {
        let start = Clock::system().now().plus_ms(86_400_000);
        let form = json!({"service_start_time": start, "note": TIME_NOTE});
        let path = format!("/api/v1/orders/{order}/time-proposal");
        let proposed = self.provider.done(HttpCall::post(&path).json(&form)).await;
        self.has(
            Role::Customer,
            "time-proposal",
            "a proposal of another time",
            &proposed["id"],
        );
    }

    async fn taken(&self, admin: &Somebody) -> OrderId {
        let order = self
            .customer
            .publish_approved(admin, Region::North, "Mend the tap")
            .await;
        let accepted = self.provider.act(order, "accept").await.expect("an answer");
        assert!(accepted.status < 300, "{}", accepted.text());
        order
    }

    /// Pays for an order and starts its work. Returns the payment and the order.
    async fn paid(&self, admin: &Somebody) -> (Value, OrderId) {
        let order = self.taken(admin).await;
        let form = json!({"order_id": order, "amount": PRICE});
        let paid = self
            .customer
            .done(HttpCall::post("/api/v1/payments").json(&form))
            .await;
        eventually("the work begins", PATIENCE, async || {
            let started = self.provider.act(order, "start").await.ok()?;
            (started.status < 300).then_some(())
        })
        .await;
        (paid["id"].clone(), order)
    }

    async fn reviewed(&self, order: OrderId, words: &str, side: u32) -> (Value, Value) {
        let picture = self.customer.done(picture_call(side)).await["id"].clone();
        let form = json!({"order_id": order, "rating": 4, "comment": words, "images": [picture]});
        let review = self
            .customer
            .done(HttpCall::post("/api/v1/reviews").json(&form))
            .await;
        (review, picture)
    }

    async fn profiles(&mut self) {
        for role in [Role::Customer, Role::Provider] {
            let person = self.owner(role).clone();
            let form = json!({
                "version": version(&person).await, "full_name": "Li Si", "phone_number": PHONE,
            });
            person
                .done(HttpCall::new("PUT", &format!("{ME}/profile")).json(&form))
                .await;
            let address = json!({"version": version(&person).await, "detail": STREET});
            let path = format!("{ME}/addresses");
            person.done(HttpCall::post(&path).json(&address)).await;
            let book = person.done(HttpCall::get(&path)).await;
            self.has(role, "addresses", "an address", &book["items"][0]["id"]);
        }
    }

    async fn files(&mut self) {
        let photo = HttpCall::new("PUT", &format!("{ME}/photo")).body("image/png", png(8, 8));
        let photos = [
            (Role::Customer, "a customer's photo"),
            (Role::Provider, "a provider's photo"),
        ];
        for (role, name) in photos {
            let shown = self.owner(role).done(photo.clone()).await;
            self.has(role, "files", name, &shown["photo"]);
        }
        let provider = self.provider.clone();
        let call = HttpCall::post(&format!("{ME}/pictures?caption=A%20tap"));
        let book = provider.done(call.body("image/png", png(16, 16))).await;
        for kind in ["files", "pictures"] {
            self.has(
                Role::Provider,
                kind,
                "a picture of work",
                &book["items"][0]["file_id"],
            );
        }
        let call = HttpCall::post(&format!("{ME}/documents"));
        let document = provider
            .done(call.body("application/pdf", pdf(PAPER)))
            .await["id"]
            .clone();
        self.has(Role::Provider, "files", "a certificate", &document);
        let item =
            json!({"name": "Care", "number": CERTIFICATE, "issuer": "City", "document": document});
        let form = json!({"version": version(&provider).await, "items": [item]});
        let path = format!("{ME}/certifications");
        provider.done(HttpCall::new("PUT", &path).json(&form)).await;
    }

    /// Each has a second session; the customer has a phone, the provider a tablet.
    async fn ways_in(&mut self, platform: &AttackedPlatform) {
        for person in [&self.customer, &self.provider] {
            let second = platform
                .sign_in(person.station, &person.username, PASSWORD)
                .await;
            second.unwrap_or_else(|refusal| panic!("{}", refusal.text()));
        }
        let customer = self.customer.clone();
        let provider = self.provider.clone();
        let call = HttpCall::post("/api/v1/auth/device-grants");
        let tablet = format!("t-{}", provider.person.user_id.0.simple());
        provider
            .done(call.json(&json!({
                "region": Region::North, "device": tablet, "key": DeviceSigner::new().key(),
                "label": "Chrome on Android",
            })))
            .await;
        let devices = provider.done(HttpCall::get("/api/v1/auth/devices")).await;
        let device = devices["items"][0]["device_id"].clone();
        for role in [Role::Customer, Role::Provider] {
            let list = self
                .owner(role)
                .done(HttpCall::get("/api/v1/auth/sessions"))
                .await;
            let sessions = list["items"].as_array().expect("sessions").clone();
            let of = |device: &Value| {
                let there = |one: &&Value| one["device"] == *device && one["current"] != true;
                sessions
                    .iter()
                    .find(there)
                    .map(|one| one["session_id"].clone())
            };
            let other = of(&Value::Null).expect("a second session");
            self.has(role, "sessions", "another session", &other);
            let browser = register_browser(self.owner(role)).await;
            self.has(role, "devices", "a browser with notifications", &browser);
            if role == Role::Provider {
                let grant = of(&json!(tablet)).expect("the grant is listed");
                self.has(role, "sessions", "the grant of a tablet", &grant);
            }
        }
        // Behind the sessions: its end by its owner ends the grant.
        self.has(Role::Provider, "devices", "a registered tablet", &device);
        let phones = platform.stack.layout().cloud_folder().join("sms");
        link_phone(&customer, &phones).await;
        let list = customer
            .done(HttpCall::get("/api/v1/auth/identities"))
            .await;
        self.has(
            Role::Customer,
            "identities",
            "a linked phone",
            &list["items"][0]["id"],
        );
    }

    /// Waits for the consequences of their work: notifications and review counts.
    async fn has_been_told(&mut self) {
        for role in [Role::Customer, Role::Provider] {
            let person = self.owner(role).clone();
            let line = eventually("a line in the inbox", PATIENCE, async || {
                let inbox = person
                    .ask(HttpCall::get("/api/v1/notifications"))
                    .await
                    .ok()?
                    .json();
                Some(inbox["items"].as_array()?.first()?["id"].clone())
            })
            .await;
            self.has(role, "notifications", "a line of the inbox", &line);
            let reviewed = [
                "an order that is reviewed",
                "an order whose review is hidden",
            ];
            for order in reviewed.map(|name| format!("/api/v1/orders/{}", self.id(name))) {
                eventually("the order is reviewed", PATIENCE, async || {
                    let order = person.ask(HttpCall::get(&order)).await.ok()?.json();
                    (order["status"] == "reviewed").then_some(())
                })
                .await;
            }
        }
        eventually(
            "one review counts, and no hidden one",
            PATIENCE,
            async || {
                let path = format!("{ME}/profile");
                let profile = self.provider.ask(HttpCall::get(&path)).await.ok()?.json();
                (profile["total_reviews"] == 1).then_some(())
            },
        )
        .await;
    }
}

async fn complete(provider: &Somebody, order: OrderId) {
    let answer = provider.act(order, "complete").await.expect("an answer");
    assert!(answer.status < 300, "{}", answer.text());
}

/// Each picture needs another side: identical pictures of one person share an id.
fn picture_call(side: u32) -> HttpCall {
    HttpCall::post("/api/v1/reviews/images").body("image/png", png(side, side))
}

pub(super) async fn version(person: &Somebody) -> Value {
    person.done(HttpCall::get(&format!("{ME}/profile"))).await["version"].clone()
}

async fn link_phone(customer: &Somebody, phones: &Path) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let phone = format!("+861370002{:04}", NEXT.fetch_add(1, Ordering::Relaxed));
    let asked = HttpCall::post("/api/v1/auth/codes").json(&json!({"phone": phone}));
    customer.done(asked).await;
    let messages = std::fs::read_dir(phones)
        .expect("the folder of phones")
        .filter_map(|file| {
            let text = std::fs::read(file.expect("a file").path()).expect("a file");
            serde_json::from_slice::<Value>(&text).ok()
        });
    let message = messages
        .into_iter()
        .find(|message| message["to"] == json!(phone));
    let text = message.expect("a message to that phone")["text"]
        .as_str()
        .expect("words")
        .to_owned();
    let code = text
        .split(|c: char| !c.is_ascii_digit())
        .find(|word| word.len() == 6);
    let form = json!({"phone": phone, "code": code.expect("a code"), "password": PASSWORD});
    let linked = customer
        .ask(HttpCall::post("/api/v1/auth/identities/phone").json(&form))
        .await;
    assert_eq!(linked.expect("an answer").status, 204);
}
