//! The stored form of an inbox line, its indexes, and the queries that use them.

use platform::documents::{
    CollectionSchema, Document, DocumentBody, Field, Filter, Index, IndexCondition, IndexQuery,
    ScalarType, millis,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{EventId, EventType, OrderId, Role, UnixMillis, UserId};

use crate::domain::{InboxLine, KEPT_MS, KeptFrom, LineId, LineParams, PageRequest, StoredLine};

/// Counting stops here: more than any badge shows, and bounded work.
pub const UNREAD_SHOWN_MAX: usize = 1_000;

pub(super) const USER: Field<UserId> = Field::new("user_id");
const EVENT: Field<EventId> = Field::new("event_id");
pub(super) const TYPE: Field<String> = Field::optional("type");
const CREATED: Field<UnixMillis> = Field::new("created_at");
pub(super) const IS_READ: Field<bool> = Field::new("is_read");
pub(super) const READ_AT: Field<UnixMillis> = Field::optional("read_at");
const ORDER: Field<OrderId> = Field::optional("order_id");
const EXPIRES: Field<UnixMillis> = Field::optional("expires_at");

const ONCE: Index = Index::new("once", &[USER.ascending_key(), EVENT.ascending_key()]).unique();
/// Sorted by id, which begins with the arrival time.
const ARRIVED: Index = Index::new("arrived", &[USER.ascending_key()]);
const NEWEST: Index = Index::new("newest", &[USER.ascending_key(), CREATED.descending_key()]);
pub(super) const UNREAD: Index =
    Index::new("unread", &[USER.ascending_key(), CREATED.descending_key()])
        .with_conditions(&[IndexCondition::Is(IS_READ.path(), false)]);
/// Sorted by id.
const OF_ORDER: Index = Index::new("of_order", &[ORDER.ascending_key()])
    .with_conditions(&[IndexCondition::Present(ORDER.path())]);
/// Only lost acceptances name other jobs than their own.
const LOST: Index = Index::new("lost", &[CREATED.ascending_key()])
    .with_conditions(&[IndexCondition::Says(TYPE.path(), "order.acceptance_lost")]);
const READ: Index = Index::new("read", &[READ_AT.ascending_key()]).with_expiry(KEPT_MS);
/// Expires lines kept from creation; `READ` never expires one of them sooner.
const OLD: Index = Index::new("old", &[EXPIRES.ascending_key()]).with_expiry(0);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InboxDocument {
    pub(super) user_id: UserId,
    pub(super) event_id: EventId,
    #[serde(default, rename = "type")]
    pub(super) event_type: Option<EventType>,
    #[serde(default)]
    order_id: Option<OrderId>,
    counterpart: Option<UserId>,
    pub(super) params: LineParams,
    #[serde(with = "millis")]
    created_at: UnixMillis,
    is_read: bool,
    #[serde(default, with = "millis::option")]
    read_at: Option<UnixMillis>,
    /// Absent if retention starts at reading.
    #[serde(
        default,
        with = "millis::option",
        skip_serializing_if = "Option::is_none"
    )]
    expires_at: Option<UnixMillis>,
}

impl DocumentBody for InboxDocument {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[
            USER.path(),
            EVENT.path(),
            TYPE.path(),
            CREATED.path(),
            IS_READ.path(),
            READ_AT.path(),
            ORDER.path(),
            EXPIRES.path(),
        ],
        indexes: &[ONCE, ARRIVED, NEWEST, UNREAD, OF_ORDER, LOST, READ, OLD],
    };
    // Order titles and reasons are free text that people wrote.
    const SEALED: &'static [&'static str] = &["params"];
}

impl InboxDocument {
    pub(super) fn from_line(line: &InboxLine, kept_from: KeptFrom) -> Self {
        Self {
            user_id: line.user_id,
            event_id: line.event_id,
            event_type: line.event_type,
            order_id: line.order_id,
            counterpart: line.counterpart,
            params: line.params.clone(),
            created_at: line.created_at,
            is_read: false,
            read_at: None,
            expires_at: match kept_from {
                KeptFrom::Read => None,
                KeptFrom::Created => Some(line.created_at.plus_ms(KEPT_MS)),
            },
        }
    }
}

pub(super) fn to_stored_line(stored: Document<InboxDocument>, role: Role) -> StoredLine {
    let id = LineId(stored.id);
    let body = stored.body;
    let line = InboxLine {
        user_id: body.user_id,
        role,
        event_type: body.event_type,
        order_id: body.order_id,
        event_id: body.event_id,
        counterpart: body.counterpart,
        params: body.params,
        created_at: body.created_at,
    };
    StoredLine {
        id,
        line,
        read_at: body.read_at,
    }
}

/// The query behind a page.
pub fn page_query(request: &PageRequest) -> IndexQuery {
    page_query_within(USER.is_equal_to(request.user_id), request)
}

pub(super) fn page_query_within(own: Filter, request: &PageRequest) -> IndexQuery {
    let find = if request.unread_only {
        IndexQuery::from_index(UNREAD, own)
    } else {
        let read_lately = READ_AT.at_least(request.read_since);
        IndexQuery::from_index(NEWEST, own.and(IS_READ.is_equal_to(false).or(read_lately)))
    };
    let after = request
        .after
        .map(|after| vec![after.at.scalar(), after.id.scalar()]);
    find.start_after(after).with_limit(request.limit)
}

/// The query behind one line: the first at or after that event, because queries have an order.
pub fn line_query(user: UserId, event: EventId) -> IndexQuery {
    IndexQuery::from_index(ONCE, USER.is_equal_to(user).and(EVENT.at_least(event))).with_limit(1)
}

/// The query behind a stream.
pub fn arrived_query(user: UserId, since: Uuid, limit: usize) -> IndexQuery {
    IndexQuery::from_index(ARRIVED, USER.is_equal_to(user))
        .start_after(Some(vec![since.scalar()]))
        .with_limit(limit)
}

/// All lines about an order.
pub(super) fn order_lines_query(order: OrderId, limit: usize) -> IndexQuery {
    IndexQuery::from_index(OF_ORDER, ORDER.is_equal_to(order)).with_limit(limit)
}

/// The lines about lost acceptances since then, oldest first.
pub(super) fn lost_since_query(since: UnixMillis, limit: usize) -> IndexQuery {
    IndexQuery::from_index(LOST, CREATED.at_least(since)).with_limit(limit)
}

/// The query behind the unread count.
pub fn unread_query(user: UserId) -> IndexQuery {
    IndexQuery::from_index(UNREAD, USER.is_equal_to(user)).with_limit(UNREAD_SHOWN_MAX)
}
