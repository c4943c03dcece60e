//! Routes for a person's own inbox, whose owner comes only from the token, and for writing notices.

mod deliveries;
mod inbox;
mod notices;
mod preferences;
mod stream;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use http::Method;
use process::{openapi::RouteTable, tokens::Verifier};
use wire::Code;

use crate::{
    domain::Channel,
    notices::Notices,
    store::{DeliveryStore, InboxStore, PreferencesStore},
};

pub use stream::InboxStreams;

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: InboxStore,
    pub preferences: PreferencesStore,
    pub log: DeliveryStore,
    pub notices: Notices,
    /// The enabled channels.
    pub channels: Vec<Channel>,
    pub verifier: Verifier,
    pub streams: InboxStreams,
}

pub fn router(service: Service) -> Router {
    let own = Router::new()
        .route("/internal/stream", get(stream::stream))
        .route("/internal/notices", post(notices::notify_for_service));
    table(own).with_state(service)
}

#[rustfmt::skip]
pub fn table<T: RouteTable<Service>>(to: T) -> T {
    to
        .at(Method::GET, "/api/v1/notifications",
            "Read your inbox in the language of `Accept-Language`, newest first", &[], inbox::list)
        .at(Method::PUT, "/api/v1/notifications/{id}/read", "Mark a line as read", &[Code::NotFound],
            inbox::read)
        .at(Method::GET, "/api/v1/notifications/preferences",
            "Show which news leaves your inbox by which channel, and when", &[], preferences::show)
        .at(Method::PUT, "/api/v1/notifications/preferences",
            "Write these wishes whole, on the version that you have read", &[Code::StaleVersion],
            preferences::write)
        .at(Method::GET, "/api/v1/admin/deliveries",
            "List what went out of inboxes, and what could not, newest first", &[], deliveries::log)
        .at(Method::GET, "/api/v1/admin/notices", "List the notices of admins and services, newest first", &[],
            notices::notice_record)
        .at(Method::POST, "/api/v1/admin/notices/email",
            "Write to one person, into the inbox and by e-mail to a confirmed address, on record",
            &[Code::NotFound, Code::RateLimited], notices::notify_by_email)
        .at(Method::POST, "/api/v1/admin/notices/sms",
            "Write to one person, into the inbox, and say by text message that something is there, on record",
            &[Code::NotFound, Code::RateLimited], notices::notify_by_sms)
}

#[cfg(test)]
mod tests;
