//! The inbox as hand-written queries for each database, with a corrected page index. Kept as a
//! baseline.

use anyhow::{Context, Result};
use mongodb::{
    Collection, IndexModel,
    bson::{self, Bson, Document, doc},
    options::IndexOptions,
};
use notification::domain::{InboxLine, InboxPage, LineId, LineParams, PageRequest, StoredLine};
use platform::{
    row,
    sql::{Sql, SqlError, Val},
    transact, vals,
};
use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{EventId, EventType, OrderId, Role, UnixMillis, UserId};

const TABLE: [&str; 5] = [
    "CREATE TABLE notifications (id BLOB NOT NULL PRIMARY KEY, user_id BLOB NOT NULL,
        role INTEGER NOT NULL, event_id BLOB NOT NULL, created_at INTEGER NOT NULL,
        is_read INTEGER NOT NULL DEFAULT 0, read_at INTEGER,
        body TEXT NOT NULL CHECK (json_valid(body))) STRICT",
    "CREATE UNIQUE INDEX notifications_once ON notifications (user_id, event_id)",
    "CREATE INDEX notifications_newest ON notifications (user_id, created_at DESC, id DESC)",
    "CREATE INDEX notifications_unread ON notifications (user_id, is_read)",
    "CREATE INDEX notifications_read ON notifications (read_at) WHERE is_read = 1",
];
const ADD: &str = "INSERT INTO notifications (id, user_id, role, event_id, created_at, body)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, event_id) DO NOTHING";
const LINES: &str = "SELECT id, user_id, role, event_id, created_at, read_at, body
    FROM notifications INDEXED BY notifications_newest
    WHERE user_id = ? AND (is_read = 0 OR read_at >= ?) AND created_at <= ?
      AND (created_at < ? OR (created_at = ? AND id < ?))
    ORDER BY created_at DESC, id DESC LIMIT ?";

pub(crate) enum HandWrittenInbox {
    Mongo(Collection<Document>),
    Sqlite(Sql),
}

#[derive(Serialize, Deserialize)]
struct LineBody {
    #[serde(rename = "type")]
    event_type: Option<EventType>,
    order_id: Option<OrderId>,
    counterpart: Option<UserId>,
    params: LineParams,
}

row! {
    struct LineRow {
        id: Uuid,
        user_id: UserId,
        role: Role,
        event_id: EventId,
        created_at: UnixMillis,
        read_at: Option<UnixMillis>,
        body: String,
    }
}

impl HandWrittenInbox {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        if url.starts_with("sqlite:") {
            let sql = Sql::open(url).await?;
            for text in TABLE {
                sql.exec(text, vals![]).await?;
            }
            return Ok(Self::Sqlite(sql));
        }
        let client = mongodb::Client::with_uri_str(url).await?;
        let database = client.default_database().context("a database")?;
        let majority = mongodb::options::CollectionOptions::builder()
            .write_concern(mongodb::options::WriteConcern::majority())
            .read_concern(mongodb::options::ReadConcern::majority())
            .build();
        let inbox: Collection<Document> = database.collection_with_options("inbox", majority);
        let index = |keys: Document, options: IndexOptions| {
            IndexModel::builder().keys(keys).options(options).build()
        };
        let plain = IndexOptions::default;
        let read = doc! {"is_read": true};
        inbox
            .create_indexes([
                index(
                    doc! {"user_id": 1, "event_id": 1},
                    IndexOptions::builder().unique(true).build(),
                ),
                index(doc! {"user_id": 1, "created_at": -1, "_id": -1}, plain()),
                index(doc! {"user_id": 1, "is_read": 1}, plain()),
                index(
                    doc! {"read_on": 1},
                    IndexOptions::builder()
                        .partial_filter_expression(read)
                        .build(),
                ),
            ])
            .await?;
        Ok(Self::Mongo(inbox))
    }

    pub(crate) async fn add(&self, id: LineId, line: &InboxLine) -> Result<bool> {
        match self {
            Self::Mongo(inbox) => inbox.insert_one(document(id, line)?).await.map(|_| true),
            Self::Sqlite(sql) => return Ok(sql.exec(ADD, values(id, line)?).await? == 1),
        }
        .map_err(Into::into)
    }

    pub(crate) async fn add_all(&self, lines: &[(LineId, InboxLine)]) -> Result<Vec<bool>> {
        match self {
            Self::Mongo(inbox) => {
                let documents = lines.iter().map(|(id, line)| document(*id, line));
                let documents = documents.collect::<Result<Vec<_>>>()?;
                inbox.insert_many(documents).ordered(false).await?;
                Ok(vec![true; lines.len()])
            }
            Self::Sqlite(sql) => transact!(sql, tx => {
                let mut fresh = Vec::with_capacity(lines.len());
                for (id, line) in lines {
                    fresh.push(tx.exec(ADD, values(*id, line)?).await? == 1);
                }
                Ok::<_, anyhow::Error>(fresh)
            }),
        }
    }

    pub(crate) async fn page(&self, request: &PageRequest) -> Result<InboxPage> {
        let mut lines = match self {
            Self::Mongo(inbox) => mongo_lines(inbox, request).await?,
            Self::Sqlite(sql) => sqlite_lines(sql, request).await?,
        };
        let more = lines.len() > request.limit;
        lines.truncate(request.limit);
        let last = lines.last().filter(|_| more);
        let next = last.map(|last| TimeCursor {
            at: last.line.created_at,
            id: last.id.0,
        });
        Ok(InboxPage { lines, next })
    }
}

