//! Owns the routes of a person's own inbox. Whose it is comes from the token alone.

mod inbox;
mod stream;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, put},
};
use process::tokens::Verifier;

use crate::store::InboxStore;

pub use stream::InboxStreams;

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: InboxStore,
    pub verifier: Verifier,
    pub streams: InboxStreams,
}

pub fn router(service: Service) -> Router {
    Router::new()
        .route("/api/v1/notifications", get(inbox::list))
        .route("/api/v1/notifications/{id}/read", put(inbox::read))
        .route("/internal/stream", get(stream::stream))
        .with_state(service)
}

#[cfg(test)]
mod tests;
