//! Owns the profiles of people: their data and addresses, and the offers of providers.
//!
//! Invariants: a person changes their own profile alone; a change is made on the version that was read;
//! other people see the public part of a provider and nothing of a customer; each change writes its event
//! into the document that it changes.

pub mod domain;
mod events;
mod http;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use platform::{Ground, OpenError, documents::Documents, health::Check, service as skeleton};
use process::{clock::Clock, openapi::ApiDocument, parts::CloudPart};

use store::ProfileStore;

pub use events::ProfileFeed;
pub use platform::config::DocumentsConfig as Config;

pub const NAME: &str = CloudPart::User.name();

/// The service asks nobody: a token says who its caller is.
#[derive(Clone, Default)]
pub struct Peers {}

pub async fn open(config: Config, ground: Ground, _peers: Peers) -> Result<Router, OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    let store = ProfileStore::new(&documents, ground.clock.clone());
    store.check().await?;
    ground.run(NAME, &documents, Vec::new())?;
    ProfileFeed { store: store.clone() }.start(&ground.tasks, &ground.bus);
    let service = http::Service { store, verifier: ground.verifier(NAME) };
    let checks = [Check::Documents(documents), Check::Bus(ground.bus)];
    Ok(skeleton::router(NAME, http::router(service), checks))
}

/// The routes for clients.
pub fn document() -> ApiDocument {
    http::table(ApiDocument::of(NAME))
}

/// Brings user_db up to date.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    Ok(ProfileStore::new(&documents, Clock::system()).migrate().await?)
}
