//! A shop whose edge is cut off and listens over TLS alone, its people, and their tablets.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use holdfast_edge::{RunningEdge, start};
use http::Method;
use process::{client::Client, clock::Clock, start_code::hash_start_code, tokens::Signer};
use serde_json::{Value, json};
use support::Authority;
use tokio::time::timeout;
use wire::{Order, OrderId, PaymentStatus, Role, StartCode, StartCodeCheck, UserId};

use super::{
    super::{
        foreign::{ClientOptions, ClientProgram, ForeignClient, LEVELS},
        receipts::ReceiptVerifier,
    },
    photos::UploadedPhoto,
};
use crate::{
    asyncapi::reader::{COMMAND, DocumentReader, HEAD, REPLIES},
    secure,
    world::{PATIENCE, cloud::Cloud, config, id, order, until},
};

/// What the customers of the shop's orders read out.
pub(super) const START_CODE: &str = "260817";

pub(super) struct CutOffShop {
    pub cloud: Cloud,
    pub edge: RunningEdge,
    pub region: String,
    /// For each version of MQTT.
    pub people: Vec<ShopPeople>,
    authority: PathBuf,
    edge_name: String,
    document: DocumentReader,
    gateway: SocketAddr,
    https: Client,
    data: tempfile::TempDir,
}

pub(super) struct ShopPeople {
    /// The id of the customer's open order.
    pub order: Value,
    pub provider: Person,
    pub customer: Person,
    pub admin: Person,
}

pub(super) struct Person {
    level: u8,
    device: String,
    token: String,
    user_id: String,
}

/// A paid order that starts with the code, of the customer with that version of MQTT.
fn order_with_start_code(level: u8) -> Order {
    let n = u128::from(level);
    let code = StartCode::from_number(START_CODE.parse().unwrap());
    let hash = hash_start_code(OrderId(id(n)), &code);
    Order {
        payment_status: PaymentStatus::Held,
        start_code: Some(StartCodeCheck::new(hash)),
        customer_id: UserId(id(number_of_customer(level))),
        ..order(n, 1)
    }
}

/// The number of the user who is the customer with that version of MQTT.
fn number_of_customer(level: u8) -> u128 {
    30 + u128::from(level)
}

impl CutOffShop {
    /// Everybody has signed in before the cut, and each provider finds an open order.
    pub(super) async fn open() -> Self {
        let (cloud, gateway) = Cloud::start().await;
        for level in LEVELS {
            cloud.put(order_with_start_code(level));
        }
        // An edge sends photos only to a hub that proves its identity.
        let hub = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        cloud.seal_with(Some(&hub));
        cloud.take_photos();
        let data = tempfile::tempdir().unwrap();
        let issuer = Authority::new().unwrap();
        let authority = data.path().join("authority.pem");
        std::fs::write(&authority, issuer.pem()).unwrap();
        let plain = config(data.path(), &format!("http://{gateway}"));
        let config = secure::with_own_certificate(data.path(), &issuer, plain);
        let edge = start(config, Clock::system()).await.unwrap();
        until("the feed", || async {
            cloud.last_ack().filter(|ack| ack.feed_cursor == 2)
        })
        .await;
        let mut shop = Self {
            cloud,
            edge,
            authority,
            region: String::new(),
            people: Vec::new(),
            edge_name: String::new(),
            document: DocumentReader::new(Value::Null),
            gateway,
            https: secure::client(&issuer),
            data,
        };
        shop.sign_people_in().await;
        shop.cut_off().await;
        shop
    }

