//! The edge's copy of its orders' messages: the time up to which it is complete, and its readers.
//!
//! Invariants: the customer of an order reads all its messages, its provider those written to or by
//! them, and others none. If a time is recorded, the copy has all messages up to it of every order
//! that the edge queries.

use engine::edge::{MessageOrders, MessageTurn, is_asked_about};
use journal::JournalError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    Actor, CommandId, EdgeId, Hash, MESSAGE_MARKS_MAX, MessageMark, OrderId, OrderMessage, Role,
    UnixMillis, is_party,
};

use super::{
    EdgeIdentity, Store, StoreWriteResult,
    message_rows::insert_message,
    orders::{find_confirmed_order, load_order_view},
    sql::{execute_cached, id, read_optional, read_u64, to_sql_int},
};

/// The newest message that you may read of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct NewestMessage {
    pub order_id: OrderId,
    /// Its place among the messages of the order.
    pub number: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoredMessage {
    /// Its place among the messages of the order.
    pub number: u64,
    /// The id of the command that sent it, or the idempotency key.
    pub id: CommandId,
    /// The sender's part in the order.
    pub from: Role,
    /// Empty only with a photo.
    pub text: String,
    pub sent_at: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<StoredMessagePhoto>,
}

/// The photo of a message, as its writer named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoredMessagePhoto {
    pub hash: Hash,
    pub bytes: u32,
    pub state: MessagePhotoState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessagePhotoState {
    /// On its writer's device, in the cloud, or on the way.
    Coming,
    /// This edge has the picture.
    Here,
    /// It never comes.
    Refused,
}

/// The photo of a message at this edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessagePhotoKey {
    pub order_id: OrderId,
    pub number: u64,
    pub hash: Hash,
}

/// The messages that a person may read; all up to `as_of` are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadableMessages<T> {
    pub as_of: Option<UnixMillis>,
    pub items: Vec<T>,
}

/// One turn's orders, each with the number of its newest message here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedOrders {
    pub marks: Vec<MessageMark>,
    /// The last order if more may follow.
    pub last: Option<OrderId>,
}

/// A change after completion deletes the order's messages here, so every round queries such an
/// order, not only its turn among the completed ones.
const CHANGED_WITHIN_MS: i64 = 24 * 60 * 60 * 1_000;

/// In the answer about one order.
const ITEMS_MAX: u32 = 100;

/// The newest photos that messages name; pictures of older ones are not kept.
const PHOTOS_MAX: u32 = 1_000;

impl Store {
    pub async fn load_message_marks(
        &self,
        turn: MessageTurn,
        now: UnixMillis,
    ) -> Result<MarkedOrders, JournalError> {
        self.journal
            .read_in_turn(move |conn| load_marks(conn, turn, now))
            .await
    }

    /// Returns how many belong to orders here.
    pub async fn save_messages(&self, messages: Vec<OrderMessage>) -> StoreWriteResult<usize> {
        self.journal
            .write(move |conn, _| {
                let mut stored = 0;
                for message in &messages {
                    stored += usize::from(insert_message(conn, message)?);
                }
                Ok(stored)
            })
            .await
    }

    /// The newest photos that messages name, the newest first.
    pub async fn load_message_photos(&self) -> Result<Vec<MessagePhotoKey>, JournalError> {
        self.journal.read(load_photos).await
    }

    /// The photo of a message that the reader may read.
    pub async fn find_message_photo(
        &self,
        identity: &EdgeIdentity,
        order_id: OrderId,
        number: u64,
        reader: Actor,
    ) -> Result<Option<MessagePhotoKey>, JournalError> {
        let edge = identity.edge_id.clone();
        self.journal
            .read(move |conn| {
                if !is_reader(conn, &edge, order_id, reader)? {
                    return Ok(None);
                }
                find_photo(conn, order_id, number, reader)
            })
            .await
    }

    /// Records that all messages up to `at` were received from the cloud.
    pub async fn save_messages_told(&self, at: UnixMillis) -> StoreWriteResult<()> {
        const PUT: &str = "INSERT OR REPLACE INTO messages_told (one, at) VALUES (1, ?)";
        self.journal
            .write(move |conn, _| execute_cached(conn, PUT, [at.0]))
            .await
    }

