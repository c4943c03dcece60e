//! Live updates from hub and notification in one stream.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use gateway::{Config, Peers};
use platform::{sessions, upstream::Upstream};
use process::{
    parts::CloudPart,
    problem::Problem,
    sse::{self, EventReader, EventSender},
    tokens::USER_PERMISSIONS,
};
use support::eventually;
use tower::ServiceExt;
use wire::{Code, Permission, Role};

use crate::common::{Gate, USER};

const LONG: Duration = Duration::from_secs(3_600);

/// A part that sends events on the test's command.
#[derive(Clone, Default)]
struct NewsPart(Arc<Mutex<NewsState>>);

#[derive(Default)]
struct NewsState {
    /// `Last-Event-ID` of each connection.
    places: Vec<Option<String>>,
    /// Permissions header of each connection.
    permissions: Vec<Option<String>>,
    readers: Vec<EventSender>,
    is_away: bool,
}

async fn stream(State(part): State<NewsPart>, request: Request) -> Response {
    let mut state = part.0.lock().unwrap();
    if state.is_away {
        return Problem::new(Code::Unavailable).into_response();
    }
    assert!(request.headers().contains_key(header::AUTHORIZATION));
    let place = request.headers().get(sse::LAST_EVENT_ID);
    state
        .places
        .push(place.map(|place| place.to_str().unwrap().to_owned()));
    let held = request.headers().get(USER_PERMISSIONS);
    state
        .permissions
        .push(held.map(|held| held.to_str().unwrap().to_owned()));
    let (sender, response) = sse::open_stream();
    state.readers.push(sender);
    response
}

impl NewsPart {
    fn router(&self) -> Router {
        Router::new()
            .route("/internal/stream", get(stream))
            .with_state(self.clone())
    }

    fn set(&self, change: impl FnOnce(&mut NewsState)) {
        change(&mut self.0.lock().unwrap());
    }

    fn places(&self) -> Vec<Option<String>> {
        self.0.lock().unwrap().places.clone()
    }

    /// Waits for that many connections, then sends the message to the newest.
    async fn tell(&self, connections: usize, message: bytes::Bytes) {
        let reader = eventually("a connection", LONG, async || {
            let state = self.0.lock().unwrap();
            (state.readers.len() >= connections)
                .then(|| state.readers.last().cloned())
                .flatten()
        })
        .await;
        assert!(reader.send(message).await);
    }
}

struct World {
    gate: Gate,
    hub: NewsPart,
    inbox: NewsPart,
}

impl World {
    async fn new() -> Self {
        let hub = NewsPart::default();
        let inbox = NewsPart::default();
        let local = |part: &NewsPart| Upstream::from_router(part.router());
        let orders = local(&hub);
        let lines = local(&inbox);
        let alter = |peers: Peers| {
            peers
                .with_part(CloudPart::Hub, orders)
                .with_part(CloudPart::Notification, lines)
        };
        let gate = Gate::with(Config::default(), "memory:", alter).await;
        // From here on, waits complete instantly.
        tokio::time::pause();
        Self { gate, hub, inbox }
    }

    async fn open(&self, place: Option<&str>) -> Response {
        self.open_as(Role::Customer, place).await
    }

    async fn open_as(&self, role: Role, place: Option<&str>) -> Response {
        let token = format!("Bearer {}", self.gate.token(role));
        let mut request = Request::builder()
            .uri("/api/v1/stream")
            .header(header::AUTHORIZATION, token);
        if let Some(place) = place {
            request = request.header(sse::LAST_EVENT_ID, place);
        }
        self.gate
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    async fn listen(&self, place: Option<&str>) -> EventReader {
        let response = self.open(place).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        EventReader::new(response.into_body())
    }
}

/// The next message with this name, as text.
async fn next(reader: &mut EventReader, name: &str) -> String {
    loop {
        let message = reader
            .next()
            .await
            .unwrap_or_else(|| panic!("the stream ended: {name}"));
        let text = String::from_utf8(message.to_vec()).unwrap();
        if text.lines().any(|line| line == format!("event: {name}")) {
            return text;
        }
    }
}

#[tokio::test]
async fn messages_of_both_parts_come_whole_and_the_place_is_the_hubs() {
    let world = World::new().await;
    let mut reader = world.listen(Some("ab.1.2.3.4.5")).await;
    let order = sse::format_event("order", Some("ab.2.2.3.4.5"), &"one");
    let inbox = sse::format_event("inbox", None, &3);
    world.hub.tell(1, order.clone()).await;
    world.hub.tell(1, sse::format_comment()).await;
    world.inbox.tell(1, inbox.clone()).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let message = reader.next().await.unwrap();
        if message == order || message == inbox {
            seen.push(message);
        }
    }
    assert_eq!(world.hub.places(), [Some("ab.1.2.3.4.5".to_owned())]);
    assert_eq!(world.inbox.places(), [None]);
}

