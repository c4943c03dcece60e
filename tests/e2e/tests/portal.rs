//! Portal pages on a running platform: cookie sign-in, changes, news, a broken connection, and a
//! losing acceptance.

use std::time::Duration;

use process::{
    client::Client,
    parts::CloudPart,
    sse::{EventReader, id_in},
};
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes, sign_ins::DemoPerson};
use support::{Api, Mqtt, Place, Tablet, eventually, samples::order_form};
use wire::{CommandBody, LinkState, OrderId, Region, Role, Verdict};

const SOON: Duration = Duration::from_secs(30);

/// A browser's cookie, and its page's CSRF token.
struct Browser {
    gateway: String,
    client: Client,
    cookie: String,
    csrf: String,
}

struct News {
    reader: EventReader,
    place: Option<String>,
}

/// A message's name, and a condition on its data.
type Wish<'a> = (&'a str, &'a dyn Fn(&Value) -> bool);

impl Browser {
    async fn sign_in(gateway: &str, username: &str, password: &str) -> Self {
        let client = Client::new();
        let gateway = gateway.to_owned();
        let mut browser = Self {
            gateway,
            client,
            cookie: String::new(),
            csrf: String::new(),
        };
        let form = json!({ "username": username, "password": password });
        let response = browser.send("POST", "/api/v1/session", &[], form).await;
        assert_eq!(response.status().as_u16(), 200);
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        let session = read(response).await;
        browser.csrf = session["csrf_token"].as_str().unwrap().to_owned();
        browser
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> http::Response<axum::body::Body> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.gateway))
            .header("origin", &self.gateway)
            .header("cookie", &self.cookie)
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.client
            .send_request(request.body(body.into()).unwrap())
            .await
            .unwrap()
    }

    async fn change(&self, path: &str, body: Value) -> Value {
        let response = self
            .send("POST", path, &[("x-csrf-token", &self.csrf)], body)
            .await;
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        read(response).await
    }

    async fn news(&self, place: Option<&str>) -> News {
        let place: Vec<_> = place
            .into_iter()
            .map(|place| ("last-event-id", place))
            .collect();
        let response = self
            .send("GET", "/api/v1/stream", &place, Value::Null)
            .await;
        assert_eq!(response.status().as_u16(), 200);
        News {
            reader: EventReader::new(response.into_body()),
            place: None,
        }
    }
}

impl News {
    /// The next message with that name whose data matches `wish`.
    async fn until(&mut self, name: &str, wish: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                let (event, data) = self.next().await;
                if event == name && wish(&data) {
                    return data;
                }
            }
        };
        tokio::time::timeout(SOON, looking)
            .await
            .unwrap_or_else(|_| panic!("no `{name}` came"))
    }

    /// Waits for all of these in any order, because two parts send their news concurrently.
    async fn until_each(&mut self, wishes: &[Wish<'_>]) {
        let mut missing = wishes.to_vec();
        let looking = async {
            while !missing.is_empty() {
                let (event, data) = self.next().await;
                missing.retain(|(name, wish)| *name != event || !wish(&data));
            }
        };
        let names: Vec<&str> = wishes.iter().map(|(name, _)| *name).collect();
        tokio::time::timeout(SOON, looking)
            .await
            .unwrap_or_else(|_| panic!("not all of {names:?}"));
    }

    /// The name and data of the next message that a page handles.
    async fn next(&mut self) -> (String, Value) {
        loop {
            let message = self.reader.next().await.expect("the stream goes on");
            if let Some(id) = id_in(&message) {
                self.place = Some(id.to_owned());
            }
            let text = std::str::from_utf8(&message).unwrap();
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(event), Some(data)) = (field("event: "), field("data: ")) {
                return (event.to_owned(), serde_json::from_str(data).unwrap());
            }
        }
    }
}

/// Two providers request the job on either side of a cut. The one at the portal wins.
async fn collide(stack: &Stack, order: OrderId) -> Browser {
    let layout = stack.layout();
    let api = Api::new(stack.layout().gateway_url());
    let people = stack.sign_ins();
    let provider = |region| {
        let is_meant =
            |person: &&DemoPerson| (person.role, person.region) == (Role::Provider, Some(region));
        people.iter().find(is_meant).unwrap()
    };
    let loser = provider(Region::North);
    let winner = provider(Region::South);
    let winner = Browser::sign_in(&layout.gateway_url(), &winner.username, &winner.password).await;
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let loser = api.sign_in(&loser.username, &loser.password).await.unwrap();
    let north = layout.edge(Region::North);
    let place = Place {
        region: Region::North,
        edge: north.edge.parse().unwrap(),
        host: "127.0.0.1".into(),
        port: north.mqtt,
    };
    let loser = api.at_edges(&loser, Region::North).await.unwrap();
    let tablet = Tablet::new(place, "page-news", &loser, Mqtt::V5);
    api.gate(&admin, Region::North, false).await.unwrap();
    eventually("NORTH is cut off", SOON, async || {
        let regions = api.status(&admin).await.ok()?.regions;
        let north = regions
            .into_iter()
            .find(|status| status.region == Region::North)?;
        (north.edges[0].link == LinkState::Down).then_some(())
    })
    .await;
    let command = tablet.prepare(CommandBody::AcceptOrder { order_id: order });
    let reply = tablet.until_stored(command, SOON).await.unwrap();
    assert_eq!(reply.verdict, Verdict::Provisional);
    winner
        .change(&format!("/api/v1/orders/{order}/accept"), json!({}))
        .await;
    api.gate(&admin, Region::North, true).await.unwrap();
    tablet.until_decided(command, SOON).await.unwrap();
    tablet.stop().await;
    winner
}