    async fn sign_people_in(&mut self) {
        for level in LEVELS {
            let device = format!("t-{level}");
            let form = json!({
                "username": (20 + level).to_string(), "password": "right", "device": "",
                "tablet": device,
            });
            let grant = self.call(Method::POST, "/session", None, Some(form)).await;
            let provider = Person::new(level, device, &grant);
            let phone = format!("1380013{:04}", number_of_customer(level));
            let form = json!({ "phone": phone, "code": "123456" });
            let path = "/session/codes/sign-in";
            let grant = self.call(Method::POST, path, None, Some(form)).await;
            let device = format!("c-{level}");
            let customer = Person::new(level, device, &grant);
            let admin = self.find_admin(level);
            self.people.push(ShopPeople {
                order: json!(id(level.into())),
                provider,
                customer,
                admin,
            });
        }
    }

    /// An admin who has signed in; the scripted cloud has no password of theirs.
    fn find_admin(&self, level: u8) -> Person {
        let user = 40 + u128::from(level);
        let token = self.cloud.people().token(Role::Admin, user);
        let grant = json!({ "edge_token": token, "user_id": id(user) });
        Person::new(level, format!("a-{level}"), &grant)
    }

    /// From here on the edge alone answers, also for its document.
    async fn cut_off(&mut self) {
        self.cloud.cut();
        let shop = &*self;
        let standing = until("the cut", || async {
            let standing = shop.call(Method::GET, "/standing", None, None).await;
            (standing["link"]["up"] == false).then_some(standing)
        })
        .await;
        let document = self.call(Method::GET, "/asyncapi.json", None, None).await;
        self.document = DocumentReader::new(document);
        self.region = text(&standing["region"]);
        self.edge_name = text(&standing["edge"]);
    }

    /// Where the tablets store their photos.
    pub(super) fn folder(&self) -> &Path {
        self.data.path()
    }

    pub(super) fn authority(&self) -> &Path {
        &self.authority
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://{}:{}{path}", secure::NAME, self.edge.http.port())
    }

