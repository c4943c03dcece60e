//! Owns where inboxes are kept: one collection for customers and one for providers.
//!
//! Invariants: at most one line per person and event; a person reads and marks only their own lines.

mod before;

use platform::documents::{
    Collection, Document, DocumentBody, Documents, DocumentsError, Field, Find, Index,
    IndexCondition, ScalarType, Shape, Update, millis,
};
use platform::sealing::SealWalk;
use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;
use wire::{EventId, EventType, OrderId, Role, UnixMillis, UserId};

use crate::{
    bell::InboxBell,
    domain::{InboxLine, InboxPage, LineId, PageRequest, Params, READ_KEPT_MS, StoredLine},
};

/// Unread lines are counted up to this: more than any badge shows, and a bound on the work.
pub const UNREAD_SHOWN_MAX: usize = 1_000;

const USER: Field<UserId> = Field::new("user_id");
const EVENT: Field<EventId> = Field::new("event_id");
const CREATED: Field<UnixMillis> = Field::new("created_at");
const IS_READ: Field<bool> = Field::new("is_read");
const READ_AT: Field<UnixMillis> = Field::optional("read_at");

const ONCE: Index = Index::new("once", &[USER.up(), EVENT.up()]).unique();
const NEWEST: Index = Index::new("newest", &[USER.up(), CREATED.down()]);
const UNREAD: Index = Index::new("unread", &[USER.up(), CREATED.down()])
    .only(&[IndexCondition::Is(IS_READ.path(), false)]);
const READ: Index = Index::new("read", &[READ_AT.up()]).expiring(READ_KEPT_MS);

#[derive(Debug, Serialize, Deserialize)]
pub struct InboxDocument {
    user_id: UserId,
    event_id: EventId,
    #[serde(rename = "type")]
    event_type: EventType,
    order_id: OrderId,
    counterpart: Option<UserId>,
    params: Params,
    #[serde(with = "millis")]
    created_at: UnixMillis,
    is_read: bool,
    #[serde(default, with = "millis::option")]
    read_at: Option<UnixMillis>,
}

impl DocumentBody for InboxDocument {
    const SHAPE: Shape = Shape {
        fields: &[USER.path(), EVENT.path(), CREATED.path(), IS_READ.path(), READ_AT.path()],
        indexes: &[ONCE, NEWEST, UNREAD, READ],
    };
    // The title of an order and the reason are people's own words.
    const SEALED: &'static [&'static str] = &["params"];
}

#[derive(Clone)]
pub struct InboxStore {
    documents: Documents,
    customers: Collection<InboxDocument>,
    providers: Collection<InboxDocument>,
    bell: InboxBell,
}

impl InboxStore {
    pub fn new(documents: &Documents) -> Self {
        Self {
            documents: documents.clone(),
            customers: Collection::new(documents, "customer_inbox"),
            providers: Collection::new(documents, "provider_inbox"),
            bell: InboxBell::default(),
        }
    }

