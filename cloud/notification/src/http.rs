//! Owns the routes of a person's own inbox. Whose it is comes from the token alone.

mod inbox;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, put},
};
use process::{clock::Clock, tokens::Keys};
use std::sync::Arc;

use crate::{domain::Texts, store::InboxStore};

#[derive(Clone)]
pub struct Service {
    pub store: InboxStore,
    pub texts: Arc<Texts>,
    pub keys: Keys,
    pub clock: Clock,
}

impl FromRef<Service> for Keys {
    fn from_ref(service: &Service) -> Self {
        service.keys.clone()
    }
}

impl FromRef<Service> for Clock {
    fn from_ref(service: &Service) -> Self {
        service.clock.clone()
    }
}

pub fn router(service: Service) -> Router {
    Router::new()
        .route("/api/v1/notifications", get(inbox::list))
        .route("/api/v1/notifications/{id}/read", put(inbox::read))
        .with_state(service)
}

#[cfg(test)]
mod tests;
