//! The MongoDB arm: `customer_inbox` and `provider_inbox`. Times are integer milliseconds as
//! everywhere; only `read_on` is a date, because MongoDB's own expiry counts from dates.

use std::time::Duration;

use mongodb::{
    Collection, Database, IndexModel,
    bson::{self, Bson, Document, doc},
    error::{Error, ErrorKind},
    options::IndexOptions,
};
use platform::documents::DocumentsError;
use uuid::Uuid;
use wire::{EventId, Role, UnixMillis, UserId};

use super::{StoreError, UNREAD_SHOWN_MAX, body::Body, body::unreadable};
use crate::domain::{Line, LineId, PageRequest, READ_KEPT_MS, StoredLine};

const NAMESPACE_NOT_FOUND: i32 = 26;
const DUPLICATE_KEY: i32 = 11_000;

#[derive(Clone)]
pub struct MongoInbox {
    customers: Collection<Document>,
    providers: Collection<Document>,
}

impl MongoInbox {
    pub fn new(database: &Database) -> Self {
        Self {
            customers: database.collection("customer_inbox"),
            providers: database.collection("provider_inbox"),
        }
    }

    /// Whoever is not a provider is told as a customer is; admins have no inbox yet.
    fn of(&self, role: Role) -> &Collection<Document> {
        match role {
            Role::Provider => &self.providers,
            Role::Customer | Role::Admin => &self.customers,
        }
    }

    pub async fn migrate(&self) -> Result<(), StoreError> {
        for inbox in [&self.customers, &self.providers] {
            inbox.create_indexes(indexes().map(|(_, index)| index)).await?;
        }
        Ok(())
    }