    /// By order.
    pub async fn load_newest_messages(
        &self,
        identity: &EdgeIdentity,
        reader: Actor,
    ) -> Result<ReadableMessages<NewestMessage>, JournalError> {
        let edge = identity.edge_id.clone();
        self.journal
            .read(move |conn| {
                Ok(ReadableMessages {
                    as_of: find_time_told(conn)?,
                    items: load_newest(conn, &edge, reader)?,
                })
            })
            .await
    }

    /// The newest messages of an order, oldest first. `None` if the reader is not a party of it.
    pub async fn load_messages(
        &self,
        identity: &EdgeIdentity,
        order_id: OrderId,
        reader: Actor,
    ) -> Result<Option<ReadableMessages<StoredMessage>>, JournalError> {
        let edge = identity.edge_id.clone();
        self.journal
            .read(move |conn| {
                if !is_reader(conn, &edge, order_id, reader)? {
                    return Ok(None);
                }
                let confirmed = find_confirmed_order(conn, order_id)?;
                let is_told = confirmed.is_some_and(|row| is_asked_about(&row.order));
                let told_to = find_time_told(conn)?;
                Ok(Some(ReadableMessages {
                    as_of: told_to.filter(|_| is_told),
                    items: load_thread(conn, order_id, reader)?,
                }))
            })
            .await
    }
}

fn load_marks(
    conn: &Connection,
    turn: MessageTurn,
    now: UnixMillis,
) -> rusqlite::Result<MarkedOrders> {
    const AT_WORK: &str = "SELECT id, (SELECT max(number) FROM messages WHERE order_id = orders.id)
        FROM orders WHERE worker IS NOT NULL AND id > ?1
        UNION SELECT id, (SELECT max(number) FROM messages WHERE order_id = orders.id)
        FROM orders INDEXED BY orders_on_board
        WHERE final = 0 AND updated_at > ?3 AND worker IS NULL AND dropped_digest IS NULL
        AND (feed_open = 0 OR version > feed_version) AND id > ?1 ORDER BY id LIMIT ?2";
    const COMPLETED: &str = "SELECT id,
        (SELECT max(number) FROM messages WHERE order_id = orders.id)
        FROM orders INDEXED BY orders_on_board
        WHERE final = 0 AND worker IS NULL AND dropped_digest IS NULL
        AND (feed_open = 0 OR version > feed_version) AND id > ?1 ORDER BY id LIMIT ?2";
    let limit = to_sql_int(MESSAGE_MARKS_MAX as u64);
    let after = turn.after.as_ref().map_or(&[][..], |id| &id.as_bytes()[..]);
    let mut statement;
    let rows = match turn.orders {
        MessageOrders::AtWork => {
            statement = conn.prepare_cached(AT_WORK)?;
            let since = now.plus_ms(-CHANGED_WITHIN_MS);
            statement.query_map(params![after, limit, since.0], read_mark)?
        }
        MessageOrders::Completed => {
            statement = conn.prepare_cached(COMPLETED)?;
            statement.query_map(params![after, limit], read_mark)?
        }
    };
    let marks: Vec<MessageMark> = rows.collect::<rusqlite::Result<_>>()?;
    let is_full = marks.len() == MESSAGE_MARKS_MAX;
    let last = marks.last().filter(|_| is_full).map(|mark| mark.order_id);
    Ok(MarkedOrders { marks, last })
}

fn read_mark(row: &Row<'_>) -> rusqlite::Result<MessageMark> {
    Ok(MessageMark {
        order_id: id(row, 0)?,
        number: read_optional(row, 1, read_u64)?.unwrap_or_default(),
    })
}

fn find_time_told(conn: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    conn.prepare_cached("SELECT at FROM messages_told WHERE one = 1")?
        .query_row([], |row| row.get(0).map(UnixMillis))
        .optional()
}

/// As the edge sees the order, with its pending commands.
fn is_reader(
    conn: &Connection,
    edge: &EdgeId,
    order_id: OrderId,
    reader: Actor,
) -> rusqlite::Result<bool> {
    let view = load_order_view(conn, order_id, edge)?;
    Ok(view.order.is_some_and(|order| is_party(&order, reader)))
}

