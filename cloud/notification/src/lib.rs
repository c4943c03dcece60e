//! Owns inboxes: what happened, told to the people it concerns, in their language.
//!
//! Invariants: nobody is told twice of one event, however often the bus delivers it; a person reads
//! only their own inbox; texts are written when they are read, so a line follows its reader's language.

pub mod domain;
mod events;
mod http;
mod jobs;
#[cfg(test)]
mod samples;
pub mod store;

use std::sync::Arc;

use axum::Router;
use platform::{
    Ground,
    documents::{Documents, DocumentsError},
    health::{self, Check},
    jobs::JobError,
};
use process::config::SecretUrl;
use serde::{Deserialize, Serialize};

use domain::{Texts, TextsError};
use store::{InboxStore, StoreError};

pub const NAME: &str = "notification";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    /// notification_db.
    pub documents_url: SecretUrl,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8006".to_owned(),
            documents_url: "mongodb://127.0.0.1/notification_db".into(),
        }
    }
}

/// Notification asks nobody: events carry all it tells.
#[derive(Clone, Default)]
pub struct Peers {}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("could not open notification_db")]
    Documents(#[from] DocumentsError),
    #[error("could not use notification_db")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Texts(#[from] TextsError),
    #[error("could not start the jobs of notification")]
    Jobs(#[from] JobError),
}

pub async fn open(config: Config, ground: Ground, _peers: Peers) -> Result<Router, OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    let store = InboxStore::new(documents.clone());
    store.check().await?;
    let texts = Arc::new(Texts::load()?);
    let Ground { clock, tasks, bus, keys, .. } = ground;

    jobs::start(&tasks, &store, &clock)?;
    events::start(&tasks, &bus, store.clone(), clock.clone());

    let readiness = health::readiness([Check::Documents(documents), Check::Bus(bus)]);
    let router = http::router(http::Service { store, texts, keys, clock });
    Ok(process::web::standard(router.merge(process::health::router(readiness)), NAME))
}

/// Brings notification_db up to date.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    Ok(InboxStore::new(documents).migrate().await?)
}
