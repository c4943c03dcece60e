//! The inbox over HTTP: order, pages, read marks, and access.

use std::{collections::BTreeSet, time::Duration};

use axum::{body::Body, response::Response};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use platform::upstream::Upstream;
use process::{clock::Clock, tokens::TokenVerifier};
use serde_json::Value;
use serde_json::json;
use support::Issuer;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Actor, Event, EventId, EventType, PaymentStatus, Role, UserId};

use super::*;
use crate::{
    delivery::NotificationDispatcher,
    domain::{Channel, DeliveryPreferences, KEPT_MS, LineId, TimeZone, build_event_lines},
    handlers::stream::InboxStreams,
    store::{InboxStore, PreferencesStore},
    tests::samples::{self, AT, CUSTOMER, PROVIDER},
};

/// With its own store and three events.
struct World {
    router: Router,
    store: InboxStore,
    preferences: PreferencesStore,
    issuer: Issuer,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let (stores, folder) = samples::deliveries(
            samples::no_channels(),
            Upstream::open_later().0,
            &Clock::system(),
        )
        .await;
        let notices = samples::notices(&stores, &folder).await;
        let NotificationDispatcher {
            inboxes: store,
            preferences,
            delivery_store: log,
            ..
        } = stores;
        let kinds = [
            EventType::OrderCreated,
            EventType::OrderApproved,
            EventType::OrderAccepted,
        ];
        for (place, kind) in (1_u8..).zip(kinds) {
            let event_id = EventId(Uuid::from_u128(place.into()));
            let event = Event {
                id: event_id,
                at: AT.plus_ms(place.into()),
                ..samples::event(kind, &samples::event_body())
            };
            for line in build_event_lines(&event, 0).unwrap() {
                store
                    .add_line(LineId(Clock::system().new_id()), &line)
                    .await
                    .unwrap();
            }
        }
        let issuer = Issuer::new();
        let keys = issuer.keys();
        let clock = Clock::fixed_at(AT.plus_ms(1_000));
        let service_key = testing::service_key();
        let verifier = TokenVerifier {
            service: crate::NAME,
            keys,
            service_key,
            clock: clock.clone(),
        };
        let streams = InboxStreams::new(process::tasks::Tasks::new());
        let channels = vec![Channel::Sms, Channel::Push];
        let service = Service {
            store: store.clone(),
            preferences: preferences.clone(),
            delivery_store: log,
            notices,
            channels,
            verifier,
            streams,
        };
        let router = process::web::with_standard_layers(router(service), crate::NAME);
        Self {
            router,
            store,
            preferences,
            issuer,
            clock,
            _folder: folder,
        }
    }

    fn token(&self, user: UserId, role: Role) -> String {
        self.issuer.token(
            Actor {
                user_id: user,
                role,
            },
            self.clock.now(),
        )
    }

    async fn ask(&self, method: &str, path: &str, token: Option<&str>, language: &str) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request
            .header("accept-language", language)
            .body(Body::empty())
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// As an admin with only these permissions.
    async fn ask_holding(&self, held: &str, method: &str, path: &str) -> Response {
        let token = self.token(UserId(Uuid::from_u128(90)), Role::Admin);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("x-user-permissions", held);
        self.router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    /// Adds the admins' line of each event.
    async fn tell_admins(&self, events: &[EventType]) {
        for event in events {
            let mut lines = samples::lines(*event);
            lines.retain(|line| line.role == Role::Admin);
            for mut line in lines {
                line.event_id = EventId(Clock::system().new_id());
                self.store
                    .add_line(LineId(Clock::system().new_id()), &line)
                    .await
                    .unwrap();
            }
        }
    }

    async fn list(&self, query: &str, language: &str) -> Value {
        let token = self.token(CUSTOMER, Role::Customer);
        let path = format!("/api/v1/notifications{query}");
        let answer = self.ask("GET", &path, Some(&token), language).await;
        assert_eq!(answer.status(), StatusCode::OK);
        body(answer).await
    }
}