/// Waits until each service on a stream's path reports two streams in its metrics.
async fn two_streams_are_shown(stack: &Stack) {
    let port = stack.layout().operator(CloudPart::Gateway).unwrap();
    let client = Client::new();
    for service in ["gateway", "hub", "notification"] {
        let line = format!("holdfast_streams{{service=\"{service}\"}} 2");
        eventually("two streams are open", SOON, async || {
            let request = http::Request::get(format!("http://127.0.0.1:{port}/metrics"));
            let response = client
                .send_request(request.body(String::new().into()).unwrap())
                .await
                .unwrap();
            let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
                .await
                .unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.lines().any(|shown| shown == line).then_some(())
        })
        .await;
    }
}

/// Closing a tab frees its stream permit, so a page can reopen streams repeatedly.
async fn open_and_close(browser: &Browser) {
    for _ in 0..12 {
        eventually("a place is free", SOON, async || {
            let response = browser
                .send("GET", "/api/v1/stream", &[], Value::Null)
                .await;
            (response.status().as_u16() == 200).then_some(())
        })
        .await;
    }
}

async fn read(response: http::Response<axum::body::Body>) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

async fn sign_in_first_of(stack: &Stack, role: Role) -> Browser {
    let person = stack
        .sign_ins()
        .into_iter()
        .find(|person| person.role == role)
        .unwrap();
    let gateway = stack.layout().gateway_url();
    Browser::sign_in(&gateway, &person.username, &person.password).await
}

/// Publishes an order, which is refused without the page's CSRF token. Returns the order's id.
async fn publish_with_csrf_token(customer: &Browser) -> Value {
    let form = order_form(Region::North, "Mend the tap");
    let refused = customer
        .send("POST", "/api/v1/orders", &[], form.clone())
        .await;
    assert_eq!(read(refused).await["code"], "csrf_token_wrong");
    customer.change("/api/v1/orders", form).await["order_id"].clone()
}

/// Signing out ends the stream and the cookie.
async fn sign_out_for_good(customer: &Browser, news: &mut News) {
    let out = customer
        .send(
            "DELETE",
            "/api/v1/session",
            &[("x-csrf-token", &customer.csrf)],
            Value::Null,
        )
        .await;
    assert_eq!(out.status().as_u16(), 204);
    news.until("end", |data| data["why"] == "signed_out").await;
    let refused = customer
        .send("GET", "/api/v1/orders", &[], Value::Null)
        .await;
    assert_eq!(refused.status().as_u16(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_signs_in_changes_things_and_hears_of_them_also_after_a_cut() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let wishes = Wishes {
        demo_data: true,
        ..Wishes::default()
    };
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let customer = sign_in_first_of(&stack, Role::Customer).await;
    let admin = sign_in_first_of(&stack, Role::Admin).await;

    let mut news = customer.news(None).await;
    let mut wall = admin.news(None).await;
    news.until_each(&[
        ("ready", &|data| data["resumed"] == false),
        ("sources", &|data| {
            data["orders"] == true && data["inbox"] == true
        }),
    ])
    .await;
    wall.until("region", |data| data["region"] == "NORTH").await;

    let order = publish_with_csrf_token(&customer).await;
    let told = news.until("order", |data| data["id"] == order).await;
    assert_eq!(
        (&told["status"], &told["region"]),
        (&"pending_review".into(), &"NORTH".into())
    );
    wall.until("order", |data| data["id"] == order).await;
    let place = news.place.clone().unwrap();
    drop(news);

    let id = order.as_str().unwrap();
    admin
        .change(&format!("/api/v1/orders/{id}/approve"), Value::Null)
        .await;
    wall.until("order", |data| {
        data["id"] == order && data["status"] == "pending"
    })
    .await;
    let mut news = customer.news(Some(&place)).await;
    news.until_each(&[
        ("ready", &|data| data["resumed"] == true),
        ("order", &|data| {
            data["id"] == order && data["status"] == "pending"
        }),
        ("inbox", &|data| data["newest"]["order_id"] == order),
    ])
    .await;

    // A losing acceptance leaves the order unchanged, but still produces news.
    let winner = collide(&stack, serde_json::from_value(order.clone()).unwrap()).await;
    let mut won = winner.news(Some(&place)).await;
    for news in [&mut news, &mut wall, &mut won] {
        let lost = news.until("acceptance_lost", |_| true).await;
        assert_eq!((&lost["id"], &lost["region"]), (&order, &"NORTH".into()));
    }

    // So does a message, for the two people of the order.
    let text = json!({ "text": "I come at two." });
    winner
        .change(&format!("/api/v1/orders/{id}/messages"), text)
        .await;
    for news in [&mut news, &mut won] {
        let told = news.until("message", |_| true).await;
        assert_eq!((&told["id"], &told["region"]), (&order, &"NORTH".into()));
    }
    drop(won);

    two_streams_are_shown(&stack).await;
    open_and_close(&customer).await;
    sign_out_for_good(&customer, &mut news).await;

    // Open streams do not delay a stop.
    let stopping = std::time::Duration::from_secs(5);
    tokio::time::timeout(stopping, stack.stop())
        .await
        .unwrap()
        .unwrap();
    wall.until("end", |data| data["why"] == "stopping").await;
}
