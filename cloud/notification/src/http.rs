//! Owns the routes of a person's own inbox. Whose it is comes from the token alone.

mod deliveries;
mod inbox;
mod preferences;
mod stream;

use axum::{Router, extract::FromRef, routing::get};
use http::Method;
use process::{openapi::RouteTable, tokens::Verifier};
use wire::Code;

use crate::{
    domain::Channel,
    store::{DeliveryStore, InboxStore, PreferencesStore},
};

pub use stream::InboxStreams;

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: InboxStore,
    pub preferences: PreferencesStore,
    pub log: DeliveryStore,
    /// The channels that are on.
    pub channels: Vec<Channel>,
    pub verifier: Verifier,
    pub streams: InboxStreams,
}

pub fn router(service: Service) -> Router {
    table(Router::new()).route("/internal/stream", get(stream::stream)).with_state(service)
}

/// The public routes.
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
}

#[cfg(test)]
mod tests;
