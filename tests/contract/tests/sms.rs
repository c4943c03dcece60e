//! Text messages and push notifications: the sender's guarantees, for the folder and a gateway.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use http::StatusCode;
use platform::{
    messages::{GatewayAddressError, GatewayError, Push, PushAddressError, PushMessage},
    sms::{CountryCode, PhoneNumber, Sms, SmsAddressError, SmsError, SmsMessage},
};
use process::{
    clock::Clock,
    tasks::Tasks,
    tokens::bearer_token,
    trust::CertificateAuthorities,
    web::{self, Certificate},
};
use ring::hmac;
use serde_json::{Value, json};
use support::Authority;
use wire::UserId;

const LIMIT: Duration = Duration::from_secs(10);
const SECRET: &str = "gateway-secret-7";

fn message(clock: &Clock, text: &str) -> SmsMessage {
    let to = PhoneNumber::parse_typed("13800138000", &CountryCode::default()).unwrap();
    SmsMessage {
        id: clock.new_id(),
        to,
        text: text.to_owned(),
    }
}

fn secret(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("sms.secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    file
}

/// The messages a gateway received, and its error statuses before it accepts one.
#[derive(Clone, Default)]
struct Heard {
    messages: Arc<Mutex<Vec<(Value, String)>>>,
    refusals: Arc<Mutex<Vec<u16>>>,
}

impl Heard {
    fn answering(statuses: &[u16]) -> Self {
        let refusals = statuses.iter().rev().copied().collect();
        Self {
            refusals: Arc::new(Mutex::new(refusals)),
            ..Self::default()
        }
    }

    fn messages(&self) -> Vec<(Value, String)> {
        self.messages.lock().unwrap().clone()
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/messages", post(take))
            .with_state(self.clone())
    }

    async fn listen(&self, tasks: &Tasks) -> String {
        let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/messages", listener.local_addr().unwrap());
        let router = web::with_standard_layers(self.routes(), "gateway");
        let serving = web::serve_http(
            listener,
            router,
            web::ConnectionSlots::default(),
            tasks.stop_token(),
        );
        tasks.spawn_once("serve", serving);
        url
    }
}

async fn take(
    State(heard): State<Heard>,
    headers: HeaderMap,
    Json(message): Json<Value>,
) -> (StatusCode, &'static str) {
    assert_eq!(bearer_token(&headers), Some(SECRET));
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    heard.messages.lock().unwrap().push((message, key));
    let status = heard.refusals.lock().unwrap().pop().unwrap_or(202);
    (
        StatusCode::from_u16(status).unwrap(),
        "taken, and this is no JSON",
    )
}

#[tokio::test]
async fn a_folder_keeps_the_newest_messages_for_its_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let folder = parent.path().join("sms");
    let sms = Sms::open(&format!("folder:{}", folder.display()), Path::new("")).unwrap();
    assert!(sms.is_on());
    for index in 0..103 {
        sms.send(&message(&clock, &format!("message {index}")))
            .await
            .unwrap();
    }
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort_unstable();
    let texts: Vec<Value> = files
        .iter()
        .map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
        .collect();
    assert_eq!(texts.len(), 100);
    assert_eq!(
        texts[0],
        json!({ "to": "+8613800138000", "text": "message 3" })
    );
    assert_eq!(texts[99]["text"], "message 102");
    for (path, mode) in [(&folder, 0o700), (&files[0], 0o600)] {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            mode
        );
    }
}

#[tokio::test]
async fn a_gateway_is_asked_with_the_secret_and_again_under_the_same_id_while_it_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let tasks = Tasks::new();
    let heard = Heard::answering(&[503, 429]);
    let url = heard.listen(&tasks).await;
    let sms = Sms::open(&url, &secret(folder.path())).unwrap();
    let sent = message(&clock, "Your code is 123456");
    sms.send(&sent).await.unwrap();
    let expected = json!({ "id": sent.id, "to": "+8613800138000", "text": "Your code is 123456" });
    assert_eq!(heard.messages(), vec![(expected, sent.id.to_string()); 3]);
    tasks.shutdown(LIMIT).await;
}

#[tokio::test]
async fn a_message_is_given_up_after_three_tries_or_a_refusal_and_no_word_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let tasks = Tasks::new();
    let secret = secret(folder.path());
    for (statuses, tries, passing) in [
        (&[500, 502, 503, 504][..], 3, true),
        (&[400][..], 1, false),
        (&[302][..], 1, false),
    ] {
        let heard = Heard::answering(statuses);
        let sms = Sms::open(&heard.listen(&tasks).await, &secret).unwrap();
        let error = sms
            .send(&message(&clock, "Your code is 123456"))
            .await
            .unwrap_err();
        assert_eq!(
            (heard.messages().len(), error.is_passing()),
            (tries, passing),
            "{error}"
        );
        let said = format!("{error} {error:?}");
        for hidden in ["138", "123456", SECRET] {
            assert!(!said.contains(hidden), "{said}");
        }
    }
    tasks.shutdown(LIMIT).await;

    let closed = web::bind_listener("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = Sms::open(&format!("http://{closed}/"), &secret).unwrap();
    let error = nobody.send(&message(&clock, "hi")).await.unwrap_err();
    assert!(
        matches!(error, SmsError::Gateway(GatewayError::Away(_))),
        "{error}"
    );
}

