//! Notices over HTTP: recipients, channels, records and refusals.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, extract::State, response::IntoResponse, routing::post};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use platform::{documents::Documents, messages::Push, sms::Sms, upstream::Upstream, vals};
use process::{
    clock::Clock,
    tokens::{ServiceKey, TokenVerifier},
    trust::CertificateAuthorities,
};
use serde_json::{Value, json};
use support::Issuer;
use tower::ServiceExt;
use wire::{Actor, Role};

use super::*;
use crate::{
    channels::{Mailer, OutboundChannels},
    delivery::NotificationDispatcher,
    domain::{DeliveryPreferences, InboxOwner},
    handlers::stream::InboxStreams,
    routes::router,
    tests::samples::{self, AT, CUSTOMER, PROVIDER},
};

const ADMIN: UserId = UserId(Uuid::from_u128(90));
const EMAIL: &str = "/api/v1/admin/notices/email";
const SMS: &str = "/api/v1/admin/notices/sms";
const INTERNAL: &str = "/internal/notices";
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Auth's answer for every person; `null` simulates an outage.
#[derive(Clone)]
struct AuthPart(Arc<Mutex<Value>>);

impl AuthPart {
    fn says(&self, word: Value) {
        *self.0.lock().unwrap() = word;
    }

    async fn contact(State(part): State<Self>) -> axum::response::Response {
        let word = part.0.lock().unwrap().clone();
        let status = match word {
            Value::Null => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        (status, axum::Json(word)).into_response()
    }
}

fn open(role: Role) -> Value {
    json!({
        "is_open": true, "role": role, "email": "zhang.san@example.org", "is_unconfirmed": false,
        "phone": "+8613800138042",
    })
}

struct Scene {
    router: Router,
    dispatcher: NotificationDispatcher,
    auth: AuthPart,
    issuer: Issuer,
    service_key: ServiceKey,
    clock: Clock,
    /// Folders of mails and text messages.
    sinks: tempfile::TempDir,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let sinks = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("folder:{}", sinks.path().join(name).display());
        let none = std::path::Path::new("");
        let authorities = CertificateAuthorities::with_public_roots();
        let from = "Holdfast <h@example.org>";
        let outbound = OutboundChannels {
            mail: Mailer::open(&at("email"), from, none, &authorities).unwrap(),
            sms: Sms::open_trusting(&at("sms"), none, &authorities).unwrap(),
            push: Push::Off,
            web_push: None,
        };
        let auth = AuthPart(Arc::new(Mutex::new(open(Role::Customer))));
        let part = Router::new().route("/internal/contact", post(AuthPart::contact));
        let clock = Clock::fixed_at(AT);
        let upstream = Upstream::from_router(part.with_state(auth.clone()));
        let (deliveries, folder) = samples::deliveries(outbound, upstream, &clock).await;
        let issuer = Issuer::new();
        let service_key = testing::service_key();
        let verifier = TokenVerifier {
            service: crate::NAME,
            keys: issuer.keys(),
            service_key: service_key.clone(),
            clock: clock.clone(),
        };
        let service = Service {
            store: deliveries.inboxes.clone(),
            preferences: deliveries.preferences.clone(),
            delivery_store: deliveries.delivery_store.clone(),
            devices: deliveries.devices.clone(),
            web_push: None,
            notices: samples::notices(&deliveries, &folder).await,
            channels: Vec::new(),
            verifier,
            streams: InboxStreams::new(process::tasks::Tasks::new()),
        };
        let router = process::web::with_standard_layers(router(service), crate::NAME);
        Self {
            router,
            dispatcher: deliveries,
            auth,
            issuer,
            service_key,
            clock,
            sinks,
            folder,
        }
    }

    fn token(&self, user_id: UserId, role: Role) -> String {
        self.issuer.token(Actor { user_id, role }, self.clock.now())
    }

    /// The token of the calling service.
    fn service_token(&self, from: &'static str) -> String {
        self.service_key.issue_token(from, crate::NAME, &self.clock)
    }

    async fn send(&self, path: &str, token: &str, key: Option<&str>, form: &Value) -> Answer {
        let mut request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Body::from(form.to_string())).unwrap();
        answer(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// As an admin, without an idempotency key.
    async fn write(&self, path: &str, form: &Value) -> Answer {
        self.send(path, &self.token(ADMIN, Role::Admin), None, form)
            .await
    }

    async fn record(&self) -> Value {
        let token = self.token(ADMIN, Role::Admin);
        let request = Request::get("/api/v1/admin/notices")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty());
        answer(self.router.clone().oneshot(request.unwrap()).await.unwrap())
            .await
            .1["items"]
            .take()
    }

    /// The titles of a person's lines.
    async fn inbox(&self, user_id: UserId, role: Role) -> Vec<String> {
        let owner = InboxOwner { user_id, role };
        let lines = self
            .dispatcher
            .inboxes
            .find_newest_unread(owner, 200)
            .await
            .unwrap();
        let said = lines.iter().map(|stored| {
            crate::domain::render_line_text(samples::locale(wire::Language::English), &stored.line)
        });
        said.map(|said| said.title).collect()
    }

