//! Pushes to browsers, at a push service on this machine.

use std::{collections::BTreeMap, future::pending};

use axum::{
    body::Bytes,
    extract::Path,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::consume::EventHandler;
use process::tasks::Tasks;
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    hmac,
    rand::SystemRandom,
};
use tokio::net::TcpListener;
use wire::UserEvent;

use super::*;
use crate::store::StoredSubscription;

const AUTH_SECRET: [u8; 16] = [9; 16];

/// How the push service answers a device.
#[derive(Clone, Copy)]
enum PushReply {
    Status(u16),
    /// Too many requests, with the seconds to wait.
    Wait(u32),
    Redirect,
    Never,
}

struct ReceivedPush {
    device: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A push service; devices without a reply take what comes.
#[derive(Clone, Default)]
struct PushReceiver {
    replies: Arc<Mutex<BTreeMap<String, PushReply>>>,
    received: Arc<Mutex<Vec<ReceivedPush>>>,
}

impl PushReceiver {
    async fn take_push(
        State(receiver): State<Self>,
        Path(device): Path<String>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        let reply = receiver.replies.lock().unwrap().get(&device).copied();
        let push = ReceivedPush {
            device,
            headers,
            body,
        };
        receiver.received.lock().unwrap().push(push);
        match reply.unwrap_or(PushReply::Status(201)) {
            PushReply::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
            PushReply::Wait(seconds) => {
                let wait = [("retry-after", seconds.to_string())];
                (StatusCode::TOO_MANY_REQUESTS, wait).into_response()
            }
            PushReply::Redirect => {
                (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response()
            }
            PushReply::Never => pending().await,
        }
    }

    fn reply(&self, device: &str, reply: PushReply) {
        self.replies
            .lock()
            .unwrap()
            .insert(device.to_owned(), reply);
    }

    /// The devices that were called since the last look, sorted.
    fn take_called(&self) -> Vec<String> {
        let received = std::mem::take(&mut *self.received.lock().unwrap());
        let mut called: Vec<_> = received.into_iter().map(|push| push.device).collect();
        called.sort();
        called
    }
}

struct PushService {
    service: DeliveryService,
    receiver: PushReceiver,
    address: String,
    /// The browsers' private keys: each reads one message.
    keys: BTreeMap<String, EphemeralPrivateKey>,
    _tasks: Tasks,
}

impl PushService {
    async fn new() -> Self {
        let receiver = PushReceiver::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/{device}", post(PushReceiver::take_push))
            .with_state(receiver.clone());
        let tasks = Tasks::new();
        tasks.spawn("push receiver", async move {
            axum::serve(listener, router).await.unwrap();
        });
        let sinks = tempfile::tempdir().unwrap();
        let web_push = Some(samples::web_push(sinks.path()));
        let outbound = OutboundChannels {
            web_push,
            ..samples::no_channels()
        };
        let service = DeliveryService::with(outbound, sinks).await;
        service
            .save_preferences(&preferences_for(&[Channel::Push]))
            .await;
        Self {
            service,
            receiver,
            address,
            keys: BTreeMap::new(),
            _tasks: tasks,
        }
    }

    async fn add_device(&mut self, name: &str) {
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let subscription = StoredSubscription {
            endpoint: format!("{}/{name}", self.address),
            p256dh: URL_SAFE_NO_PAD.encode(own.compute_public_key().unwrap()),
            auth: URL_SAFE_NO_PAD.encode(AUTH_SECRET),
        };
        self.keys.insert(name.to_owned(), own);
        let now = self.service.clock.now();
        let devices = &self.service.dispatcher.devices;
        let id = self.service.clock.new_id();
        devices
            .register(id, CUSTOMER, name, &subscription, now)
            .await
            .unwrap();
    }

    async fn device_times(&self, name: &str) -> Option<(Option<i64>, Option<i64>)> {
        let devices = &self.service.dispatcher.devices;
        let own = devices.find_devices_of(CUSTOMER).await.unwrap();
        let device = own.into_iter().find(|device| device.body.name == name)?;
        let ms = |at: Option<UnixMillis>| at.map(|at| at.ms_since(AT));
        Some((ms(device.body.delivered_at), ms(device.body.failed_at)))
    }

    async fn read_delivery(&self) -> (DeliveryState, i64, Option<String>, i64) {
        let log = &self.service.dispatcher.delivery_store;
        let (_, delivery) = log.read_page(None, None, 1).await.unwrap().items.remove(0);
        let pause = delivery.due_at.ms_since(self.service.clock.now());
        (
            delivery.state,
            delivery.attempts,
            delivery.why,
            pause / 1_000,
        )
    }