async fn mongo_lines(
    inbox: &Collection<Document>,
    request: &PageRequest,
) -> Result<Vec<StoredLine>> {
    let alive = doc! {"$or": [{"is_read": false}, {"read_at": {"$gte": request.read_since.0}}]};
    let mut all = vec![doc! {"user_id": binary(request.user_id.0)}, alive];
    if let Some(after) = request.after {
        let at = after.at.0;
        all.push(doc! {"$or": [
            {"created_at": {"$lt": at}},
            {"created_at": at, "_id": {"$lt": binary(after.id)}},
        ]});
    }
    let finding = inbox
        .find(doc! {"$and": all})
        .sort(doc! {"created_at": -1, "_id": -1});
    let mut found = finding.limit(i64::try_from(request.limit + 1)?).await?;
    let mut lines = Vec::new();
    while found.advance().await? {
        lines.push(stored_line(&found.deserialize_current()?)?);
    }
    Ok(lines)
}

async fn sqlite_lines(sql: &Sql, request: &PageRequest) -> Result<Vec<StoredLine>> {
    let after = request.after.unwrap_or(TimeCursor::START);
    let at = after.at;
    let values = vals![
        request.user_id,
        request.read_since,
        at,
        at,
        at,
        after.id,
        request.limit + 1
    ];
    let rows: Result<Vec<LineRow>, SqlError> = sql.fetch_all(LINES, values).await;
    let line = |row: LineRow| {
        let body: LineBody = serde_json::from_str(&row.body)?;
        let line = InboxLine {
            user_id: row.user_id,
            role: row.role,
            event_type: body.event_type,
            order_id: body.order_id,
            event_id: row.event_id,
            counterpart: body.counterpart,
            params: body.params,
            created_at: row.created_at,
        };
        Ok(StoredLine {
            id: LineId(row.id),
            line,
            read_at: row.read_at,
        })
    };
    rows?.into_iter().map(line).collect()
}

fn body(line: &InboxLine) -> LineBody {
    LineBody {
        event_type: line.event_type,
        order_id: line.order_id,
        counterpart: line.counterpart,
        params: line.params.clone(),
    }
}

fn values(id: LineId, line: &InboxLine) -> Result<Vec<Val>> {
    let body = serde_json::to_string(&body(line))?;
    Ok(vals![
        id.0,
        line.user_id,
        line.role.as_number(),
        line.event_id,
        line.created_at,
        body
    ])
}

fn document(id: LineId, line: &InboxLine) -> Result<Document> {
    let params = bson::serialize_to_bson(&serde_json::to_value(&line.params)?)?;
    Ok(doc! {
        "_id": binary(id.0), "user_id": binary(line.user_id.0), "event_id": binary(line.event_id.0),
        "type": line.event_type.map(EventType::as_str), "order_id": binary(line.order_id.expect("a line about an order").0),
        "counterpart": line.counterpart.map(|user| binary(user.0)), "params": params,
        "is_read": false, "created_at": line.created_at.0,
    })
}

fn stored_line(document: &Document) -> Result<StoredLine> {
    let params = document.get("params").cloned().unwrap_or(Bson::Null);
    let body: LineBody = serde_json::from_value(serde_json::json!({
        "type": document.get_str("type")?,
        "order_id": id(document, "order_id")?,
        "counterpart": id(document, "counterpart").ok(),
        "params": bson::deserialize_from_bson::<serde_json::Value>(params)?,
    }))?;
    let line = InboxLine {
        user_id: UserId(id(document, "user_id")?),
        role: Role::Customer,
        event_type: body.event_type,
        order_id: body.order_id,
        event_id: EventId(id(document, "event_id")?),
        counterpart: body.counterpart,
        params: body.params,
        created_at: UnixMillis(document.get_i64("created_at")?),
    };
    let read_at = document.get_i64("read_at").ok().map(UnixMillis);
    Ok(StoredLine {
        id: LineId(id(document, "_id")?),
        line,
        read_at,
    })
}

fn binary(id: Uuid) -> bson::Uuid {
    bson::Uuid::from_bytes(id.into_bytes())
}

fn id(document: &Document, field: &str) -> Result<Uuid> {
    match document.get(field) {
        Some(Bson::Binary(binary)) => Ok(Uuid::from_slice(&binary.bytes)?),
        _ => anyhow::bail!("`{field}` is not an id"),
    }
}
