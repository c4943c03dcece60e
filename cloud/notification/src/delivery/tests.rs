//! Planning, timing, retries and results of deliveries.

mod addresses;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, routing::post};
use http::StatusCode;
use platform::{consume::EventHandler, messages::Push, sms::Sms};
use process::trust::CertificateAuthorities;
use serde_json::{Value, json};
use support::{Mailbox, eventually};
use wire::{Event, EventId, EventType, PaymentStatus};

use super::*;
use crate::{
    channels::Mailer,
    domain::{LineId, QuietHours, TimeZone},
    events::InboxEventConsumer,
    tests::samples::{self, AT, CUSTOMER, PROVIDER},
};

const ADDRESS: &str = "zhang.san@example.org";
const OTHER_ADDRESS: &str = "somebody@second.example.org";
const PHONE: &str = "+8613800138042";

/// A fake auth part with one person; it can be down.
#[derive(Clone, Default)]
struct AuthPart {
    is_away: Arc<AtomicBool>,
    /// It answers only code requests.
    contact_is_away: Arc<AtomicBool>,
    /// The event that requested the other address.
    wish: Arc<Mutex<Option<EventId>>>,
    is_changed: Arc<AtomicBool>,
    is_closed: Arc<AtomicBool>,
    has_no_phone: Arc<AtomicBool>,
    is_unconfirmed: Arc<AtomicBool>,
    /// Another account that already owns the address.
    owner: Arc<Mutex<Option<&'static str>>>,
    codes_made: Arc<AtomicUsize>,
}

impl AuthPart {
    async fn contact(State(part): State<Self>) -> (StatusCode, Json<Value>) {
        if part.is_away.load(Ordering::Relaxed) || part.contact_is_away.load(Ordering::Relaxed) {
            return (StatusCode::SERVICE_UNAVAILABLE, Json(Value::Null));
        }
        let is_open = !part.is_closed.load(Ordering::Relaxed);
        let phone = (!part.has_no_phone.load(Ordering::Relaxed)).then_some(PHONE);
        let is_unconfirmed = part.is_unconfirmed.load(Ordering::Relaxed);
        let is_changed = part.is_changed.load(Ordering::Relaxed);
        let in_force = if is_changed { OTHER_ADDRESS } else { ADDRESS };
        let email = (!is_unconfirmed).then_some(in_force);
        let known = json!({
            "is_open": is_open, "email": email, "is_unconfirmed": is_unconfirmed, "phone": phone,
        });
        (StatusCode::OK, Json(known))
    }

    /// Makes a new code each time while the address awaits confirmation.
    async fn address_code(State(part): State<Self>) -> (StatusCode, Json<Value>) {
        if part.is_away.load(Ordering::Relaxed) {
            return (StatusCode::SERVICE_UNAVAILABLE, Json(Value::Null));
        }
        let wish = *part.wish.lock().unwrap();
        if wish.is_none() && !part.is_unconfirmed.load(Ordering::Relaxed) {
            let nothing = json!({ "email": null, "code": null, "expires_at": null });
            return (StatusCode::OK, Json(nothing));
        }
        if let Some(owner) = *part.owner.lock().unwrap() {
            let expires_at = AT.plus_ms(24 * 60 * 60 * 1000);
            let known =
                json!({ "email": ADDRESS, "code": null, "expires_at": expires_at, "owner": owner });
            return (StatusCode::OK, Json(known));
        }
        let number = part.codes_made.fetch_add(1, Ordering::Relaxed);
        let code = format!("WXYZ-WXYZ-WXYZ-{number:04}");
        let expires_at = AT.plus_ms(24 * 60 * 60 * 1000);
        let email = if wish.is_some() {
            OTHER_ADDRESS
        } else {
            ADDRESS
        };
        let made = json!({ "email": email, "code": code, "expires_at": expires_at, "wish": wish });
        (StatusCode::OK, Json(made))
    }