#[tokio::test]
async fn a_part_that_goes_away_is_named_and_goes_on_from_its_place_when_it_is_back() {
    let world = World::new().await;
    let mut reader = world.listen(None).await;
    world
        .hub
        .tell(1, sse::format_event("order", Some("ab.7.0.0.0.0"), &1))
        .await;
    world.inbox.tell(1, sse::format_comment()).await;
    while !next(&mut reader, "sources")
        .await
        .contains(r#"{"orders":true,"inbox":true}"#)
    {}
    world.hub.set(|hub| {
        hub.is_away = true;
        hub.readers.clear();
    });
    assert!(
        next(&mut reader, "sources")
            .await
            .contains(r#"{"orders":false,"inbox":true}"#)
    );
    world
        .inbox
        .tell(1, sse::format_event("inbox", None, &4))
        .await;
    assert!(
        next(&mut reader, "inbox").await.contains("data: 4"),
        "the other goes on"
    );
    world.hub.set(|hub| hub.is_away = false);
    assert!(
        next(&mut reader, "sources")
            .await
            .contains(r#"{"orders":true,"inbox":true}"#)
    );
    assert_eq!(world.hub.places(), [None, Some("ab.7.0.0.0.0".to_owned())]);
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let world = World::new().await;
    let mut reader = world.listen(None).await;
    world.hub.tell(1, sse::format_comment()).await;
    let session = world.gate.claims(Role::Customer).jti;
    sessions::revoke_session(&world.gate.cache, session, LONG)
        .await
        .unwrap();
    assert!(
        next(&mut reader, "end")
            .await
            .contains(r#"{"why":"signed_out"}"#)
    );
    assert_eq!(reader.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_with_its_token_so_that_the_next_brings_a_newer_one() {
    let world = World::new().await;
    let mut reader = world.listen(None).await;
    world.gate.clock.advance(61 * 60_000);
    assert!(
        next(&mut reader, "end")
            .await
            .contains(r#"{"why":"renew"}"#)
    );
    assert_eq!(reader.next().await, None);
}

#[tokio::test]
async fn a_stream_is_of_the_work_that_the_role_includes_and_ends_when_that_changes() {
    let world = World::new().await;
    let keep = async |held: &[Permission]| {
        sessions::store_permissions(&world.gate.cache, USER, held)
            .await
            .unwrap();
    };
    for (connections, held) in [(1, Permission::ReadDesks), (2, Permission::VerifyProviders)] {
        keep(&[held]).await;
        let response = world.open_as(Role::Admin, None).await;
        let mut reader = EventReader::new(response.into_body());
        world.hub.tell(connections, sse::format_comment()).await;
        world.inbox.tell(connections, sse::format_comment()).await;
        for part in [&world.hub, &world.inbox] {
            let told = part.0.lock().unwrap().permissions.last().cloned();
            assert_eq!(told, Some(Some(held.to_string())));
        }
        keep(&[]).await;
        assert!(
            next(&mut reader, "end")
                .await
                .contains(r#"{"why":"renew"}"#)
        );
    }
}

#[tokio::test]
async fn a_fifth_stream_is_refused_until_one_is_closed() {
    let world = World::new().await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(world.listen(None).await);
    }
    let refused = world.open(None).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    let body = axum::body::to_bytes(refused.into_body(), 1 << 16)
        .await
        .unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["code"], "too_many_streams");
    assert_eq!(
        body["detail"],
        "One person may have 4 streams here at once."
    );
    held.pop();
    eventually("the place is free", LONG, async || {
        (world.open(None).await.status() == StatusCode::OK).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_a_part_goes_on_to_the_client_while_it_is_made() {
    let part = NewsPart::default();
    let router = Router::new()
        .route("/api/v1/orders", get(stream))
        .with_state(part.clone());
    let alter = |peers: Peers| peers.with_part(CloudPart::Order, Upstream::from_router(router));
    let gate = Gate::with(Config::default(), "memory:", alter).await;
    let token = format!("Bearer {}", gate.token(Role::Customer));
    let request = Request::get("/api/v1/orders").header(header::AUTHORIZATION, token);
    let request = request.body(Body::empty()).unwrap();
    let answer = gate.router.clone().oneshot(request).await.unwrap();
    let mut reader = EventReader::new(answer.into_body());
    for n in 0..3 {
        let message = sse::format_event("part", None, &n);
        part.tell(1, message.clone()).await;
        assert_eq!(
            reader.next().await,
            Some(message),
            "before the answer is over"
        );
    }
}

/// The test clock advances in steps of one minute.
#[tokio::test]
async fn an_hour_of_news_comes_whole_and_a_renewed_session_goes_on_from_its_place() {
    const MINUTE: Duration = Duration::from_secs(60);
    let world = World::new().await;
    let mut reader = world.listen(None).await;
    for minute in 1..60 {
        world.gate.clock.advance(60_000);
        tokio::time::advance(MINUTE).await;
        let news = sse::format_event("order", Some(&format!("ab.{minute}.0.0.0.0")), &minute);
        world.hub.tell(1, news.clone()).await;
        let told = next(&mut reader, "order").await;
        assert_eq!(told.as_bytes(), news, "the next one, byte for byte");
    }
    assert_eq!(world.hub.places(), [None], "by one connection all along");
    world.gate.clock.advance(2 * 60_000);
    assert!(
        next(&mut reader, "end")
            .await
            .contains(r#"{"why":"renew"}"#)
    );
    assert_eq!(reader.next().await, None);
    let mut reader = world.listen(Some("ab.59.0.0.0.0")).await;
    world
        .hub
        .tell(2, sse::format_event("order", Some("ab.60.0.0.0.0"), &60))
        .await;
    assert!(next(&mut reader, "order").await.contains("data: 60"));
    assert_eq!(world.hub.places(), [None, Some("ab.59.0.0.0.0".to_owned())]);
}