    async fn send_payment_news(&self) {
        self.service.plan_event(EventType::PaymentCompleted).await;
        self.service.send_due().await;
    }
}

/// Reads a body as a browser does: RFC 8291 and RFC 8188, on HMAC alone.
fn decrypt(own: EphemeralPrivateKey, body: &[u8]) -> Value {
    let device = own.compute_public_key().unwrap();
    let (salt, sender) = (&body[..16], &body[21..86]);
    assert_eq!(
        body[16..21],
        [0, 0, 16, 0, 65],
        "one record of 4,096 bytes, a key of 65"
    );
    let mac = |key: &[u8], parts: &[&[u8]]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, &parts.concat()).as_ref().to_vec()
    };
    let theirs = UnparsedPublicKey::new(&ECDH_P256, sender);
    let agreed = agree_ephemeral(own, &theirs, |shared| mac(&AUTH_SECRET, &[shared])).unwrap();
    let input = mac(
        &agreed,
        &[b"WebPush: info\0", device.as_ref(), sender, &[1]],
    );
    let derived = mac(salt, &[&input]);
    let key = mac(&derived, &[b"Content-Encoding: aes128gcm\0\x01"]);
    let nonce = mac(&derived, &[b"Content-Encoding: nonce\0\x01"]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..16]).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&nonce[..12]).unwrap();
    let mut record = body[86..].to_vec();
    let content = key.open_in_place(nonce, Aad::empty(), &mut record).unwrap();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap();
    assert_eq!(content[end], 2, "the last record");
    serde_json::from_slice(&content[..end]).unwrap()
}

#[tokio::test]
async fn each_device_is_told_once_and_only_it_can_read_the_news() {
    let mut push = PushService::new().await;
    for name in ["phone", "desk"] {
        push.add_device(name).await;
    }
    push.send_payment_news().await;
    let received = std::mem::take(&mut *push.receiver.received.lock().unwrap());
    assert_eq!(received.len(), 2);
    let topic = received[0].headers["topic"].to_str().unwrap().to_owned();
    for ReceivedPush {
        device,
        headers,
        body,
    } in &received
    {
        let text = decrypt(push.keys.remove(device).unwrap(), body);
        let order = samples::lines(EventType::PaymentCompleted)[0]
            .order_id
            .unwrap();
        let expected = json!({
            "title": "Payment received", "text": "More in your inbox.",
            "path": format!("/orders/{order}"), "tag": topic,
        });
        assert_eq!(text, expected);
        let sent = ["ttl", "urgency", "content-encoding", "topic"]
            .map(|name| headers[name].to_str().unwrap().to_owned());
        assert_eq!(sent, ["86400", "normal", "aes128gcm", topic.as_str()]);
        assert_eq!(topic.len(), 32, "the longest topic that services take");
        let proof = headers["authorization"].to_str().unwrap();
        let claims = proof.split('.').nth(1).unwrap();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims["aud"], json!(push.address));
    }
    push.service.send_due().await;
    assert!(push.receiver.take_called().is_empty());
    assert_eq!(push.read_delivery().await.0, DeliveryState::Sent);
    assert_eq!(push.device_times("desk").await, Some((Some(0), None)));
}

#[tokio::test]
async fn a_retry_calls_only_devices_that_were_neither_told_nor_ended() {
    let mut push = PushService::new().await;
    for name in ["told", "gone", "lost", "large", "busy"] {
        push.add_device(name).await;
    }
    for (name, status) in [("gone", 410), ("lost", 404), ("large", 413), ("busy", 503)] {
        push.receiver.reply(name, PushReply::Status(status));
    }
    push.send_payment_news().await;
    assert_eq!(
        push.receiver.take_called(),
        ["busy", "gone", "large", "lost", "told"]
    );
    let why = Some("the push service answered 503".to_owned());
    assert_eq!(
        push.read_delivery().await,
        (DeliveryState::Waiting, 1, why, 15)
    );
    for ended in ["gone", "lost"] {
        assert_eq!(push.device_times(ended).await, None);
    }
    assert_eq!(push.device_times("large").await, Some((None, Some(0))));

    push.receiver.reply("busy", PushReply::Status(201));
    push.service.clock.advance(15_000);
    push.service.send_due().await;
    assert_eq!(push.receiver.take_called(), ["busy"]);
    let (state, attempts, why, _) = push.read_delivery().await;
    assert_eq!((state, attempts), (DeliveryState::Sent, 2));
    assert_eq!(
        why.unwrap(),
        "the push service refused the message with status 413"
    );
    assert_eq!(
        push.device_times("busy").await,
        Some((Some(15_000), Some(0)))
    );
}

