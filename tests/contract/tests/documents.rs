//! The promises of a collection, one body for MongoDB and SQLite.

mod found;
mod kept;
mod told;
mod written;

use std::time::Duration;

use contract::notes::{Note, id};
use platform::documents::{Document, Documents, DocumentsError};
use tokio::time::timeout;
use uuid::Uuid;
use wire::UserId;

#[tokio::test]
async fn a_store_that_is_away_is_told_apart_from_a_refusal() {
    let documents = Documents::open("mongodb://127.0.0.1:9/notes")
        .await
        .unwrap();
    let asked = timeout(Duration::from_secs(15), documents.ping())
        .await
        .expect("an end");
    let error = asked.unwrap_err();
    assert!(
        error.is_unavailable() && !error.is_duplicate_key(),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_without_a_database_is_refused() {
    for address in ["mongodb://127.0.0.1:9", "postgres://host/db"] {
        assert!(
            matches!(Documents::open(address).await, Err(DocumentsError::Address)),
            "{address}"
        );
    }
}

fn user(n: u128) -> UserId {
    UserId(id(n))
}

fn ids_of(documents: &[Document<Note>]) -> Vec<Uuid> {
    documents.iter().map(|document| document.id).collect()
}