fn load_newest(
    conn: &Connection,
    edge: &EdgeId,
    reader: Actor,
) -> rusqlite::Result<Vec<NewestMessage>> {
    const OF_CUSTOMER: &str = "SELECT order_id, max(number) FROM messages WHERE customer_id = ?
        GROUP BY order_id ORDER BY order_id";
    const OF_PROVIDER: &str = "SELECT order_id, max(number) FROM messages WHERE provider_id = ?
        GROUP BY order_id ORDER BY order_id";
    let text = match reader.role {
        Role::Customer => OF_CUSTOMER,
        Role::Provider => OF_PROVIDER,
        Role::Admin => return Ok(Vec::new()),
    };
    let read_newest = |row: &Row<'_>| {
        Ok(NewestMessage {
            order_id: id(row, 0)?,
            number: read_u64(row, 1)?,
        })
    };
    let mut statement = conn.prepare_cached(text)?;
    let rows = statement.query_map([&reader.user_id.as_bytes()[..]], read_newest)?;
    let mut readable = Vec::new();
    for newest in rows {
        let newest = newest?;
        if is_reader(conn, edge, newest.order_id, reader)? {
            readable.push(newest);
        }
    }
    Ok(readable)
}

fn load_thread(
    conn: &Connection,
    order_id: OrderId,
    reader: Actor,
) -> rusqlite::Result<Vec<StoredMessage>> {
    const THREAD: &str = "SELECT number, id, from_provider, text, sent_at, photo_hash, photo_bytes
        FROM messages
        WHERE order_id = ? AND (? OR provider_id = ?) ORDER BY number DESC LIMIT ?";
    let reads_all = reader.role == Role::Customer;
    let values = params![
        &order_id.as_bytes()[..],
        reads_all,
        &reader.user_id.as_bytes()[..],
        ITEMS_MAX,
    ];
    let mut statement = conn.prepare_cached(THREAD)?;
    let rows = statement.query_map(values, read_message)?;
    let mut items: Vec<StoredMessage> = rows.collect::<rusqlite::Result<_>>()?;
    items.reverse();
    Ok(items)
}

fn load_photos(conn: &Connection) -> rusqlite::Result<Vec<MessagePhotoKey>> {
    const NEWEST: &str = "SELECT order_id, number, photo_hash FROM messages
        WHERE photo_hash IS NOT NULL ORDER BY sent_at DESC LIMIT ?";
    let mut statement = conn.prepare_cached(NEWEST)?;
    let rows = statement.query_map([PHOTOS_MAX], read_photo_key)?;
    rows.collect()
}

fn find_photo(
    conn: &Connection,
    order_id: OrderId,
    number: u64,
    reader: Actor,
) -> rusqlite::Result<Option<MessagePhotoKey>> {
    const PHOTO: &str = "SELECT order_id, number, photo_hash FROM messages
        WHERE order_id = ? AND number = ? AND (? OR provider_id = ?) AND photo_hash IS NOT NULL";
    let values = params![
        &order_id.as_bytes()[..],
        to_sql_int(number),
        reader.role == Role::Customer,
        &reader.user_id.as_bytes()[..],
    ];
    conn.prepare_cached(PHOTO)?
        .query_row(values, read_photo_key)
        .optional()
}

fn read_photo_key(row: &Row<'_>) -> rusqlite::Result<MessagePhotoKey> {
    Ok(MessagePhotoKey {
        order_id: id(row, 0)?,
        number: read_u64(row, 1)?,
        hash: Hash(row.get(2)?),
    })
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
    let from_provider: bool = row.get(2)?;
    let hash: Option<[u8; 32]> = row.get(5)?;
    let bytes: Option<u32> = row.get(6)?;
    Ok(StoredMessage {
        number: read_u64(row, 0)?,
        id: id(row, 1)?,
        from: match from_provider {
            true => Role::Provider,
            false => Role::Customer,
        },
        text: row.get(3)?,
        sent_at: UnixMillis(row.get(4)?),
        photo: hash.zip(bytes).map(|photo| StoredMessagePhoto {
            hash: Hash(photo.0),
            bytes: photo.1,
            state: MessagePhotoState::Coming,
        }),
    })
}