    pub async fn check(&self) -> Result<(), StoreError> {
        for inbox in [&self.customers, &self.providers] {
            let present = match inbox.list_index_names().await {
                Ok(names) => names,
                Err(error) if is_command(&error, NAMESPACE_NOT_FOUND) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            for (name, _) in indexes() {
                if !present.iter().any(|known| known == name) {
                    let missing = format!("index {name} of {}", inbox.name());
                    return Err(StoreError::Outdated { missing });
                }
            }
        }
        Ok(())
    }

    pub async fn add(&self, id: LineId, line: &Line) -> Result<bool, StoreError> {
        match self.of(line.role).insert_one(document(id, line)?).await {
            Ok(_) => Ok(true),
            Err(error) => match DocumentsError::from(error) {
                known if known.is_unique() => Ok(false),
                error => Err(error.into()),
            },
        }
    }

    /// One call for each collection. What is there already is passed over.
    pub async fn add_all(&self, lines: &[(LineId, Line)]) -> Result<Vec<bool>, StoreError> {
        let mut fresh = vec![true; lines.len()];
        for role in [Role::Customer, Role::Provider] {
            let of_role = lines
                .iter()
                .enumerate()
                .filter(|(_, (_, line))| std::ptr::eq(self.of(line.role), self.of(role)));
            let (mut places, mut documents) = (Vec::new(), Vec::new());
            for (place, (id, line)) in of_role {
                places.push(place);
                documents.push(document(*id, line)?);
            }
            if documents.is_empty() {
                continue;
            }
            let inserted = self.of(role).insert_many(documents).ordered(false).await;
            for known in inserted.map_or_else(known, |_| Ok(Vec::new()))? {
                fresh[places[known]] = false;
            }
        }
        Ok(fresh)
    }

    pub async fn lines(
        &self,
        request: &PageRequest,
        limit: usize,
    ) -> Result<Vec<StoredLine>, StoreError> {
        let mut filter = doc! {"user_id": binary(request.user_id.0)};
        if request.unread_only {
            filter.insert("is_read", false);
        }
        let alive = doc! {"$or": [
            {"is_read": false},
            {"read_at": {"$gte": request.read_since.0}},
        ]};
        let mut all = vec![filter, alive];
        if let Some(after) = request.after {
            let at = after.created_at.0;
            all.push(doc! {"$or": [
                {"created_at": {"$lt": at}},
                {"created_at": at, "_id": {"$lt": binary(after.id.0)}},
            ]});
        }
        let newest_first = doc! {"created_at": -1, "_id": -1};
        let mut found = self
            .of(request.role)
            .find(doc! {"$and": all})
            .sort(newest_first)
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .await?;
        let mut lines = Vec::new();
        while found.advance().await? {
            lines.push(stored_line(&found.deserialize_current()?, request.role)?);
        }
        Ok(lines)
    }

    pub async fn unread(&self, user: UserId, role: Role) -> Result<u64, StoreError> {
        let filter = doc! {"user_id": binary(user.0), "is_read": false};
        let counting = self.of(role).count_documents(filter).limit(u64::from(UNREAD_SHOWN_MAX));
        Ok(counting.await?)
    }

    pub async fn mark_read(
        &self,
        user: UserId,
        role: Role,
        id: LineId,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let own = doc! {"_id": binary(id.0), "user_id": binary(user.0)};
        let unread = doc! {"_id": binary(id.0), "user_id": binary(user.0), "is_read": false};
        let read_on = bson::DateTime::from_millis(now.0);
        let read = doc! {"$set": {"is_read": true, "read_at": now.0, "read_on": read_on}};
        if self.of(role).update_one(unread, read).await?.matched_count == 1 {
            return Ok(true);
        }
        Ok(self.of(role).find_one(own).await?.is_some())
    }
}

/// Which of many documents were there already. Any other failure is one.
fn known(error: Error) -> Result<Vec<usize>, StoreError> {
    let ErrorKind::InsertMany(failure) = &*error.kind else { return Err(error.into()) };
    let writes = failure.write_errors.as_deref().unwrap_or_default();
    if failure.write_concern_error.is_some() || writes.iter().any(|e| e.code != DUPLICATE_KEY) {
        return Err(error.into());
    }
    Ok(writes.iter().map(|write| write.index).collect())
}

/// Every index with the name it is checked by.
fn indexes() -> [(&'static str, IndexModel); 4] {
    let read_kept = Duration::from_millis(READ_KEPT_MS.unsigned_abs());
    let named = |name: &'static str| IndexOptions::builder().name(name.to_owned());
    let index = |keys: Document, options: IndexOptions| {
        IndexModel::builder().keys(keys).options(options).build()
    };
    [
        (
            "inbox_once",
            index(doc! {"user_id": 1, "event_id": 1}, named("inbox_once").unique(true).build()),
        ),
        (
            "inbox_newest",
            index(doc! {"user_id": 1, "created_at": -1, "_id": -1}, named("inbox_newest").build()),
        ),
        ("inbox_unread", index(doc! {"user_id": 1, "is_read": 1}, named("inbox_unread").build())),
        (
            "inbox_read",
            index(
                doc! {"read_on": 1},
                named("inbox_read")
                    .expire_after(read_kept)
                    .partial_filter_expression(doc! {"is_read": true})
                    .build(),
            ),
        ),
    ]
}

fn binary(id: Uuid) -> bson::Uuid {
    bson::Uuid::from_bytes(id.into_bytes())
}

fn document(id: LineId, line: &Line) -> Result<Document, StoreError> {
    let params = serde_json::to_value(&line.params).map_err(unreadable)?;
    let params = bson::serialize_to_bson(&params).map_err(unreadable)?;
    Ok(doc! {
        "_id": binary(id.0),
        "user_id": binary(line.user_id.0),
        "event_id": binary(line.event_id.0),
        "type": line.event_type.as_str(),
        "order_id": binary(line.order_id.0),
        "counterpart": line.counterpart.map(|user| binary(user.0)),
        "params": params,
        "is_read": false,
        "created_at": line.created_at.0,
    })
}

fn stored_line(document: &Document, role: Role) -> Result<StoredLine, StoreError> {
    let params = document.get("params").cloned().unwrap_or(Bson::Null);
    let body = serde_json::json!({
        "type": document.get_str("type").map_err(unreadable)?,
        "order_id": id(document, "order_id")?,
        "counterpart": id(document, "counterpart").ok(),
        "params": bson::deserialize_from_bson::<serde_json::Value>(params).map_err(unreadable)?,
    });
    let body: Body = serde_json::from_value(body).map_err(unreadable)?;
    let line = Line {
        user_id: UserId(id(document, "user_id")?),
        role,
        event_type: body.event_type,
        order_id: body.order_id,
        event_id: EventId(id(document, "event_id")?),
        counterpart: body.counterpart,
        params: body.params,
        created_at: UnixMillis(document.get_i64("created_at").map_err(unreadable)?),
    };
    let read_at = document.get_i64("read_at").ok().map(UnixMillis);
    Ok(StoredLine { id: LineId(id(document, "_id")?), line, read_at })
}

fn id(document: &Document, field: &str) -> Result<Uuid, StoreError> {
    match document.get(field) {
        Some(Bson::Binary(binary)) => Uuid::from_slice(&binary.bytes).map_err(unreadable),
        _ => Err(unreadable(format!("`{field}` is not an id"))),
    }
}

fn is_command(error: &Error, code: i32) -> bool {
    matches!(*error.kind, ErrorKind::Command(ref command) if command.code == code)
}