    fn upstream(&self) -> Upstream {
        let router = Router::new()
            .route(CONTACT, post(Self::contact))
            .route("/internal/address-codes", post(Self::address_code));
        Upstream::from_router(router.with_state(self.clone()))
    }
}

struct World {
    dispatcher: NotificationDispatcher,
    auth: AuthPart,
    clock: Clock,
    /// Folders of mails, text messages and pushes.
    sinks: tempfile::TempDir,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let sinks = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("folder:{}", sinks.path().join(name).display());
        let none = std::path::Path::new("");
        let authorities = CertificateAuthorities::with_public_roots();
        let outbound = OutboundChannels {
            mail: mail_at(&at("email")),
            sms: Sms::open_trusting(&at("sms"), none, &authorities).unwrap(),
            push: Push::open(&at("push"), none, &authorities).unwrap(),
        };
        Self::with(outbound, sinks).await
    }

    async fn with(outbound: OutboundChannels, sinks: tempfile::TempDir) -> Self {
        let auth = AuthPart::default();
        let clock = Clock::fixed_at(AT);
        let (deliveries, folder) = samples::deliveries(outbound, auth.upstream(), &clock).await;
        Self {
            dispatcher: deliveries,
            auth,
            clock,
            sinks,
            _folder: folder,
        }
    }

    async fn wish(&self, wishes: &DeliveryPreferences) {
        let (_, version) = self
            .dispatcher
            .preferences
            .load_preferences(CUSTOMER)
            .await
            .unwrap();
        assert!(
            self.dispatcher
                .preferences
                .save_preferences(CUSTOMER, version, wishes)
                .await
                .unwrap()
        );
    }

    /// Writes and plans the event's lines, as the consumer does.
    async fn happens(&self, kind: EventType) -> Vec<InboxLine> {
        let lines = samples::lines(kind);
        for line in &lines {
            let id = LineId(self.clock.new_id());
            self.dispatcher.inboxes.add_line(id, line).await.unwrap();
        }
        // Twice: a redelivery plans nothing more.
        for _ in 0..2 {
            self.dispatcher.plan_deliveries(lines.iter()).await.unwrap();
        }
        lines
    }

    /// One poll of each channel.
    async fn look(&self) {
        for channel in Channel::ALL {
            self.dispatcher.send_due_deliveries(channel).await.unwrap();
        }
    }

    fn inboxes(&self) -> InboxEventConsumer {
        let deliveries = self.dispatcher.clone();
        let clock = self.clock.clone();
        let store = deliveries.inboxes.clone();
        let dispute_ms = samples::DISPUTE_MS;
        InboxEventConsumer {
            store,
            dispatcher: deliveries,
            clock,
            dispute_ms,
        }
    }

    /// Polls over several retry pauses, and confirms the other address once it gets a code.
    async fn look_while_somebody_confirms(&self) {
        for _ in 0..4 {
            self.look().await;
            if !self.subjects_to(OTHER_ADDRESS).is_empty() {
                self.auth.is_changed.store(true, Ordering::Relaxed);
                *self.auth.wish.lock().unwrap() = None;
            }
            self.auth.contact_is_away.store(false, Ordering::Relaxed);
            self.clock.advance(PAUSE_MIN_MS << 1);
        }
    }

    fn subjects_to(&self, address: &str) -> Vec<String> {
        let mails = self
            .mails()
            .into_iter()
            .filter(|mail| mail["to"] == address);
        mails
            .map(|mail| mail["subject"].as_str().unwrap().to_owned())
            .collect()
    }

    fn mails(&self) -> Vec<Value> {
        self.went_by(Channel::Email)
    }

    fn went_by(&self, channel: Channel) -> Vec<Value> {
        let files = std::fs::read_dir(self.sinks.path().join(channel.as_str())).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        paths
            .iter()
            .map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
            .collect()
    }

    async fn log(&self) -> Vec<(DeliveryState, i64, Option<String>)> {
        let page = self
            .dispatcher
            .delivery_store
            .read_page(None, None, 100)
            .await
            .unwrap();
        let items = page.items.into_iter().map(|(_, item)| item);
        items
            .map(|item| (item.state, item.attempts, item.to))
            .collect()
    }
}

