//! Inboxes: news of events for the people they concern, in their language.
//!
//! Invariants: one line per person and event, however often the bus delivers it. People read only
//! their own inbox. Texts are rendered on reading, so they follow the reader's language.

mod channels;
mod code_mails;
mod config;
mod confirmations;
mod delivery;
pub mod domain;
mod events;
mod handlers;
mod jobs;
mod password_codes;
mod reminders;
mod routes;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use platform::{
    OpenError, ServiceContext, documents::Documents, idempotency::IdempotencyStore, messages::Push,
    operator_routes, sealing::DataKeys, service as skeleton, service::ReadinessCheck, sms::Sms,
    upstream::Upstream, web_push::WebPush,
};
use process::{
    client::is_loopback, openapi::ApiDocument, parts::CloudPart, trust::CertificateAuthorities,
};

use channels::{Mailer, OutboundChannels};
use config::{FanOutRules, PUSH_TO_BROWSERS};
use delivery::NotificationDispatcher;
use events::{InboxEventConsumer, OrderFanOutConsumer};
use handlers::{Service, notices::NoticeWriter, stream::InboxStreams};
use reminders::PaymentReminders;
use store::{DeliveryStore, DeviceStore, InboxCache, InboxStore, NoticeStore, PreferencesStore};

pub use config::{Config, PUSH_KEY_FILE};

pub const NAME: &str = CloudPart::Notification.name();

#[derive(Clone)]
pub struct Peers {
    /// Matches providers to an order.
    pub user: Upstream,
    /// Looks up addresses of accounts.
    pub auth: Upstream,
}

pub async fn open(
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    let documents = documents.sealed_by(&context.data_keys);
    let store = build_inbox_store(&config, &context, &documents);
    store.check_schema().await?;
    let preferences = PreferencesStore::new(&documents);
    preferences.check_schema().await?;

    let log = DeliveryStore::new(&documents);
    log.check_schema().await?;
    let record = NoticeStore::new(&documents);
    record.check_schema().await?;
    let devices = DeviceStore::new(&documents, &context.data_keys);
    devices.check_schema().await?;
    let outbound = open_channels(&config)?;
    let web_push = outbound.web_push.clone();
    let channels = outbound.enabled_channels();
    let clock = context.clock.clone();
    let deliveries = NotificationDispatcher {
        inboxes: store.clone(),
        preferences: preferences.clone(),
        delivery_store: log.clone(),
        devices: devices.clone(),
        outbound,
        portal_url: checked_portal_url(&config)?,
        auth: peers.auth,
        verifier: context.verifier_for(NAME),
        clock: clock.clone(),
    };
    deliveries.start(&context.tasks);
    let reminders = PaymentReminders {
        inboxes: store.clone(),
        dispatcher: deliveries.clone(),
        clock: clock.clone(),
    };
    let notices = NoticeWriter {
        store: record,
        dispatcher: deliveries.clone(),
    };
    jobs::start(&context.tasks, &documents, &notices.store, reminders)?;
    let inboxes = InboxEventConsumer {
        store: store.clone(),
        dispatcher: deliveries.clone(),
        notices: notices.store.clone(),
        clock: clock.clone(),
        dispute_ms: context.dispute_ms,
    };
    let matches = OrderFanOutConsumer {
        store: store.clone(),
        dispatcher: deliveries,
        users: peers.user,
        verifier: context.verifier_for(NAME),
        clock,
        rules: fan_out_rules(&config)?,
    };
    events::start(&context.tasks, &context.bus, inboxes, matches);

    let answers = IdempotencyStore::new(&context, NAME, &documents);
    let verifier = context.verifier_for(NAME);
    let streams = InboxStreams::new(context.tasks.clone());
    let operator = operator_routes::build_routes(&context, CloudPart::Notification, &documents);
    let service = Service {
        store,
        preferences,
        delivery_store: log,
        devices,
        web_push,
        notices,
        channels,
        verifier,
        streams,
    };
    let checks = [
        ReadinessCheck::Documents(documents),
        ReadinessCheck::Bus(context.bus),
    ];
    let routes = answers.wrap_routes(routes::router(service), &api_document());
    Ok(skeleton::router(NAME, routes.merge(operator), checks))
}