    /// Makes collections and indexes, and moves the lines of an older layout; safe to repeat.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.make_collections().await?;
        before::move_lines(&self.documents).await
    }

    async fn make_collections(&self) -> Result<(), DocumentsError> {
        self.documents.migrate().await?;
        self.customers.migrate().await?;
        self.providers.migrate().await
    }

    /// Refuses a store that `migrate` has not brought up to date.
    pub async fn check(&self) -> Result<(), DocumentsError> {
        self.documents.check().await?;
        self.customers.check().await?;
        self.providers.check().await?;
        before::check(&self.documents).await
    }

    /// Customers and admins share a collection; admins have no inbox yet.
    pub fn of(&self, role: Role) -> &Collection<InboxDocument> {
        match role {
            Role::Provider => &self.providers,
            Role::Customer | Role::Admin => &self.customers,
        }
    }

    /// Hears of each change of a person's inbox that this replica makes.
    pub fn listen(&self, user: UserId) -> watch::Receiver<()> {
        self.bell.listen(user)
    }

    /// Writes a line and returns whether it is new. The same event again for the same person is not.
    pub async fn add(&self, id: LineId, line: &InboxLine) -> Result<bool, DocumentsError> {
        let is_new = self.of(line.role).insert(id.0, &line.into(), &[]).await?;
        if is_new {
            self.bell.ring(line.user_id);
        }
        Ok(is_new)
    }

    /// Writes many lines with one call for each collection; returns of each whether it is new.
    pub async fn add_all(
        &self,
        lines: &[(LineId, InboxLine)],
    ) -> Result<Vec<bool>, DocumentsError> {
        let mut fresh = vec![true; lines.len()];
        for inbox in [&self.customers, &self.providers] {
            let lines = lines.iter().enumerate();
            let own = lines.filter(|(_, (_, line))| std::ptr::eq(self.of(line.role), inbox));
            let (places, documents): (Vec<usize>, Vec<_>) =
                own.map(|(place, (id, line))| (place, (id.0, line.into()))).unzip();
            for (place, new) in places.into_iter().zip(inbox.insert_new(&documents).await?) {
                fresh[place] = new;
            }
        }
        let written = lines.iter().zip(&fresh).filter(|(_, fresh)| **fresh);
        written.for_each(|((_, line), _)| self.bell.ring(line.user_id));
        Ok(fresh)
    }

    /// A person's lines, newest first.
    pub async fn page(&self, request: &PageRequest) -> Result<InboxPage, DocumentsError> {
        let page = self.of(request.role).page(lines_of(request)).await?;
        let lines = page.documents.into_iter().map(|stored| line(stored, request.role));
        let lines: Vec<StoredLine> = lines.collect();
        let last = lines.last().filter(|_| page.next.is_some());
        let next = last.map(|last| TimeCursor { at: last.line.created_at, id: last.id.0 });
        Ok(InboxPage { lines, next })
    }

    /// Counts a person's unread lines, up to `UNREAD_SHOWN_MAX`.
    pub async fn unread(&self, user: UserId, role: Role) -> Result<u64, DocumentsError> {
        self.of(role).count(&unread_of(user)).await
    }

    /// Marks one of the person's own lines as read; returns whether the line exists. The time of the
    /// first reading stays.
    pub async fn mark_read(
        &self,
        user: UserId,
        role: Role,
        id: LineId,
        now: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        let inbox = self.of(role);
        let read = Update::default().set(&IS_READ, true).set(&READ_AT, now);
        if inbox.update(id.0, USER.is(user).and(IS_READ.is(false)), read, &[]).await? {
            self.bell.ring(user);
            return Ok(true);
        }
        Ok(inbox.get(id.0).await?.is_some_and(|stored| stored.body.user_id == user))
    }

    /// One turn of the job that seals what is plain, or of a former data key.
    pub async fn seal(&self, walks: &[SealWalk<Uuid>; 2]) -> Result<(), DocumentsError> {
        self.customers.seal_stale(&walks[0]).await?;
        self.providers.seal_stale(&walks[1]).await
    }

    /// Removes lines read long ago where the database does not do so; returns their number.
    pub async fn purge_read(&self, now: UnixMillis) -> Result<u64, DocumentsError> {
        Ok(self.customers.purge(now).await? + self.providers.purge(now).await?)
    }
}

/// The query behind a page.
pub fn lines_of(request: &PageRequest) -> Find {
    let own = USER.is(request.user_id);
    let find = if request.unread_only {
        Find::by(UNREAD, own)
    } else {
        let alive = IS_READ.is(false).or(READ_AT.at_least(request.read_since));
        Find::by(NEWEST, own.and(alive))
    };
    let after = request.after.map(|after| vec![after.at.scalar(), after.id.scalar()]);
    find.after(after).limit(request.limit)
}

/// The query behind the number of unread lines.
pub fn unread_of(user: UserId) -> Find {
    Find::by(UNREAD, USER.is(user)).limit(UNREAD_SHOWN_MAX)
}

impl From<&InboxLine> for InboxDocument {
    fn from(line: &InboxLine) -> Self {
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
        }
    }
}

fn line(stored: Document<InboxDocument>, role: Role) -> StoredLine {
    let (id, body) = (LineId(stored.id), stored.body);
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
    StoredLine { id, line, read_at: body.read_at }
}

#[cfg(test)]
mod tests;