    /// With the key of the edge that gave this receipt.
    pub(super) async fn open_verifier(&self, receipt: &Value) -> ReceiptVerifier {
        let gateway = format!("http://{}", self.gateway);
        let verifier = ReceiptVerifier::new(self.url(""), gateway, &self.authority);
        verifier.get_key(receipt).await;
        verifier
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Value {
        let url = self.url(path);
        let answer = self
            .https
            .send_json(method, &url, token, body.as_ref(), PATIENCE);
        answer
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes the certificate of an authority that has issued nothing here.
    pub(super) fn write_stranger(&self) -> PathBuf {
        let file = self.data.path().join("stranger.pem");
        std::fs::write(&file, Authority::new().unwrap().pem()).unwrap();
        file
    }

    fn fill_topic(&self, title: &str, person: &Person) -> String {
        let values = BTreeMap::from([
            ("region", self.region.clone()),
            ("edge", self.edge_name.clone()),
            ("device", person.device.clone()),
            ("user", person.user_id.clone()),
        ]);
        self.document.fill_topic(title, &values)
    }

    /// Mosquitto and paho connect to the broker's port; mqtt.js to the HTTP port in version 3.1.1,
    /// and to the port for WebSocket in version 5.
    fn find_port(&self, program: ClientProgram, level: u8) -> u16 {
        let at = match (program, level) {
            (ClientProgram::MqttJs, 4) => self.edge.http,
            (ClientProgram::MqttJs, _) => self.edge.ws.unwrap(),
            _ => self.edge.mqtt.unwrap(),
        };
        at.port()
    }

    pub(super) fn options(
        &self,
        program: ClientProgram,
        person: &Person,
        titles: &[&str],
    ) -> ClientOptions {
        for title in titles.iter().chain([&COMMAND]) {
            assert_eq!(self.document.find_qos(title), 1, "{title}");
        }
        ClientOptions {
            host: secure::NAME.to_owned(),
            port: self.find_port(program, person.level),
            websocket_path: self.document.find_websocket_path().to_owned(),
            authority: Some(self.authority.clone()),
            level: person.level,
            keep_alive: self.document.find_keep_alive(),
            device: person.device.clone(),
            token: person.token.clone(),
            commands: self.fill_topic(COMMAND, person),
            topics: titles
                .iter()
                .map(|title| self.fill_topic(title, person))
                .collect(),
        }
    }

    /// Connects, and waits for the head, the last of the channels. The retained one may be older
    /// than the cut: the edge publishes the next head within a second.
    pub(super) async fn connect(
        &self,
        program: ClientProgram,
        person: &Person,
        titles: &[&'static str],
    ) -> ShopTablet<'_> {
        let options = self.options(program, person, titles);
        let titles = options.topics.iter().cloned().zip(titles.iter().copied());
        let mut tablet = ShopTablet {
            shop: self,
            token: person.token.clone(),
            titles: titles.collect(),
            client: ForeignClient::start(program, options),
            replies: Vec::new(),
            uploaded: Vec::new(),
            heard: Vec::new(),
        };
        tablet
            .hear(HEAD, |head| head["cut_off_since"].is_string())
            .await;
        tablet
    }
}

impl Person {
    fn new(level: u8, device: String, grant: &Value) -> Self {
        Self {
            level,
            device,
            token: text(&grant["edge_token"]),
            user_id: text(&grant["user_id"]),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The tablet of one person, on a foreign client.
pub(super) struct ShopTablet<'s> {
    pub shop: &'s CutOffShop,
    pub token: String,
    client: ForeignClient,
    /// Of the subscribed channels, by topic.
    titles: BTreeMap<String, &'static str>,
    /// The stored replies to its commands.
    pub replies: Vec<Value>,
    pub uploaded: Vec<UploadedPhoto>,
    /// Messages that no caller awaited yet.
    heard: Vec<HeardMessage>,
}

struct HeardMessage {
    title: &'static str,
    message: Value,
}

impl ShopTablet<'_> {
    /// The next awaited message of that channel. Every message must be as the document says.
    pub(super) async fn hear(&mut self, title: &str, is_awaited: impl Fn(&Value) -> bool) -> Value {
        let hearing = async {
            loop {
                let found = self
                    .heard
                    .iter()
                    .position(|heard| heard.title == title && is_awaited(&heard.message));
                if let Some(position) = found {
                    return self.heard.remove(position).message;
                }
                let shown = self.client.next_message().await;
                let title = self.titles[&shown.topic];
                let message = serde_json::from_str(&shown.payload).unwrap();
                self.shop.document.check_message(title, &message);
                self.heard.push(HeardMessage { title, message });
            }
        };
        timeout(PATIENCE, hearing)
            .await
            .unwrap_or_else(|_| panic!("no awaited message of the channel {title}"))
    }

    /// Sends the document's example of that name with what belongs to this tap, and returns the
    /// reply.
    pub(super) async fn act(
        &mut self,
        example: &str,
        order: &Value,
        change: impl FnOnce(&mut Value),
    ) -> Value {
        let document = &self.shop.document;
        let mut command = document.find_example(COMMAND, example);
        let command_id = json!(Clock::system().new_id());
        command["id"] = command_id.clone();
        command["device_seq"] = json!(self.replies.len() + 1);
        command["token"] = json!(self.token);
        command["body"]["order_id"] = order.clone();
        change(&mut command["body"]);
        document.check_message(COMMAND, &command);
        self.client.publish(&command.to_string()).await;
        let reply = self
            .hear(REPLIES, |reply| reply["command_id"] == command_id)
            .await;
        self.replies.push(reply.clone());
        reply
    }

    pub(super) async fn find_open_order(&self, order: &Value) -> Value {
        let board = self
            .shop
            .call(Method::GET, "/board", Some(&self.token), None);
        let board = board.await;
        let items = board["items"].as_array().unwrap();
        let open = items
            .iter()
            .find(|item| item["status"] == "pending" && item["id"] == *order);
        open.unwrap_or_else(|| panic!("no open order: {board}"))
            .clone()
    }
}