    /// Everything sent on a channel, after sending due deliveries.
    async fn went_by(&self, channel: Channel) -> Vec<Value> {
        for channel in [Channel::Email, Channel::Sms] {
            self.dispatcher.send_due_deliveries(channel).await.unwrap();
        }
        let files = std::fs::read_dir(self.sinks.path().join(channel.as_str())).unwrap();
        let bytes = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        bytes
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
            .collect()
    }
}

type Answer = (StatusCode, Value);

async fn answer(answer: axum::response::Response) -> Answer {
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

fn form(to: UserId) -> Value {
    json!({ "user_id": to, "title": "The lift is broken", "content": "Please ring the bell." })
}

fn service_form(id: u128, kind: &str) -> Value {
    json!({
        "id": Uuid::from_u128(id), "user_id": CUSTOMER, "kind": kind, "title": "A word",
        "content": "Of a service.", "order_id": Uuid::from_u128(9),
    })
}

#[tokio::test]
async fn an_admins_notice_stands_in_the_inbox_is_mailed_whatever_the_wishes_and_is_on_record() {
    let scene = Scene::new().await;
    // No mail, and digests at night.
    let silent = DeliveryPreferences {
        wishes: [].into(),
        digest_hour: Some(3),
        ..DeliveryPreferences::default()
    };
    assert!(
        scene
            .dispatcher
            .preferences
            .save_preferences(CUSTOMER, 0, &silent)
            .await
            .unwrap()
    );
    let token = scene.token(ADMIN, Role::Admin);
    for _ in 0..2 {
        let (status, written) = scene
            .send(EMAIL, &token, Some("once"), &form(CUSTOMER))
            .await;
        assert_eq!(status, StatusCode::OK, "{written}");
        assert_eq!(written["channel"], "email");
    }
    assert_eq!(
        scene.inbox(CUSTOMER, Role::Customer).await,
        ["The lift is broken"]
    );
    let mails = scene.went_by(Channel::Email).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0]["subject"], "The lift is broken");
    assert!(
        mails[0]["text"]
            .as_str()
            .unwrap()
            .contains("Please ring the bell."),
        "{mails:?}"
    );
    assert!(scene.went_by(Channel::Sms).await.is_empty());
    let record = scene.record().await;
    assert_eq!(record.as_array().unwrap().len(), 1);
    assert_eq!(record[0]["author"], format!("admin:{ADMIN}"));
    assert_eq!(
        (&record[0]["user_id"], &record[0]["kind"]),
        (&json!(CUSTOMER), &json!("account"))
    );
}

#[tokio::test]
async fn a_notice_is_not_mailed_to_an_address_that_nobody_has_confirmed() {
    let scene = Scene::new().await;
    let mut unconfirmed = open(Role::Customer);
    (unconfirmed["email"], unconfirmed["is_unconfirmed"]) = (Value::Null, json!(true));
    scene.auth.says(unconfirmed);
    assert_eq!(scene.write(EMAIL, &form(CUSTOMER)).await.0, StatusCode::OK);
    assert!(scene.went_by(Channel::Email).await.is_empty());
    assert_eq!(scene.inbox(CUSTOMER, Role::Customer).await.len(), 1);
}

#[tokio::test]
async fn a_text_message_says_no_word_of_the_notice_and_reaches_proven_phones_alone() {
    let scene = Scene::new().await;
    assert_eq!(scene.write(SMS, &form(CUSTOMER)).await.1["channel"], "sms");
    let sent = scene.went_by(Channel::Sms).await;
    assert_eq!(sent.len(), 1);
    let text = sent[0]["text"].as_str().unwrap();
    assert!(
        text.contains("You have a message") && !text.contains("lift"),
        "{text}"
    );
    assert!(!text.contains("bell"), "{text}");

    scene.auth.says(open(Role::Provider));
    let (status, written) = scene.write(SMS, &form(PROVIDER)).await;
    assert_eq!(
        (status, &written["channel"]),
        (StatusCode::OK, &Value::Null)
    );
    assert_eq!(scene.went_by(Channel::Sms).await.len(), 1);
    assert_eq!(scene.inbox(PROVIDER, Role::Provider).await.len(), 1);
}

