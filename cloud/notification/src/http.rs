//! Owns the routes of a person's own inbox. Whose it is comes from the token alone.

mod inbox;
mod stream;

use axum::{Router, extract::FromRef, routing::get};
use http::Method;
use process::{openapi::RouteTable, tokens::Verifier};
use wire::Code;

use crate::store::InboxStore;

pub use stream::InboxStreams;

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: InboxStore,
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
}

#[cfg(test)]
mod tests;
