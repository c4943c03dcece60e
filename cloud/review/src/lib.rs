//! The review service: a customer's review of a completed order, the provider's reply, and the
//! rating computed from all reviews of a provider.
//!
//! Invariants: an order has at most one review, by its customer and after its completion; a hidden
//! review is kept, visible only to its author and to admins, and counts nowhere; a rating is the
//! sum of the shown reviews.

mod actions;
pub mod domain;
mod handlers;
mod routes;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use platform::{
    OpenError, ServiceContext,
    documents::Documents,
    files::{FileRegister, Files, UploadReceiver},
    idempotency::IdempotencyStore,
    operator_routes,
    sealing::DataKeys,
    service as skeleton,
    service::{DataPlace, PartConfig, ReadinessCheck},
    upstream::Upstream,
};
use process::{clock::Clock, config::SecretUrl, openapi::ApiDocument, parts::CloudPart};
use serde::{Deserialize, Serialize};

use actions::Service;
use store::ReviewStore;

pub use actions::{ErasureConsumer, RatingEventConsumer};

pub const NAME: &str = CloudPart::Review.name();

/// The `review` section of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub documents_url: SecretUrl,
    /// The file store for review pictures. All replicas must share it.
    pub files_url: SecretUrl,
    /// A customer may edit a review for this long, unless its provider has replied.
    pub edit_within_ms: i64,
}

/// The default sets no store URLs.
impl Default for Config {
    fn default() -> Self {
        Self {
            bind: String::new(),
            documents_url: SecretUrl::default(),
            files_url: SecretUrl::default(),
            edit_within_ms: 24 * 60 * 60 * 1000,
        }
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        let files = format!("file:{}", place.file_path("review-files").display());
        Self {
            bind: DataPlace::listen_address(part),
            documents_url: place.store_address(part),
            files_url: files.into(),
            ..Self::default()
        }
    }
}

#[derive(Clone)]
pub struct Peers {
    /// The order service, which checks an order's customer and completion.
    pub order: Upstream,
}

pub async fn open(
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    let documents = documents.sealed_by(&context.data_keys);
    let store = ReviewStore::new(&documents, &context.data_keys, context.clock.clone());
    store.check_schema().await?;
    let files = Files::open(config.files_url.reveal()).map_err(OpenError::own_failure(
        "`review.files_url`: could not open the file store",
    ))?;
    let register = FileRegister::new(&documents, files.clone(), context.clock.clone());
    register.check_schema().await?;
    context.run(NAME, &documents, actions::build_jobs(&store, &register))?;
    let answers = IdempotencyStore::new(&context, NAME, &documents);
    RatingEventConsumer {
        store: store.clone(),
    }
    .start(&context.tasks, &context.bus);
    ErasureConsumer {
        store: store.clone(),
        register: register.clone(),
    }
    .start(&context.tasks, &context.bus);
    let service = Service {
        store,
        intake: UploadReceiver::new(&files),
        register,
        verifier: context.verifier_for(NAME),
        orders: peers.order,
        edit_within_ms: config.edit_within_ms,
    };
    let operator = operator_routes::build_routes(&context, CloudPart::Review, &documents);
    let checks = [
        ReadinessCheck::Documents(documents),
        ReadinessCheck::Files(files),
        ReadinessCheck::Bus(context.bus),
    ];
    let routes = answers.wrap_routes(routes::router(service), &api_document());
    Ok(skeleton::router(NAME, routes.merge(operator), checks))
}

pub fn api_document() -> ApiDocument {
    routes::add_public_routes(ApiDocument::for_part(NAME))
}

/// Migrates review_db.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    ReviewStore::new(&documents, &DataKeys::without_keys(), Clock::system())
        .migrate()
        .await?;
    Ok(FileRegister::migrate(&documents).await?)
}