fn mail_at(url: &str) -> Mailer {
    Mailer::open(
        url,
        "Holdfast <h@example.org>",
        std::path::Path::new(""),
        &CertificateAuthorities::with_public_roots(),
    )
    .unwrap()
}

#[tokio::test]
async fn a_line_goes_out_once_and_its_address_stands_masked_in_the_log() {
    let world = World::new().await;
    world.happens(EventType::PaymentCompleted).await;
    for _ in 0..3 {
        world.look().await;
    }
    let mails = world.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (&mails[0]["to"], &mails[0]["subject"]),
        (&json!(ADDRESS), &json!("Payment received"))
    );
    let masked = Some("z***@example.org".to_owned());
    assert_eq!(world.log().await, [(DeliveryState::Sent, 1, masked)]);
}

#[tokio::test]
async fn quiet_hours_hold_back_what_may_be_silenced() {
    let world = World::new().await;
    // 16:00 in UTC.
    let quiet_hours = Some(QuietHours {
        from: "15:00".parse().unwrap(),
        to: "17:30".parse().unwrap(),
    });
    let time_zone = TimeZone::from_name("UTC");
    world
        .wish(&DeliveryPreferences {
            quiet_hours,
            time_zone,
            ..DeliveryPreferences::default()
        })
        .await;
    world.happens(EventType::PaymentCompleted).await;
    world.look().await;
    assert!(world.mails().is_empty());
    assert_eq!(world.log().await, [(DeliveryState::Waiting, 0, None)]);
    world.clock.advance(89 * 60 * 1000);
    world.look().await;
    assert!(world.mails().is_empty());
    world.clock.advance(60 * 1000);
    world.look().await;
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn what_fails_is_tried_again_ever_later_and_given_up_with_its_reason() {
    let world = World::new().await;
    world.auth.is_away.store(true, Ordering::Relaxed);
    world.happens(EventType::PaymentCompleted).await;
    let mut pauses = Vec::new();
    loop {
        world.look().await;
        let page = world
            .dispatcher
            .delivery_store
            .read_page(None, None, 1)
            .await
            .unwrap();
        let (_, delivery) = &page.items[0];
        if delivery.state == DeliveryState::GivenUp {
            assert_eq!(delivery.attempts, ATTEMPTS_MAX);
            assert!(
                delivery.why.as_ref().is_some_and(|why| why.contains("503")),
                "{delivery:?}"
            );
            break;
        }
        let pause = delivery.due_at.ms_since(world.clock.now());
        pauses.push(pause / 1000);
        world.clock.advance(pause);
    }
    assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 960]);
    world.auth.is_away.store(false, Ordering::Relaxed);
    world.clock.advance(PAUSE_MAX_MS);
    world.look().await;
    assert!(world.mails().is_empty(), "what is given up is given up");
}

