//! The review service: a customer's review of a completed order, the provider's reply, and the
//! rating computed from all reviews of a provider.
//!
//! Invariants: an order has at most one review, by its customer and after its completion; a hidden
//! review is kept, visible only to its author and to admins, and counts nowhere; a rating is the
//! sum of the shown reviews.

mod config;
pub mod domain;
mod events;
mod http;
mod jobs;
mod service;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use platform::{
    Ground, OpenError,
    answers::Answers,
    documents::Documents,
    files::{FileIntake, FileRegister, Files},
    health::Check,
    letters,
    sealing::DataKeys,
    service as skeleton,
    upstream::Upstream,
};
use process::{clock::Clock, openapi::ApiDocument, parts::CloudPart};

use service::Service;
use store::ReviewStore;

pub use config::Config;
pub use events::RatingFeed;

pub const NAME: &str = CloudPart::Review.name();

#[derive(Clone)]
pub struct Peers {
    /// The order service, which checks an order's customer and completion.
    pub order: Upstream,
}

pub async fn open(config: Config, ground: Ground, peers: Peers) -> Result<Router, OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    let documents = documents.sealed_by(&ground.data_keys);
    let store = ReviewStore::new(&documents, &ground.data_keys, ground.clock.clone());
    store.check().await?;
    let files = Files::open(config.files_url.reveal())
        .map_err(OpenError::own("`review.files_url`: the store of files cannot be used"))?;
    let register = FileRegister::new(&documents, files.clone(), ground.clock.clone());
    register.check().await?;
    ground.run(NAME, &documents, jobs::all(&store, &register))?;
    let answers = Answers::new(&ground, NAME, &documents);
    RatingFeed { store: store.clone() }.start(&ground.tasks, &ground.bus);
    let service = Service {
        store,
        intake: FileIntake::new(&files),
        register,
        verifier: ground.verifier(NAME),
        orders: peers.order,
        edit_within_ms: config.edit_within_ms,
    };
    let letters = letters::routes(&ground, CloudPart::Review, &documents);
    let checks = [Check::Documents(documents), Check::Files(files), Check::Bus(ground.bus)];
    let routes = answers.over(http::router(service), &document());
    Ok(skeleton::router(NAME, routes.merge(letters), checks))
}

pub fn document() -> ApiDocument {
    http::table(ApiDocument::of(NAME))
}

/// Migrates review_db.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    ReviewStore::new(&documents, &DataKeys::none(), Clock::system()).migrate().await?;
    Ok(FileRegister::migrate(&documents).await?)
}