async fn body(answer: Response) -> Value {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

fn types(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_newest_line_comes_first_in_the_readers_language() {
    let world = World::new().await;
    let english = world.list("", "en").await;
    assert_eq!(
        types(&english),
        ["order.accepted", "order.approved", "order.created"]
    );
    assert_eq!(english["items"][2]["title"], "Order published");
    assert_eq!(english["unread"], 3);
    let chinese = world.list("", "zh-CN").await;
    assert_eq!(chinese["items"][2]["title"], "订单已发布");
    assert_eq!(
        chinese["items"][2]["event_id"],
        english["items"][2]["event_id"]
    );
}

#[tokio::test]
async fn a_line_tells_its_times_by_the_clock_of_the_device_that_shows_it() {
    let world = World::new().await;
    let completed = samples::completed(PaymentStatus::Held);
    let mut lines = samples::order_lines(EventType::OrderCompleted, &completed);
    lines.retain(|line| line.user_id == CUSTOMER);
    world
        .store
        .add_line(LineId(Clock::system().new_id()), &lines[0])
        .await
        .unwrap();
    let check = async |query: &str, until: &str| {
        let list = world.list(query, "en").await;
        let contents = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["content"]);
        let content = contents
            .map(|content| content.as_str().unwrap())
            .find(|content| content.contains("ask for a refund by"));
        let content = content.unwrap_or_default();
        assert!(content.contains(until), "{query}: {content}");
    };
    check("?time_zone=Europe/Berlin", "by Nov 27, 2025, 17:00;").await;
    check("", "by Nov 28, 2025, 00:00 GMT+8;").await;
    check("?time_zone=Moon/Base", "by Nov 28, 2025, 00:00 GMT+8;").await;

    let wishes = DeliveryPreferences {
        time_zone: TimeZone::from_name("UTC"),
        ..DeliveryPreferences::default()
    };
    assert!(
        world
            .preferences
            .save_preferences(CUSTOMER, 0, &wishes)
            .await
            .unwrap()
    );
    check("", "by Nov 27, 2025, 16:00;").await;
    check("?time_zone=Moon/Base", "by Nov 27, 2025, 16:00;").await;
    check("?time_zone=Asia/Shanghai", "by Nov 28, 2025, 00:00;").await;
}

#[tokio::test]
async fn a_line_says_its_kind_its_region_and_the_other_side() {
    let world = World::new().await;
    let told = async |person, role| {
        let token = world.token(person, role);
        let list = body(
            world
                .ask("GET", "/api/v1/notifications", Some(&token), "en")
                .await,
        )
        .await;
        let items = list["items"].as_array().unwrap().iter();
        let told = items.map(|item| json!([item["kind"], item["location"], item["counterpart"]]));
        told.collect::<Vec<_>>()
    };
    let of_customer = told(CUSTOMER, Role::Customer).await;
    let expected = ["order_accepted", "order_update", "order_created"];
    assert_eq!(
        of_customer,
        expected.map(|kind| json!([kind, "NORTH", PROVIDER]))
    );
    let of_provider = told(PROVIDER, Role::Provider).await;
    assert_eq!(of_provider, [json!(["order_accepted", "NORTH", CUSTOMER])]);
    let of_admin = told(UserId(Uuid::from_u128(90)), Role::Admin).await;
    assert_eq!(of_admin, [json!(["new_order", "NORTH", null])]);
}

#[tokio::test]
async fn pages_join_without_a_gap_or_a_repeat() {
    let world = World::new().await;
    let first = world.list("?limit=2", "en").await;
    let next = first["next"].as_str().unwrap();
    let second = world.list(&format!("?limit=2&cursor={next}"), "en").await;
    assert_eq!(types(&first), ["order.accepted", "order.approved"]);
    assert_eq!(types(&second), ["order.created"]);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn a_line_read_is_read_and_twice_is_as_good_as_once() {
    let world = World::new().await;
    let token = world.token(CUSTOMER, Role::Customer);
    let list = world.list("", "en").await;
    let path = format!(
        "/api/v1/notifications/{}/read",
        list["items"][0]["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        let answer = world.ask("PUT", &path, Some(&token), "en").await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let list = world.list("", "en").await;
    assert_eq!(list["unread"], 2);
    assert_eq!(list["items"][0]["is_read"], true);
    assert_eq!(
        types(&world.list("?unread=1", "en").await),
        ["order.approved", "order.created"]
    );

    world.clock.advance(KEPT_MS + 1);
    assert_eq!(
        types(&world.list("", "en").await),
        ["order.approved", "order.created"]
    );
}

#[tokio::test]
async fn nobody_reads_or_marks_anothers_inbox() {
    let world = World::new().await;
    let provider = world.token(PROVIDER, Role::Provider);
    let mine = world
        .ask("GET", "/api/v1/notifications", Some(&provider), "en")
        .await;
    assert_eq!(types(&body(mine).await), ["order.accepted"]);

    let list = world.list("", "en").await;
    let path = format!(
        "/api/v1/notifications/{}/read",
        list["items"][0]["id"].as_str().unwrap()
    );
    let stranger = world.token(UserId(Uuid::from_u128(99)), Role::Customer);
    for token in [&provider, &stranger] {
        assert_eq!(
            world.ask("PUT", &path, Some(token), "en").await.status(),
            StatusCode::NOT_FOUND
        );
    }
    assert_eq!(world.list("", "en").await["unread"], 3);
    let answer = world.ask("GET", "/api/v1/notifications", None, "en").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_admin_is_shown_the_lines_of_the_work_of_the_role_and_marks_no_other() {
    let world = World::new().await;
    let events = [
        EventType::ProfileVerificationSubmitted,
        EventType::ReviewReported,
    ];
    world.tell_admins(&events).await;
    let list = async |held: &str, query: &str| {
        let path = format!("/api/v1/notifications{query}");
        body(world.ask_holding(held, "GET", &path).await).await
    };
    let all = list(
        "approve_orders verify_providers moderate_reviews",
        "?limit=100",
    )
    .await;
    assert_eq!((types(&all).len(), &all["unread"]), (3, &json!(3)), "{all}");
    for (held, expected) in [
        ("verify_providers", vec!["profile.verification_submitted"]),
        ("read_desks", vec!["order.created"]),
        ("manage_keys", vec![]),
        ("", vec![]),
    ] {
        for query in ["", "?unread=1", "?limit=1"] {
            let shown = list(held, query).await;
            assert_eq!(types(&shown), expected, "{held} {query}");
            assert_eq!(
                (&shown["unread"], &shown["next"]),
                (&json!(expected.len()), &Value::Null)
            );
        }
    }
    let order = &list("read_desks", "").await["items"][0]["id"];
    let path = format!("/api/v1/notifications/{}/read", order.as_str().unwrap());
    let marked = async |held: &str| world.ask_holding(held, "PUT", &path).await.status();
    assert_eq!(marked("verify_providers").await, StatusCode::NOT_FOUND);
    assert_eq!(list("read_desks", "").await["unread"], 1);
    assert_eq!(marked("read_desks").await, StatusCode::OK);
    assert_eq!(list("read_desks", "").await["unread"], 0);

    let answer = world
        .ask_holding("verify_providers", "GET", "/internal/stream")
        .await;
    let mut reader = process::sse::EventReader::new(answer.into_body());
    let news = inbox_news(&mut reader).await;
    let newest = &news["newest"]["type"];
    assert_eq!(
        (&news["unread"], newest),
        (&json!(1), &json!("profile.verification_submitted"))
    );
    let events = [
        EventType::RefundRequested,
        EventType::ProfileVerificationSubmitted,
    ];
    world.tell_admins(&events).await;
    let notice = loop {
        let message = reader.next().await.unwrap();
        let text = String::from_utf8(message.to_vec()).unwrap();
        if text.contains("event: notice") {
            break text;
        }
    };
    assert!(
        notice.contains("profile.verification_submitted"),
        "not of the other: {notice}"
    );
    assert_eq!(inbox_news(&mut reader).await["unread"], 2);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_named() {
    let world = World::new().await;
    let token = world.token(CUSTOMER, Role::Customer);
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?cursor=x", "cursor"),
        ("?unread=x", "unread"),
    ] {
        let path = format!("/api/v1/notifications{query}");
        let answer = world.ask("GET", &path, Some(&token), "en").await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(body(answer).await["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn preferences_are_kept_whole_on_the_version_that_was_read() {
    let world = World::new().await;
    let path = "/api/v1/notifications/preferences";
    let token = world.token(CUSTOMER, Role::Customer);
    let put = async |form: Value| {
        let request = Request::put(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(form.to_string()));
        let answer = world
            .router
            .clone()
            .oneshot(request.unwrap())
            .await
            .unwrap();
        (answer.status(), body(answer).await)
    };
    let first = body(world.ask("GET", path, Some(&token), "en").await).await;
    assert_eq!(
        (&first["version"], &first["quiet_hours"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(first["channels"], json!(["sms", "push"]));
    let provider = world.token(PROVIDER, Role::Provider);
    let of_provider = body(world.ask("GET", path, Some(&provider), "en").await).await;
    assert_eq!(
        of_provider["channels"],
        json!(["push"]),
        "providers prove no phone"
    );
    let account = &first["kinds"][4];
    assert_eq!(account["locked"], json!(["email"]), "{account}");

    let form = json!({
        "version": 0, "language": "zh-CN", "time_zone": "Europe/Berlin", "digest_hour": 8,
        "quiet_hours": {"from": "22:00", "to": "06:30"},
        "kinds": [{"kind": "jobs", "channels": ["email", "email"]}],
    });
    let (status, kept) = put(form.clone()).await;
    assert_eq!(status, StatusCode::OK, "{kept}");
    assert_eq!(kept["kinds"][1]["channels"], json!(["email"]));
    assert_eq!(
        kept["kinds"][4]["channels"],
        json!(["email"]),
        "what is locked stays on"
    );
    assert_eq!(
        body(world.ask("GET", path, Some(&token), "en").await).await,
        kept
    );
    let (status, stale) = put(form.clone()).await;
    assert_eq!(
        (status, &stale["version"]),
        (StatusCode::CONFLICT, &json!(1))
    );

    for (field, value) in [
        ("time_zone", json!("Moon/Base")),
        ("digest_hour", json!(24)),
    ] {
        let mut wrong = form.clone();
        wrong["version"] = json!(1);
        wrong[field] = value;
        let (status, answer) = put(wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert_eq!(answer["errors"][0]["field"], field);
    }
    let other = world.token(PROVIDER, Role::Provider);
    let others = body(world.ask("GET", path, Some(&other), "en").await).await;
    assert_eq!(others["version"], 0, "everybody has their own");
}

/// Reads messages until an inbox state arrives.
async fn inbox_news(reader: &mut process::sse::EventReader) -> Value {
    loop {
        let message = reader.next().await.unwrap();
        let text = std::str::from_utf8(&message).unwrap();
        if let Some(data) = text.strip_prefix("event: inbox\ndata: ") {
            return serde_json::from_str(data.trim()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_page_hears_of_each_change_of_its_own_inbox() {
    let world = World::new().await;
    assert_eq!(
        world
            .ask("GET", "/internal/stream", None, "en")
            .await
            .status(),
        StatusCode::UNAUTHORIZED
    );
    let token = world.token(CUSTOMER, Role::Customer);
    let answer = world
        .ask("GET", "/internal/stream", Some(&token), "en")
        .await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut reader = process::sse::EventReader::new(answer.into_body());
    let news = inbox_news(&mut reader).await;
    assert_eq!(
        (&news["unread"], &news["newest"]["type"]),
        (&3.into(), &"order.accepted".into())
    );

    let path = format!(
        "/api/v1/notifications/{}/read",
        news["newest"]["id"].as_str().unwrap()
    );
    world.ask("PUT", &path, Some(&token), "en").await;
    assert_eq!(inbox_news(&mut reader).await["unread"], 2);

    let event_type = EventType::OrderCompleted;
    let event_id = EventId(Uuid::from_u128(77));
    let event = Event {
        id: event_id,
        at: AT.plus_ms(900),
        ..samples::event(event_type, &samples::event_body())
    };
    for line in build_event_lines(&event, 0).unwrap() {
        world
            .store
            .add_line(LineId(Clock::system().new_id()), &line)
            .await
            .unwrap();
    }
    let news = inbox_news(&mut reader).await;
    assert_eq!(
        (&news["unread"], &news["newest"]["type"]),
        (&3.into(), &"order.completed".into())
    );
    assert!(
        news["newest"].get("params").is_none(),
        "it says what to load, and no more"
    );
}

#[tokio::test]
async fn a_page_hears_of_every_line_of_a_busy_inbox() {
    const LINES: usize = 350;
    let world = World::new().await;
    let token = world.token(CUSTOMER, Role::Customer);
    let answer = world
        .ask("GET", "/internal/stream", Some(&token), "en")
        .await;
    let mut reader = process::sse::EventReader::new(answer.into_body());
    inbox_news(&mut reader).await;
    let mut sent = BTreeSet::new();
    let clock = Clock::system();
    for n in 0..LINES {
        let id = EventId(Uuid::from_u128(1_000 + u128::try_from(n).unwrap()));
        let event = Event {
            id,
            at: AT,
            ..samples::event(EventType::OrderApproved, &samples::event_body())
        };
        for line in build_event_lines(&event, 0).unwrap() {
            let line_id = LineId(clock.new_id());
            world.store.add_line(line_id, &line).await.unwrap();
            sent.extend((line.user_id == CUSTOMER).then(|| line_id.to_string()));
        }
    }
    assert_eq!(sent.len(), LINES);
    let mut told = BTreeSet::new();
    let every = async {
        while !sent.is_subset(&told) {
            let message = reader.next().await.unwrap();
            let text = std::str::from_utf8(&message).unwrap();
            let Some((place, _)) = text.split_once("\nevent: notice\n") else {
                continue;
            };
            assert!(
                told.insert(place.strip_prefix("id: ").unwrap().to_owned()),
                "twice: {place}"
            );
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(60), every).await;
    assert!(all.is_ok(), "{} of {LINES} were told", told.len());
}