#[tokio::test]
async fn a_digest_gathers_what_is_unread_at_the_persons_hour() {
    let world = World::new().await;
    let time_zone = TimeZone::from_name("UTC");
    world
        .wish(&DeliveryPreferences {
            digest_hour: Some(18),
            time_zone,
            ..DeliveryPreferences::default()
        })
        .await;
    world.happens(EventType::PaymentCompleted).await;
    world.clock.advance(60 * 60 * 1000);
    let mut lines = samples::lines(EventType::OrderCreated);
    lines.retain(|line| line.user_id == CUSTOMER);
    lines[0].event_id = wire::EventId(uuid::Uuid::from_u128(70));
    world
        .dispatcher
        .inboxes
        .add_line(LineId(world.clock.new_id()), &lines[0])
        .await
        .unwrap();
    world
        .dispatcher
        .plan_deliveries(lines.iter())
        .await
        .unwrap();
    world.look().await;
    assert!(world.mails().is_empty(), "it is 17:00");
    world.clock.advance(60 * 60 * 1000);
    // Two replicas at once send one digest per hour.
    let look = || world.dispatcher.send_due_deliveries(Channel::Email);
    let (one, other) = tokio::join!(look(), look());
    one.unwrap();
    other.unwrap();
    let mails = world.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["subject"], "You have 2 unread notices");
    let text = mails[0]["text"].as_str().unwrap();
    assert!(
        text.contains("Payment received") && text.contains("Order published"),
        "{text}"
    );
}

#[tokio::test]
async fn a_mail_tells_times_by_its_readers_clock_or_names_the_zone() {
    for (time_zone, until) in [
        (
            TimeZone::from_name("Europe/Berlin"),
            "ask for a refund by Nov 27, 2025, 17:00; after",
        ),
        (None, "ask for a refund by Nov 28, 2025, 00:00 GMT+8; after"),
    ] {
        let world = World::new().await;
        if time_zone.is_some() {
            world
                .wish(&DeliveryPreferences {
                    time_zone,
                    ..DeliveryPreferences::default()
                })
                .await;
        }
        let completed = samples::completed(PaymentStatus::Held);
        let lines = samples::order_lines(EventType::OrderCompleted, &completed);
        let line = lines.iter().find(|line| line.user_id == CUSTOMER).unwrap();
        world
            .dispatcher
            .inboxes
            .add_line(LineId(world.clock.new_id()), line)
            .await
            .unwrap();
        world
            .dispatcher
            .plan_deliveries(std::iter::once(line))
            .await
            .unwrap();
        world.look().await;
        let mails = world.mails();
        let text = mails[0]["text"].as_str().unwrap();
        assert!(text.contains(until), "{text}");
    }
}

#[tokio::test]
async fn old_news_and_kinds_that_nobody_wants_stay_in_the_inbox() {
    let world = World::new().await;
    world
        .wish(&DeliveryPreferences {
            wishes: std::collections::BTreeSet::new(),
            ..DeliveryPreferences::default()
        })
        .await;
    world.happens(EventType::PaymentCompleted).await;
    world.clock.advance(FRESH_MS + 1);
    world.happens(EventType::PaymentReleased).await;
    assert!(world.log().await.is_empty());
    world.clock.advance(-FRESH_MS - 1);
    let released = samples::lines(EventType::PaymentReleased);
    assert_eq!(released[0].user_id, PROVIDER);
    world
        .dispatcher
        .plan_deliveries(released.iter())
        .await
        .unwrap();
    assert_eq!(world.log().await.len(), 1, "it was its age alone");
}

fn wanting(channels: &[Channel]) -> DeliveryPreferences {
    let wishes = channels.iter().map(|channel| (NoticeKind::Money, *channel));
    let time_zone = TimeZone::from_name("UTC");
    DeliveryPreferences {
        wishes: wishes.collect(),
        time_zone,
        ..DeliveryPreferences::default()
    }
}

