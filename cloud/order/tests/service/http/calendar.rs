//! The feed of a person's jobs for their phone's calendar: whose jobs it shows, its secret, and its
//! bounds.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode, header},
};
use futures::future::join_all;
use order::{events::UserEventConsumer, store::CALENDAR_JOBS_MAX};
use platform::{consume::EventHandler, vals};
use process::trace::TraceId;
use rstest::rstest;
use serde_json::json;
use tower::ServiceExt;
use wire::{
    Actor, CommandBody, Draft, Event, EventId, EventType, Hash, OrderId, UnixMillis, UserEvent,
};

use super::service::*;
use crate::stage::*;

const FEED: &str = "/api/v1/calendar-feed";
const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl Service {
    async fn send_feed(&self, method: Method, person: Actor) -> Answer {
        let token = format!("Bearer {}", self.token(person));
        let request = Request::builder().method(method).uri(FEED);
        self.send(request.header(header::AUTHORIZATION, token), None)
            .await
    }

    /// Returns the address of the feed that the person just made.
    pub(super) async fn make_feed(&self, person: Actor) -> String {
        let made = self.send_feed(Method::POST, person).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        made.body["path"].as_str().unwrap().to_owned()
    }

    /// Without a token, as a calendar asks.
    pub(super) async fn read_calendar(&self, path: &str) -> String {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(
            headers[header::CONTENT_TYPE],
            "text/calendar; charset=utf-8"
        );
        assert_eq!(headers[header::CACHE_CONTROL], "private, no-store");
        let bytes = to_bytes(response.into_body(), 1 << 22).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.replace("\r\n ", "")
    }

    async fn is_gone(&self, path: &str) {
        let gone = self.send(Request::get(path), None).await;
        gone.refused(404, "not_found");
    }
}

/// An approved order of this customer.
async fn publish_job(
    stage: &Stage,
    owner: Actor,
    title: &str,
    start: Option<UnixMillis>,
) -> OrderId {
    let draft = Draft {
        title: title.into(),
        service_start_time: start,
        service_end_time: start.map(|start| start.plus_ms(HOUR_MS)),
        ..draft()
    };
    let published = stage.publish(stage.command_id(), owner, draft).await;
    let order_id = published.order.unwrap().id;
    stage
        .decide(admin(), CommandBody::ApproveOrder { order_id })
        .await;
    order_id
}

/// The same an hour later than the one before, which this provider has accepted.
async fn agree(stage: &Stage, customer: Actor, provider: Actor, title: &str) -> OrderId {
    let earlier = stage.count("SELECT COUNT(*) FROM orders").await;
    let start = Some(NOW.plus_ms(DAY_MS + earlier * HOUR_MS));
    let order_id = publish_job(stage, customer, title, start).await;
    let accepted = stage.decide(provider, accept(order_id)).await;
    assert!(accepted.has_succeeded(), "{accepted:?}");
    order_id
}

