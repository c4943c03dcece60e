//! What a document store promises on MongoDB and on SQLite alike, and what a service's two arms have
//! to do so that they do not differ.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use contract::document_stores;
use mongodb::{
    IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};
use platform::{
    documents::{Documents, DocumentsError},
    vals,
};
use tokio::time::timeout;

/// A collection of one service, as services write theirs: one enum arm per store.
struct Notes(Documents);

const TABLE: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, event TEXT, body TEXT NOT NULL)";
const INDEX: &str = "CREATE UNIQUE INDEX notes_event ON notes (event) WHERE event IS NOT NULL";
const ADD: &str = "INSERT INTO notes (event, body) VALUES (?, ?)";
const COUNT: &str = "SELECT COUNT(*) FROM notes";

impl Notes {
    async fn open(documents: Documents) -> Self {
        match &documents {
            Documents::Mongo(database) => {
                // Without the filter a missing field counts as null, and a second one is refused.
                let some = doc! { "event": { "$exists": true } };
                let unique =
                    IndexOptions::builder().unique(true).partial_filter_expression(some).build();
                let index = IndexModel::builder().keys(doc! { "event": 1 }).options(unique).build();
                database.collection::<Document>("notes").create_index(index).await.unwrap();
            }
            Documents::Sqlite(sql) => {
                sql.exec(TABLE, vals![]).await.unwrap();
                sql.exec(INDEX, vals![]).await.unwrap();
            }
        }
        Self(documents)
    }

    async fn add(&self, event: Option<&str>, body: &str) -> Result<(), DocumentsError> {
        match &self.0 {
            Documents::Mongo(database) => {
                let mut note = doc! { "body": body };
                if let Some(event) = event {
                    note.insert("event", event);
                }
                database.collection::<Document>("notes").insert_one(note).await?;
            }
            Documents::Sqlite(sql) => {
                sql.exec(ADD, vals![event, body]).await?;
            }
        }
        Ok(())
    }

    async fn count(&self) -> u64 {
        match &self.0 {
            Documents::Mongo(database) => {
                database.collection::<Document>("notes").count_documents(doc! {}).await.unwrap()
            }
            Documents::Sqlite(sql) => {
                let (count,): (i64,) = sql.one(COUNT, vals![]).await.unwrap().unwrap();
                u64::try_from(count).unwrap()
            }
        }
    }
}

#[tokio::test]
async fn a_store_answers() {
    for arm in document_stores().await {
        arm.documents.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_second_document_with_the_same_key_is_refused() {
    for arm in document_stores().await {
        let notes = Notes::open(arm.documents.clone()).await;
        notes.add(Some("e1"), "first").await.unwrap();
        let error = notes.add(Some("e1"), "second").await.unwrap_err();
        assert!(error.is_unique() && !error.is_unavailable(), "{error}");
        assert_eq!(notes.count().await, 1);
    }
}

#[tokio::test]
async fn documents_without_a_key_do_not_exclude_each_other() {
    for arm in document_stores().await {
        let notes = Notes::open(arm.documents.clone()).await;
        notes.add(None, "one").await.unwrap();
        notes.add(None, "another").await.unwrap();
        assert_eq!(notes.count().await, 2);
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_told_apart_from_a_refusal() {
    let documents = Documents::open("mongodb://127.0.0.1:9/notes").await.unwrap();
    let asked = timeout(Duration::from_secs(15), documents.ping()).await.expect("an end");
    let error = asked.unwrap_err();
    assert!(error.is_unavailable() && !error.is_unique(), "{error}");
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