#[tokio::test]
async fn a_gateway_by_tls_is_known_by_the_authority_of_the_operator_and_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let tasks = Tasks::new();
    let authority = Authority::new().unwrap();
    let heard = Heard::default();
    let identity = authority.server("localhost").unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let chain = write("chain.pem", &identity.certificate);
    let certificate = Certificate::load(chain, write("key.pem", &identity.key))
        .await
        .unwrap();
    let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}/messages",
        listener.local_addr().unwrap().port()
    );
    let router = web::with_standard_layers(heard.routes(), "gateway");
    let slots = web::ConnectionSlots::default();
    let serving = web::serve_https(listener, certificate, router, slots, tasks.stop_token());
    tasks.spawn_once("serve", serving);

    let secret = secret(folder.path());
    let own = CertificateAuthorities::with_own(&write("own.pem", authority.pem())).unwrap();
    let sms = Sms::open_trusting(&url, &secret, &own).unwrap();
    sms.send(&message(&clock, "by TLS")).await.unwrap();
    let stranger =
        Sms::open_trusting(&url, &secret, &CertificateAuthorities::with_public_roots()).unwrap();
    assert!(stranger.send(&message(&clock, "to nobody")).await.is_err());
    assert_eq!(heard.messages().len(), 1);
    tasks.shutdown(LIMIT).await;
}

#[tokio::test]
async fn messages_are_off_where_nothing_is_set_and_a_setting_of_no_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let off = Sms::open("off", Path::new("")).unwrap();
    assert!(!off.is_on());
    let error = off
        .send(&message(&Clock::system(), "hi"))
        .await
        .unwrap_err();
    assert!(matches!(error, SmsError::Off) && !error.is_passing());

    let secret = secret(folder.path());
    let open = |url: &str, secret: &Path| Sms::open(url, secret).err();
    for url in [
        "",
        "folder:",
        "gateway",
        "http://sms.example.org/",
        "https://u:p@sms.example.org/",
    ] {
        assert!(
            matches!(open(url, &secret), Some(SmsAddressError::Form)),
            "{url}"
        );
    }
    let url = "https://sms.example.org/";
    assert!(matches!(
        open(url, Path::new("")),
        Some(SmsAddressError::Gateway(GatewayAddressError::Secret { .. }))
    ));
    let empty = folder.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    assert!(matches!(
        open(url, &empty),
        Some(SmsAddressError::Gateway(GatewayAddressError::NoSecret(_)))
    ));
    assert!(open(url, &secret).is_none());
}

/// The requests to a push gateway: body, signature and idempotency key.
type Pushed = Arc<Mutex<Vec<(Vec<u8>, String, String)>>>;

async fn take_push(State(pushed): State<Pushed>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert!(bearer_token(&headers).is_none(), "the secret stays at home");
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut pushed = pushed.lock().unwrap();
    pushed.push((
        body.to_vec(),
        header("x-signature"),
        header("idempotency-key"),
    ));
    if pushed.len() == 1 {
        StatusCode::BAD_GATEWAY
    } else {
        StatusCode::ACCEPTED
    }
}

#[tokio::test]
async fn a_push_is_signed_with_the_secret_and_handed_over_again_under_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let tasks = Tasks::new();
    let pushed = Pushed::default();
    let routes = Router::new()
        .route("/pushes", post(take_push))
        .with_state(pushed.clone());
    let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/pushes", listener.local_addr().unwrap());
    let router = web::with_standard_layers(routes, "gateway");
    let serving = web::serve_http(
        listener,
        router,
        web::ConnectionSlots::default(),
        tasks.stop_token(),
    );
    tasks.spawn_once("serve", serving);

    let to = UserId(clock.new_id());
    let title = "Order accepted";
    let text = "Order N-7F3K60.";
    let message = PushMessage {
        id: clock.new_id(),
        to,
        title: title.to_owned(),
        text: text.to_owned(),
    };
    let push = Push::open(
        &url,
        &secret(folder.path()),
        &CertificateAuthorities::with_public_roots(),
    )
    .unwrap();
    push.send(&message).await.unwrap();
    let expected = json!({ "id": message.id, "to": to, "title": title, "text": text });
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let pushed = pushed.lock().unwrap().clone();
    assert_eq!(pushed.len(), 2);
    for (body, signature, idempotency) in pushed {
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
        hmac::verify(&key, &body, &hex::decode(signature).unwrap()).unwrap();
        assert_eq!(idempotency, message.id.to_string());
    }
    tasks.shutdown(LIMIT).await;
}

#[tokio::test]
async fn pushes_are_off_or_in_a_folder_and_a_setting_of_no_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authorities = CertificateAuthorities::with_public_roots();
    let open = |url: &str, secret: &Path| Push::open(url, secret, &authorities);
    let message = PushMessage {
        id: Clock::system().new_id(),
        to: UserId(Clock::system().new_id()),
        title: "Order accepted".to_owned(),
        text: "More in your inbox.".to_owned(),
    };
    let off = open("off", Path::new("")).unwrap();
    assert!(!off.is_on() && !off.send(&message).await.unwrap_err().is_passing());
    let sink = folder.path().join("pushes");
    let push = open(&format!("folder:{}", sink.display()), Path::new("")).unwrap();
    push.send(&message).await.unwrap();
    let kept = fs::read_dir(&sink).unwrap().next().unwrap().unwrap().path();
    let kept: Value = serde_json::from_slice(&fs::read(kept).unwrap()).unwrap();
    assert_eq!(
        (&kept["to"], &kept["title"]),
        (&json!(message.to), &json!("Order accepted"))
    );

    let secret = secret(folder.path());
    for url in ["", "folder:", "gateway", "http://push.example.org/"] {
        let refused = open(url, &secret).err();
        assert!(matches!(refused, Some(PushAddressError::Form)), "{url}");
    }
    let unread = open("https://push.example.org/", Path::new("")).err();
    assert!(matches!(
        unread,
        Some(PushAddressError::Gateway(
            GatewayAddressError::Secret { .. }
        ))
    ));
}