/// The titles of a calendar with their states, in its order.
fn jobs_of(calendar: &str) -> Vec<(&str, &str)> {
    let values = |name: &str| -> Vec<&str> {
        let lines = calendar.split("\r\n");
        let found = lines.filter_map(|line| line.strip_prefix(name));
        found.collect()
    };
    let titles = values("SUMMARY:");
    let states = values("STATUS:");
    assert_eq!(titles.len(), states.len(), "{calendar}");
    titles.into_iter().zip(states).collect()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_calendar_shows_the_jobs_of_its_owner_and_of_no_one_else(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let theirs = agree(stage, customer(1), provider(1), "Fix a tap").await;
    let cancelled = agree(stage, customer(1), provider(1), "Cut a tree").await;
    let withdrawn = agree(stage, customer(1), provider(1), "Hang a door").await;
    agree(stage, customer(1), provider(2), "Teach maths").await;
    agree(stage, customer(2), provider(1), "Paint a wall").await;
    publish_job(stage, customer(1), "Wait", Some(NOW.plus_ms(DAY_MS))).await;
    let untimed = publish_job(stage, customer(1), "Some day", None).await;
    stage.decide(provider(1), accept(untimed)).await;
    let unwanted = publish_job(stage, customer(1), "Never mind", Some(NOW.plus_ms(DAY_MS))).await;
    for order_id in [cancelled, unwanted] {
        let cancel = CommandBody::CancelOrder {
            order_id,
            reason: None,
            fee: None,
        };
        let done = stage.decide(admin(), cancel).await;
        assert!(done.has_succeeded(), "{done:?}");
    }
    let back = CommandBody::WithdrawAcceptance {
        order_id: withdrawn,
        reason: None,
    };
    stage.decide(provider(1), back).await;

    let mut calendars = Vec::new();
    for person in [
        customer(1),
        provider(1),
        customer(2),
        provider(2),
        customer(3),
    ] {
        let path = service.make_feed(person).await;
        calendars.push(service.read_calendar(&path).await);
    }
    // All start at once, and the last id comes first.
    let [tap, tree, maths, wall] = [
        ("Fix a tap", "CONFIRMED"),
        ("Cut a tree", "CANCELLED"),
        ("Teach maths", "CONFIRMED"),
        ("Paint a wall", "CONFIRMED"),
    ];
    let shown: Vec<_> = calendars.iter().map(|one| jobs_of(one)).collect();
    assert_eq!(
        shown,
        [
            vec![maths, tree, tap],
            vec![wall, tree, tap],
            vec![wall],
            vec![maths],
            vec![],
        ]
    );
    let order = stage.store.find_order(theirs).await.unwrap().unwrap();
    for line in [
        format!("UID:{theirs}@holdfast"),
        format!("SEQUENCE:{}", order.version),
        "DTSTART:20251125T160000Z".into(),
        "DTEND:20251125T170000Z".into(),
        format!(
            "DESCRIPTION:{code} · North · Accepted. The address is in Holdfast.\\n\
             {code} · 北区 · 已接单，地址请在 Holdfast 中查看。",
            code = order.code
        ),
    ] {
        for calendar in &calendars[..2] {
            assert!(
                calendar.contains(&format!("\r\n{line}\r\n")),
                "{line}: {calendar}"
            );
        }
    }
}

#[tokio::test]
async fn a_calendar_tells_no_address_no_number_and_no_other_person() {
    let service = Service::new(Engine::Sqlite).await;
    let stage = &service.stage;
    let id = agree(
        stage,
        customer(1),
        provider(1),
        "Tap; ask +86 138 0013 8000",
    )
    .await;
    for person in [customer(1), provider(1)] {
        let path = service.make_feed(person).await;
        let calendar = service.read_calendar(&path).await;
        assert_eq!(jobs_of(&calendar), [("Tap\\; ask •••", "CONFIRMED")]);
        assert!(!calendar.contains(&draft().address), "{calendar}");
        for other in [customer(1), provider(1)] {
            let id = other.user_id.to_string();
            assert!(!calendar.contains(&id), "{calendar}");
        }
    }
    let order = stage.store.find_order(id).await.unwrap().unwrap();
    assert_eq!(order.address, draft().address, "an address to tell");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_new_address_ends_the_one_before_and_an_ended_one_is_unknown(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let owner = provider(1);
    let none = service.get(owner, FEED).await;
    assert_eq!(none.body, json!({ "created_at": null }));
    let first = service.make_feed(owner).await;
    let other = service.make_feed(customer(1)).await;
    service.stage.clock.advance(HOUR_MS);
    let second = service.make_feed(owner).await;
    assert_ne!(first, second);
    let secret = second.strip_prefix("/api/v1/calendar.ics?s=").unwrap();
    assert_eq!(secret.len(), 43, "32 bytes");
    let known = service.get(owner, FEED).await;
    let made_at = service.stage.clock.now();
    assert_eq!(known.body, json!({ "created_at": made_at }));
    service.is_gone(&first).await;
    service.read_calendar(&second).await;
    for wrong in ["", "?s=", "?s=x", "?s=%27%20OR%201=1"] {
        let path = format!("/api/v1/calendar.ics{wrong}");
        service.is_gone(&path).await;
    }
    service.is_gone(&second[..second.len() - 1]).await;

    for _ in 0..2 {
        let ended = service.send_feed(Method::DELETE, owner).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.body);
    }
    service.is_gone(&second).await;
    let none = service.get(owner, FEED).await;
    assert_eq!(none.body, json!({ "created_at": null }));
    service.read_calendar(&other).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_store_has_a_hash_of_the_secret_and_one_feed_of_each_person(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let made_at_once = (0..8).map(|_| service.make_feed(customer(1)));
    let mut answering = Vec::new();
    for path in join_all(made_at_once).await {
        let answer = service.send(Request::get(&path), None).await;
        if answer.status == StatusCode::OK {
            answering.push(path);
        }
    }
    let [path] = answering.as_slice() else {
        panic!("{answering:?}");
    };
    let (_, secret) = path.split_once("?s=").unwrap();
    let hashes: Vec<Vec<u8>> = service
        .stage
        .sql
        .fetch_all("SELECT secret_hash FROM calendar_feeds", vals![])
        .await
        .unwrap();
    let [hash] = hashes.as_slice() else {
        panic!("{hashes:?}");
    };
    assert_eq!(hash.len(), 32);
    assert_ne!(hash, secret.as_bytes());
    let plain = Hash::digest_bytes(secret.as_bytes());
    assert_ne!(hash, &plain.0, "it is keyed");
    // Their hash is no secret.
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    service
        .is_gone(&format!("/api/v1/calendar.ics?s={hex}"))
        .await;
}

#[tokio::test]
async fn a_feed_is_made_by_customers_and_providers_alone() {
    let service = Service::new(Engine::Sqlite).await;
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let refused = service.send_feed(method.clone(), admin()).await;
        refused.refused(403, "role_forbidden");
        let request = Request::builder().method(method).uri(FEED);
        service
            .send(request, None)
            .await
            .refused(401, "invalid_token");
    }
}

fn revocation_of(stage: &Stage, person: Actor) -> Event {
    let body = UserEvent {
        user_id: person.user_id,
        role: person.role,
        session_id: None,
    };
    let id = EventId(stage.clock.new_id());
    let trace = TraceId::random();
    let at = stage.clock.now();
    Event::new(id, EventType::UserRevoked, at, trace.as_str(), &body).unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_feed_of_a_revoked_person_ends(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    agree(stage, customer(1), provider(1), "Fix a tap").await;
    let revoked = service.make_feed(provider(1)).await;
    let other = service.make_feed(customer(1)).await;
    let consumer = UserEventConsumer {
        store: stage.store.clone(),
    };
    let event = revocation_of(stage, provider(1));
    consumer.handle(&event).await.unwrap();
    service.is_gone(&revoked).await;
    let calendar = service.read_calendar(&other).await;
    assert_eq!(jobs_of(&calendar), [("Fix a tap", "CONFIRMED")]);
    let cases = service.get(admin(), "/api/v1/admin/cases").await.body;
    assert_eq!(cases["items"][0]["kind"], "revoked_holder", "{cases}");

    // A redelivered event does not end what a readmitted person made.
    let again = service.make_feed(provider(1)).await;
    consumer.handle(&event).await.unwrap();
    service.read_calendar(&again).await;
}

/// An accepted job that takes a moment.
async fn agree_at(stage: &Stage, title: &str, start: UnixMillis) {
    let draft = Draft {
        title: title.into(),
        service_start_time: Some(start),
        service_end_time: Some(start.plus_ms(1)),
        ..draft()
    };
    let order_id = stage.approved(draft).await;
    let accepted = stage.decide(provider(1), accept(order_id)).await;
    assert!(accepted.has_succeeded(), "{accepted:?}");
}

#[tokio::test]
async fn a_calendar_begins_thirty_days_back_and_has_the_last_jobs() {
    let service = Service::new(Engine::Sqlite).await;
    let stage = &service.stage;
    let start = NOW.plus_ms(DAY_MS);
    agree_at(stage, "First", start).await;
    agree_at(stage, "Second", start.plus_ms(1)).await;
    let path = service.make_feed(provider(1)).await;
    stage.clock.advance(31 * DAY_MS);
    let both = service.read_calendar(&path).await;
    let [first, second] = [("First", "CONFIRMED"), ("Second", "CONFIRMED")];
    assert_eq!(jobs_of(&both), [second, first]);
    stage.clock.advance(1);
    let one = service.read_calendar(&path).await;
    assert_eq!(jobs_of(&one), [second]);

    let later = stage.clock.now().plus_ms(DAY_MS);
    for n in 1..=CALENDAR_JOBS_MAX {
        let start = later.plus_ms(i64::try_from(n).unwrap());
        agree_at(stage, &format!("Job {n}"), start).await;
    }
    let full = service.read_calendar(&path).await;
    let jobs = jobs_of(&full);
    assert_eq!(jobs.len(), 500);
    assert_eq!((jobs[0].0, jobs[499].0), ("Job 500", "Job 1"));
}
