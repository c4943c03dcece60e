//! The two stores of a collection. Both keep the same promises, and one suite of tests holds them
//! to it.

mod bson;
mod events;
mod mongo;
mod sqlite;

use mongodb::bson::RawDocumentBuf;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use wire::{EventId, UnixMillis};

pub(crate) use events::WaitingEvent;
pub(super) use mongo::MongoStore;
pub(super) use sqlite::SqliteStore;

/// Events of one document that may wait to leave. A relay that is this far behind stops its
/// writers.
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

/// The event that a write is made for, so that it is made once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause {
    pub event: EventId,
    pub now: UnixMillis,
}

/// The inbox of one document, as a consumer of its own.
fn consumer(collection: &str, id: Uuid) -> String {
    format!("{collection}/{id}")
}
