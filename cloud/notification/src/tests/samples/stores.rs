//! Empty stores, and a dispatcher and its notices on them.

use std::path::Path;

use platform::{
    documents::Documents, messages::Push, sms::Sms, upstream::Upstream, web_push::WebPush,
};
use process::{
    clock::Clock,
    tokens::{TokenKeys, TokenVerifier},
    trust::CertificateAuthorities,
};

use crate::{
    channels::{Mailer, OutboundChannels},
    delivery::NotificationDispatcher,
    handlers::notices::NoticeWriter,
    store::{DeliveryStore, DeviceStore, InboxStore, NoticeStore, PreferencesStore},
};

/// An empty store in its own folder, which lives as long as the guard.
pub(crate) async fn sqlite_store() -> (InboxStore, tempfile::TempDir) {
    let (store, _, folder) = sqlite_stores().await;
    (store, folder)
}

/// The same with the preferences store.
async fn sqlite_stores() -> (InboxStore, PreferencesStore, tempfile::TempDir) {
    let (deliveries, folder) =
        deliveries(no_channels(), Upstream::open_later().0, &Clock::system()).await;
    (deliveries.inboxes, deliveries.preferences, folder)
}

pub(crate) fn no_channels() -> OutboundChannels {
    OutboundChannels {
        mail: Mailer::Off,
        sms: Sms::Off,
        push: Push::Off,
        web_push: None,
    }
}

/// Web push to the known services, and to this machine.
pub(crate) fn web_push(folder: &Path) -> WebPush {
    let services = ["fcm.googleapis.com", "*.push.apple.com", "127.0.0.1"];
    WebPush::open(
        &folder.join("push.key"),
        "mailto:ops@example.org",
        &services.map(str::to_owned),
        &CertificateAuthorities::with_public_roots(),
    )
    .unwrap()
}

/// A dispatcher on its own stores.
pub(crate) async fn deliveries(
    outbound: OutboundChannels,
    auth: Upstream,
    clock: &Clock,
) -> (NotificationDispatcher, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("notification.db").display());
    let documents = Documents::open(&url)
        .await
        .unwrap()
        .sealed_by(&testing::data_keys());
    let store = InboxStore::new(&documents);
    let preferences = PreferencesStore::new(&documents);
    store.migrate().await.unwrap();
    preferences.migrate().await.unwrap();
    let log = DeliveryStore::new(&documents);
    log.migrate().await.unwrap();
    let devices = DeviceStore::new(&documents, &testing::data_keys());
    devices.migrate().await.unwrap();
    let keys = TokenKeys::empty();
    let service_key = testing::service_key();
    let verifier = TokenVerifier {
        service: crate::NAME,
        keys,
        service_key,
        clock: clock.clone(),
    };
    let clock = clock.clone();
    let portal_url = "https://portal.example.org/".to_owned();
    let deliveries = NotificationDispatcher {
        inboxes: store,
        preferences,
        delivery_store: log,
        devices,
        outbound,
        portal_url,
        auth,
        verifier,
        clock,
    };
    (deliveries, folder)
}

/// Notices on the dispatcher's stores, sealed.
pub(crate) async fn notices(
    dispatcher: &NotificationDispatcher,
    folder: &tempfile::TempDir,
) -> NoticeWriter {
    let url = format!("sqlite:{}", folder.path().join("notification.db").display());
    let documents = Documents::open(&url)
        .await
        .unwrap()
        .sealed_by(&testing::data_keys());
    let store = NoticeStore::new(&documents);
    store.migrate().await.unwrap();
    NoticeWriter {
        store,
        dispatcher: dispatcher.clone(),
    }
}
