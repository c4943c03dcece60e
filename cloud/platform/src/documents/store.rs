//! The two stores of a collection. One test suite verifies both.

mod bson;
mod events;
mod mongo;
mod sqlite;

use mongodb::bson::RawDocumentBuf;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use wire::{EventId, UnixMillis};

pub(crate) use events::DocumentEvent;
pub(super) use mongo::MongoStore;
pub(super) use sqlite::SqliteStore;

/// The most unsent events per document. If the relay falls this far behind, writes fail.
const EVENTS_MAX: usize = 64;

pub(super) struct StoredDocument {
    pub id: Uuid,
    pub version: i64,
    pub body: StoredBody,
}

pub(super) enum StoredBody {
    Bson(RawDocumentBuf),
    Json(String),
}

impl StoredBody {
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        match self {
            Self::Bson(document) => bson::read(document).map_err(|error| error.to_string()),
            Self::Json(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
        }
    }
}

/// The event that triggers a write, recorded so that the write happens once.
#[derive(Debug, Clone, Copy)]
pub(super) struct TriggeringEvent {
    pub event: EventId,
    pub now: UnixMillis,
}

/// The inbox consumer name of one document.
fn consumer_name(collection: &str, id: Uuid) -> String {
    format!("{collection}/{id}")
}