#[tokio::test]
async fn what_a_service_refuses_for_good_is_given_up_with_its_number() {
    for (reply, number) in [
        (PushReply::Status(400), 400),
        (PushReply::Status(403), 403),
        (PushReply::Status(413), 413),
        // Never followed: the list would be worth nothing.
        (PushReply::Redirect, 307),
    ] {
        let mut push = PushService::new().await;
        push.add_device("phone").await;
        push.receiver.reply("phone", reply);
        push.send_payment_news().await;
        assert_eq!(push.receiver.take_called(), ["phone"], "{number}");
        let why = format!("the push service refused the message with status {number}");
        let (state, attempts, given, _) = push.read_delivery().await;
        assert_eq!(
            (state, attempts, given),
            (DeliveryState::GivenUp, 1, Some(why))
        );
        assert!(push.device_times("phone").await.is_some());
    }
}

#[tokio::test]
async fn a_service_that_asks_for_time_gets_at_most_an_hour() {
    for (asked, pause) in [(5, 15), (120, 120), (86_400, 3_600)] {
        let mut push = PushService::new().await;
        push.add_device("phone").await;
        push.receiver.reply("phone", PushReply::Wait(asked));
        push.send_payment_news().await;
        let why = Some("the push service answered 429".to_owned());
        assert_eq!(
            push.read_delivery().await,
            (DeliveryState::Waiting, 1, why, pause)
        );
    }
}

#[tokio::test]
async fn a_service_that_hangs_delays_no_other_device() {
    let mut push = PushService::new().await;
    for name in ["hangs", "hangs-too", "hangs-as-well", "phone"] {
        push.add_device(name).await;
    }
    for name in ["hangs", "hangs-too", "hangs-as-well"] {
        push.receiver.reply(name, PushReply::Never);
    }
    // One after the other they would take twelve seconds.
    let within = Duration::from_secs(11);
    tokio::time::timeout(within, push.send_payment_news())
        .await
        .expect("all are given up at once");
    let why = Some("the push service did not answer".to_owned());
    assert_eq!(
        push.read_delivery().await,
        (DeliveryState::Waiting, 1, why, 15)
    );
    assert_eq!(push.device_times("phone").await, Some((Some(0), None)));
    assert_eq!(push.device_times("hangs").await, Some((None, Some(0))));
}

#[tokio::test]
async fn a_delivery_that_reached_one_device_is_sent_even_if_another_stays_away() {
    let mut push = PushService::new().await;
    for name in ["phone", "away"] {
        push.add_device(name).await;
    }
    push.receiver.reply("away", PushReply::Status(500));
    push.send_payment_news().await;
    for _ in 1..ATTEMPTS_MAX {
        push.service.clock.advance(PAUSE_MAX_MS);
        push.service.send_due().await;
    }
    let called = push.receiver.take_called();
    let told = called.iter().filter(|device| *device == "phone").count();
    assert_eq!((told, called.len()), (1, 9), "{called:?}");
    let why = Some("the push service answered 500".to_owned());
    let (state, attempts, given, _) = push.read_delivery().await;
    assert_eq!((state, attempts, given), (DeliveryState::Sent, 8, why));
}

#[tokio::test]
async fn a_person_without_a_device_and_one_whose_account_is_closed_are_not_pushed_to() {
    let push = PushService::new().await;
    push.send_payment_news().await;
    assert_eq!(push.read_delivery().await.0, DeliveryState::Dropped);

    let mut push = PushService::new().await;
    push.add_device("phone").await;
    push.service.auth.is_closed.store(true, Ordering::Relaxed);
    push.send_payment_news().await;
    assert_eq!(push.read_delivery().await.0, DeliveryState::Dropped);
    assert!(push.receiver.take_called().is_empty());
}

#[tokio::test]
async fn a_revoked_persons_devices_end_save_those_registered_since() {
    let mut push = PushService::new().await;
    push.add_device("before").await;
    push.service.clock.advance(1_000);
    push.add_device("since").await;
    let account = UserEvent {
        user_id: CUSTOMER,
        role: Role::Customer,
        session_id: None,
    };
    let revoked = samples::event(EventType::UserRevoked, &account);
    for _ in 0..2 {
        push.service
            .consumer()
            .await
            .handle(&revoked)
            .await
            .unwrap();
    }
    assert_eq!(push.device_times("before").await, None);
    assert!(push.device_times("since").await.is_some());
}