fn build_inbox_store(
    config: &Config,
    context: &ServiceContext,
    documents: &Documents,
) -> InboxStore {
    let cache_ttl = config.cache_ttl();
    let cache = InboxCache::new(context.cache.clone(), context.data_keys.clone(), cache_ttl);
    InboxStore::new(documents)
        .with_cache(cache)
        .with_retention(config.lines_kept_from)
}

fn fan_out_rules(config: &Config) -> Result<FanOutRules, OpenError> {
    let rules = config.fan_out_rules();
    let rules = rules.ok_or_else(|| std::io::Error::other("must be 1 to 100"));
    rules.map_err(OpenError::own_failure(
        "`notification.providers_told_max` is invalid",
    ))
}

/// Requires `https` except on this machine, because links in mails lead there.
fn checked_portal_url(config: &Config) -> Result<String, OpenError> {
    let url = &config.portal_url;
    let has_host = host_after_scheme(url, "https://").is_some_and(|host| !host.is_empty());
    let is_local = host_after_scheme(url, "http://").is_some_and(is_loopback);
    let checked = if url.is_empty() || has_host || is_local {
        Ok(url.clone())
    } else {
        Err(std::io::Error::other(
            "must be empty, https://HOST, or http:// on this machine",
        ))
    };
    checked.map_err(OpenError::own_failure(
        "`notification.portal_url` is invalid",
    ))
}

fn host_after_scheme<'a>(url: &'a str, scheme: &str) -> Option<&'a str> {
    url.strip_prefix(scheme)?.split(['/', ':']).next()
}

fn open_channels(config: &Config) -> Result<OutboundChannels, OpenError> {
    let authorities = CertificateAuthorities::of_process();
    let Config {
        mail_url,
        mail_from,
        mail_password,
        ..
    } = config;
    let mail = Mailer::open(mail_url, mail_from, mail_password, &authorities);
    let sms = Sms::open_trusting(&config.sms_url, &config.sms_secret, &authorities);
    let web_push = open_web_push(config, &authorities)?;
    let push = if web_push.is_some() {
        Ok(Push::Off)
    } else {
        Push::open(&config.push_url, &config.push_secret, &authorities)
    };
    Ok(OutboundChannels {
        mail: mail.map_err(OpenError::own_failure(
            "`notification.mail_url`: could not set up e-mail",
        ))?,
        sms: sms.map_err(OpenError::own_failure(
            "`notification.sms_url`: could not set up text messages",
        ))?,
        push: push.map_err(OpenError::own_failure(
            "`notification.push_url`: could not set up push notifications",
        ))?,
        web_push,
    })
}

fn open_web_push(
    config: &Config,
    authorities: &CertificateAuthorities,
) -> Result<Option<WebPush>, OpenError> {
    if config.push_url != PUSH_TO_BROWSERS {
        return Ok(None);
    }
    let Config {
        push_key,
        push_contact,
        push_services,
        ..
    } = config;
    let opened = WebPush::open(push_key, push_contact, push_services, authorities);
    opened.map(Some).map_err(OpenError::own_failure(
        "`notification.push_key`, `push_contact` or `push_services`: could not set up web push",
    ))
}

pub fn api_document() -> ApiDocument {
    routes::add_public_routes(ApiDocument::for_part(NAME))
}

/// Migrates notification_db.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    InboxStore::new(&documents).migrate().await?;
    PreferencesStore::new(&documents).migrate().await?;
    DeliveryStore::new(&documents).migrate().await?;
    DeviceStore::new(&documents, &DataKeys::without_keys())
        .migrate()
        .await?;
    Ok(NoticeStore::new(&documents).migrate().await?)
}

#[cfg(test)]
mod tests {
    pub(crate) mod samples;
}