#[tokio::test]
async fn whom_auth_does_not_vouch_for_gets_nothing_and_nothing_is_kept() {
    let scene = Scene::new().await;
    let closed = json!({"is_open": false, "role": null, "email": null, "is_unconfirmed": false});
    let mut before = open(Role::Customer);
    before["role"] = Value::Null;
    for (word, status, code) in [
        (Value::Null, StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        (before, StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        (closed, StatusCode::NOT_FOUND, "not_found"),
        (
            open(Role::Admin),
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_input",
        ),
    ] {
        scene.auth.says(word);
        let service = scene.service_token("review");
        let of_service = scene
            .send(INTERNAL, &service, None, &service_form(1, "orders"))
            .await;
        for (answered, problem) in [of_service, scene.write(EMAIL, &form(CUSTOMER)).await] {
            assert_eq!((answered, &problem["code"]), (status, &json!(code)));
        }
    }
    assert_eq!(scene.record().await, json!([]));
    for role in Role::ALL {
        assert!(scene.inbox(CUSTOMER, role).await.is_empty());
    }
}

#[tokio::test]
async fn a_service_writes_once_under_its_id_and_leaves_the_channels_to_the_persons_wishes() {
    let scene = Scene::new().await;
    let service = scene.service_token("review");
    let (status, first) = scene
        .send(INTERNAL, &service, None, &service_form(1, "jobs"))
        .await;
    assert_eq!(status, StatusCode::OK, "{first}");
    // Again, while auth is down.
    scene.auth.says(Value::Null);
    let again = scene
        .send(INTERNAL, &service, None, &service_form(1, "jobs"))
        .await;
    assert_eq!(again, (StatusCode::OK, first));
    let (status, other) = scene
        .send(INTERNAL, &service, None, &service_form(1, "money"))
        .await;
    assert_eq!(
        (status, &other["code"]),
        (StatusCode::CONFLICT, &json!("command_id_reused"))
    );
    scene.auth.says(open(Role::Customer));
    assert_eq!(scene.inbox(CUSTOMER, Role::Customer).await, ["A word"]);
    assert!(
        scene.went_by(Channel::Email).await.is_empty(),
        "nobody has wished for mail of jobs"
    );

    let other = scene.service_token("order");
    let (status, _) = scene
        .send(INTERNAL, &other, None, &service_form(1, "money"))
        .await;
    assert_eq!(status, StatusCode::OK, "an id is told apart by its service");
    assert_eq!(scene.went_by(Channel::Email).await.len(), 1);
    let record = scene.record().await;
    assert_eq!(
        (&record[0]["author"], &record[0]["channel"]),
        (&json!("service:order"), &Value::Null)
    );
}

#[tokio::test]
async fn the_routes_are_for_admins_and_for_services() {
    let scene = Scene::new().await;
    let customer = scene.token(CUSTOMER, Role::Customer);
    let admin = scene.token(ADMIN, Role::Admin);
    assert_eq!(
        scene.send(EMAIL, &customer, None, &form(PROVIDER)).await.0,
        StatusCode::FORBIDDEN
    );
    for token in [&customer, &admin] {
        let (status, _) = scene
            .send(INTERNAL, token, None, &service_form(1, "money"))
            .await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(scene.record().await, json!([]));
}

#[tokio::test]
async fn nobody_is_flooded_whoever_writes_and_an_admin_writes_at_a_pace() {
    let scene = Scene::new().await;
    let service = scene.service_token("review");
    let person = |n: usize| UserId(Uuid::from_u128(1_000 + n as u128));
    for n in 0..BY_ONE_ADMIN_PER_HOUR {
        let (status, written) = scene.write(EMAIL, &form(person(n / TO_ONE_PER_HOUR))).await;
        assert_eq!(status, StatusCode::OK, "{n}: {written}");
    }
    let mut to_first = service_form(1, "money");
    to_first["user_id"] = json!(person(0));
    let of_service = scene.send(INTERNAL, &service, None, &to_first).await;
    for (status, problem) in [of_service, scene.write(EMAIL, &form(person(70))).await] {
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited"))
        );
    }
    // Another author, then another recipient; an hour later all succeed.
    assert_eq!(
        scene
            .send(INTERNAL, &service, None, &service_form(1, "money"))
            .await
            .0,
        StatusCode::OK
    );
    scene.clock.advance(HOUR_MS + 1);
    assert_eq!(scene.write(EMAIL, &form(person(0))).await.0, StatusCode::OK);
}

#[tokio::test]
async fn words_are_bounded_and_stand_sealed() {
    let scene = Scene::new().await;
    for (field, words) in [
        ("title", String::new()),
        ("title", "长".repeat(121)),
        ("title", "two\nlines".into()),
        ("content", "长".repeat(2_001)),
    ] {
        let mut wrong = form(CUSTOMER);
        wrong[field] = json!(words);
        let (status, problem) = scene.write(EMAIL, &wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    assert_eq!(scene.write(EMAIL, &form(CUSTOMER)).await.0, StatusCode::OK);
    let url = format!(
        "sqlite:{}",
        scene.folder.path().join("notification.db").display()
    );
    let Documents::Sqlite(sql) = Documents::open(&url).await.unwrap() else {
        panic!("SQLite")
    };
    let kept: Vec<String> = sql
        .fetch_all("SELECT body FROM notices", vals![])
        .await
        .unwrap();
    assert!(
        kept.len() == 1 && !kept[0].contains("lift") && !kept[0].contains("bell"),
        "{kept:?}"
    );
}