#[tokio::test]
async fn each_channel_that_is_wanted_is_told_once_and_the_short_ones_little() {
    let world = World::new().await;
    world.wish(&wanting(&[Channel::Sms, Channel::Push])).await;
    world.happens(EventType::PaymentCompleted).await;
    for _ in 0..3 {
        world.look().await;
    }
    assert!(world.mails().is_empty(), "no mail was wanted");
    let text = "Holdfast: Payment received. More in your inbox.";
    assert_eq!(
        world.went_by(Channel::Sms),
        [json!({ "to": PHONE, "text": text })]
    );
    let push =
        json!({ "to": CUSTOMER, "title": "Payment received", "text": "More in your inbox." });
    assert_eq!(world.went_by(Channel::Push), [push]);
    let mut log = world.log().await;
    log.sort_by_key(|(_, _, to)| to.clone());
    let masked = Some("***42".to_owned());
    assert_eq!(
        log,
        [
            (DeliveryState::Sent, 1, None),
            (DeliveryState::Sent, 1, masked)
        ]
    );

    world.clock.advance(1_000);
    let chinese = Language::Chinese;
    let wishes = DeliveryPreferences {
        language: chinese,
        ..wanting(&[Channel::Sms])
    };
    world.wish(&wishes).await;
    let mut lines = samples::lines(EventType::PaymentFailed);
    lines[0].event_id = wire::EventId(uuid::Uuid::from_u128(71));
    world
        .dispatcher
        .inboxes
        .add_line(LineId(world.clock.new_id()), &lines[0])
        .await
        .unwrap();
    world
        .dispatcher
        .plan_deliveries(lines.iter())
        .await
        .unwrap();
    world.look().await;
    let text = "【Holdfast】付款失败。详情见站内消息。";
    assert_eq!(world.went_by(Channel::Sms)[1]["text"], text);
}

#[tokio::test]
async fn quiet_hours_and_digests_are_for_every_channel() {
    let world = World::new().await;
    let both = wanting(&[Channel::Sms, Channel::Push]);
    let quiet_hours = Some(QuietHours {
        from: "15:00".parse().unwrap(),
        to: "17:30".parse().unwrap(),
    });
    world
        .wish(&DeliveryPreferences {
            quiet_hours,
            ..both.clone()
        })
        .await;
    world.happens(EventType::PaymentCompleted).await;
    world.look().await;
    assert_eq!(
        world.log().await,
        vec![(DeliveryState::Waiting, 0, None); 2]
    );
    world.clock.advance(90 * 60 * 1000);
    world.look().await;
    for channel in [Channel::Sms, Channel::Push] {
        assert_eq!(world.went_by(channel).len(), 1, "{channel}");
    }

    // 17:30 in UTC.
    world
        .wish(&DeliveryPreferences {
            digest_hour: Some(18),
            ..both
        })
        .await;
    for n in [72, 73] {
        let mut lines = samples::lines(EventType::PaymentFailed);
        lines[0].event_id = wire::EventId(uuid::Uuid::from_u128(n));
        world
            .dispatcher
            .inboxes
            .add_line(LineId(world.clock.new_id()), &lines[0])
            .await
            .unwrap();
        world
            .dispatcher
            .plan_deliveries(lines.iter())
            .await
            .unwrap();
    }
    world.look().await;
    assert_eq!(
        world.went_by(Channel::Sms).len(),
        1,
        "it is not yet the hour"
    );
    world.clock.advance(30 * 60 * 1000);
    world.look().await;
    let messages = world.went_by(Channel::Sms);
    assert_eq!(messages.len(), 2, "one for both lines");
    assert_eq!(
        messages[1]["text"],
        "Holdfast: You have 3 unread notices. More in your inbox."
    );
    assert_eq!(
        world.went_by(Channel::Push)[1]["title"],
        "You have 3 unread notices"
    );
}

#[tokio::test]
async fn nobody_is_written_to_at_a_number_that_was_not_proven_nor_in_a_closed_account() {
    let world = World::new().await;
    world.auth.has_no_phone.store(true, Ordering::Relaxed);
    world.wish(&wanting(&[Channel::Sms])).await;
    world.happens(EventType::PaymentCompleted).await;
    world.look().await;
    assert_eq!(world.log().await, [(DeliveryState::Dropped, 1, None)]);

    let world = World::new().await;
    world.auth.is_closed.store(true, Ordering::Relaxed);
    world.wish(&wanting(&Channel::ALL)).await;
    world.happens(EventType::PaymentCompleted).await;
    world.look().await;
    assert_eq!(
        world.log().await,
        vec![(DeliveryState::Dropped, 1, None); 3]
    );
    for channel in Channel::ALL {
        assert!(world.went_by(channel).is_empty(), "{channel}");
    }
}

