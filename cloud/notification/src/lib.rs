//! Owns inboxes: what happened, told to the people it concerns, in their language.
//!
//! Invariants: nobody is told twice of one event, however often the bus delivers it; a person reads
//! only their own inbox; texts are written when they are read, so a line follows its reader's language.

mod bell;
pub mod domain;
mod events;
mod http;
mod jobs;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use platform::{
    Ground, OpenError, answers::Answers, documents::Documents, health::Check, letters,
    service as skeleton,
};
use process::{openapi::ApiDocument, parts::CloudPart};

use store::InboxStore;

pub use platform::config::DocumentsConfig as Config;

pub const NAME: &str = CloudPart::Notification.name();

/// Notification asks nobody: events carry all it tells.
#[derive(Clone, Default)]
pub struct Peers {}

pub async fn open(config: Config, ground: Ground, _peers: Peers) -> Result<Router, OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    let documents = documents.sealed_by(&ground.data_keys);
    let store = InboxStore::new(&documents);
    store.check().await?;

    jobs::start(&ground.tasks, &documents, &store, &ground.clock)?;
    events::start(&ground.tasks, &ground.bus, store.clone(), ground.clock.clone());

    let answers = Answers::new(&ground, NAME, &documents);
    let verifier = ground.verifier(NAME);
    let streams = http::InboxStreams::new(ground.tasks.clone());
    let service = http::Service { store, verifier, streams };
    let letters = letters::routes(&ground, CloudPart::Notification, &documents);
    let checks = [Check::Documents(documents), Check::Bus(ground.bus)];
    let routes = answers.over(http::router(service), &document());
    Ok(skeleton::router(NAME, routes.merge(letters), checks))
}

/// The routes for clients.
pub fn document() -> ApiDocument {
    http::table(ApiDocument::of(NAME))
}

/// Brings notification_db up to date.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    Ok(InboxStore::new(&documents).migrate().await?)
}

#[cfg(test)]
mod tests {
    pub mod samples;
}
