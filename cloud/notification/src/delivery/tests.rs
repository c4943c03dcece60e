//! Planning, timing, retries and results of deliveries.

mod addresses;
mod alarms;
mod channels;
mod devices;
mod password_codes;
mod schedule;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, routing::post};
use http::StatusCode;
use platform::{messages::Push, sms::Sms};
use process::trust::CertificateAuthorities;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::EventType;

use super::*;
use crate::{
    channels::Mailer,
    domain::{LineId, TimeZone},
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
    /// The admin lost the permission.
    may_not_read_alarms: Arc<AtomicBool>,
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

    async fn permissions(State(part): State<Self>) -> Json<Value> {
        let held = match part.may_not_read_alarms.load(Ordering::Relaxed) {
            true => "read_desks",
            false => "read_platform",
        };
        Json(json!({ "permissions": ["of_the_future", held] }))
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

    /// Makes a new code each time if the address is confirmed.
    async fn password_code(State(part): State<Self>) -> (StatusCode, Json<Value>) {
        if part.is_away.load(Ordering::Relaxed) {
            return (StatusCode::SERVICE_UNAVAILABLE, Json(Value::Null));
        }
        if part.is_unconfirmed.load(Ordering::Relaxed) {
            let nothing =
                json!({ "email": null, "username": null, "code": null, "expires_at": null });
            return (StatusCode::OK, Json(nothing));
        }
        let number = part.codes_made.fetch_add(1, Ordering::Relaxed);
        let code = format!("WXYZ-WXYZ-WXYZ-{number:04}");
        let expires_at = AT.plus_ms(30 * 60 * 1000);
        let made = json!({
            "email": ADDRESS, "username": "lisi", "code": code, "expires_at": expires_at,
        });
        (StatusCode::OK, Json(made))
    }

    fn upstream(&self) -> Upstream {
        let router = Router::new()
            .route(CONTACT, post(Self::contact))
            .route(PERMISSIONS, post(Self::permissions))
            .route("/internal/address-codes", post(Self::address_code))
            .route("/internal/password-codes", post(Self::password_code));
        Upstream::from_router(router.with_state(self.clone()))
    }
}

/// The dispatcher over its own stores, with a fake auth part and folders as channels.
struct DeliveryService {
    dispatcher: NotificationDispatcher,
    auth: AuthPart,
    clock: Clock,
    /// Folders of mails, text messages and pushes.
    sinks: tempfile::TempDir,
    folder: tempfile::TempDir,
}

impl DeliveryService {
    async fn new() -> Self {
        let sinks = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("folder:{}", sinks.path().join(name).display());
        let none = std::path::Path::new("");
        let authorities = CertificateAuthorities::with_public_roots();
        let outbound = OutboundChannels {
            mail: mail_at(&at("email")),
            sms: Sms::open_trusting(&at("sms"), none, &authorities).unwrap(),
            push: Push::open(&at("push"), none, &authorities).unwrap(),
            web_push: None,
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
            folder,
        }
    }

    async fn save_preferences(&self, wishes: &DeliveryPreferences) {
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
    async fn plan_event(&self, kind: EventType) -> Vec<InboxLine> {
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

    /// Writes one line and plans it.
    async fn plan_line(&self, line: &InboxLine) {
        let id = LineId(self.clock.new_id());
        self.dispatcher.inboxes.add_line(id, line).await.unwrap();
        self.dispatcher
            .plan_deliveries(std::iter::once(line))
            .await
            .unwrap();
    }

    /// One poll of each channel.
    async fn send_due(&self) {
        for channel in Channel::ALL {
            self.dispatcher.send_due_deliveries(channel).await.unwrap();
        }
    }

    async fn consumer(&self) -> InboxEventConsumer {
        let deliveries = self.dispatcher.clone();
        let clock = self.clock.clone();
        let store = deliveries.inboxes.clone();
        let dispute_ms = samples::DISPUTE_MS;
        InboxEventConsumer {
            store,
            notices: samples::notices(&deliveries, &self.folder).await.store,
            dispatcher: deliveries,
            clock,
            dispute_ms,
        }
    }

    /// Polls over several retry pauses, and confirms the other address once it gets a code.
    async fn send_due_until_confirmed(&self) {
        for _ in 0..4 {
            self.send_due().await;
            if !self.read_subjects_to(OTHER_ADDRESS).is_empty() {
                self.auth.is_changed.store(true, Ordering::Relaxed);
                *self.auth.wish.lock().unwrap() = None;
            }
            self.auth.contact_is_away.store(false, Ordering::Relaxed);
            self.clock.advance(PAUSE_MIN_MS << 1);
        }
    }

    fn read_subjects_to(&self, address: &str) -> Vec<String> {
        let mails = self
            .read_mails()
            .into_iter()
            .filter(|mail| mail["to"] == address);
        mails
            .map(|mail| mail["subject"].as_str().unwrap().to_owned())
            .collect()
    }

    fn read_mails(&self) -> Vec<Value> {
        self.read_sent(Channel::Email)
    }

    fn read_sent(&self, channel: Channel) -> Vec<Value> {
        let files = std::fs::read_dir(self.sinks.path().join(channel.as_str())).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        paths
            .iter()
            .map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
            .collect()
    }

    async fn read_log(&self) -> Vec<(DeliveryState, i64, Option<String>)> {
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

fn preferences_for(channels: &[Channel]) -> DeliveryPreferences {
    let wishes = channels.iter().map(|channel| (NoticeKind::Money, *channel));
    let time_zone = TimeZone::from_name("UTC");
    DeliveryPreferences {
        wishes: wishes.collect(),
        time_zone,
        ..DeliveryPreferences::default()
    }
}