#[test]
fn an_auth_of_the_version_before_tells_of_open_accounts_by_their_address() {
    let address = |said: Value, channel| {
        let contact: Contact = serde_json::from_value(said).unwrap();
        contact.into_address(channel, CUSTOMER).is_some()
    };
    assert!(address(json!({ "email": ADDRESS }), Channel::Email));
    assert!(address(json!({ "email": ADDRESS }), Channel::Push));
    assert!(
        !address(json!({ "email": null }), Channel::Push),
        "it may be closed"
    );
    let closed = json!({ "is_open": false, "email": ADDRESS, "phone": PHONE });
    assert!(
        Channel::ALL
            .into_iter()
            .all(|channel| !address(closed.clone(), channel))
    );
}

#[tokio::test]
async fn a_channel_that_is_off_plans_nothing_and_a_provider_is_never_texted() {
    let mut world = World::new().await;
    world.dispatcher.outbound.mail = Mailer::Off;
    world.wish(&wanting(&Channel::ALL)).await;
    world.happens(EventType::PaymentCompleted).await;
    // Providers cannot prove a phone.
    let released = samples::lines(EventType::PaymentReleased);
    let (_, version) = world
        .dispatcher
        .preferences
        .load_preferences(PROVIDER)
        .await
        .unwrap();
    let wishes = wanting(&Channel::ALL);
    assert!(
        world
            .dispatcher
            .preferences
            .save_preferences(PROVIDER, version, &wishes)
            .await
            .unwrap()
    );
    world
        .dispatcher
        .inboxes
        .add_line(LineId(world.clock.new_id()), &released[0])
        .await
        .unwrap();
    world
        .dispatcher
        .plan_deliveries(released.iter())
        .await
        .unwrap();
    world.look().await;
    let sent = Channel::ALL.map(|channel| world.went_by(channel).len());
    assert_eq!(sent, [0, 1, 2], "by mail, text message and push");
    assert_eq!(world.log().await.len(), 3);
}

#[tokio::test]
async fn mail_reaches_a_server_by_smtp_with_the_deliverys_id() {
    let mut mailbox = Mailbox::open().await;
    let mail = mail_at(&mailbox.url());
    let outbound = OutboundChannels {
        mail,
        ..samples::no_channels()
    };
    let world = World::with(outbound, tempfile::tempdir().unwrap()).await;
    world.happens(EventType::PaymentCompleted).await;
    world.look().await;
    let mail = mailbox.next().await;
    for part in [
        "RCPT TO:<zhang.san@example.org>",
        "Subject: Payment received",
        "Message-ID: <",
    ] {
        assert!(mail.contains(part), "`{part}` is missing from: {mail}");
    }
    let sent = async || (world.log().await[0].0 == DeliveryState::Sent).then_some(());
    eventually("the log says so", Duration::from_secs(20), sent).await;
}

#[tokio::test]
async fn mail_without_tls_goes_to_this_machine_alone() {
    for (url, is_taken) in [
        ("off", true),
        ("smtp://127.0.0.1:25", true),
        ("smtps://mail.example.org", true),
        ("smtp://mail.example.org:587", true),
        ("http://mail.example.org", false),
        ("folder:", false),
        ("smtps://", false),
        ("", false),
    ] {
        let from = "h@example.org";
        let opened = Mailer::open(
            url,
            from,
            std::path::Path::new(""),
            &CertificateAuthorities::with_public_roots(),
        );
        assert_eq!(opened.is_ok(), is_taken, "{url}");
    }
}

const WARNING: &str = "Another e-mail address was asked for";
const CODE: &str = "Confirm your e-mail address / 请确认您的邮箱";
