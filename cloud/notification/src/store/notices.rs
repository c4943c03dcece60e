//! The record of notices, with author and recipient.
//!
//! Invariant: one notice per author and key, the first one stored.

use std::fmt;

use platform::{
    documents::{
        Collection, CollectionSchema, Document, DocumentBody, Documents, DocumentsError, Field,
        Filter, Index, IndexQuery, ScalarType, millis,
    },
    sealing::TableResealer,
};
use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{ERASED_TITLE, EventId, OrderId, Role, UnixMillis, UserId};

use crate::domain::{Channel, InboxLine, InboxOwner, LineParams, NoticeParams};

const KEPT_MS: i64 = 365 * 24 * 60 * 60 * 1000;

/// Notices per page when erasing.
const ERASED_MAX: usize = 200;

const ONCE: Field<String> = Field::new("once");
const AUTHOR: Field<String> = Field::new("author");
const USER: Field<UserId> = Field::new("user_id");
const CREATED: Field<UnixMillis> = Field::new("created_at");

const BY_ONCE: Index = Index::new("once", &[ONCE.ascending_key()]).unique();
const OF_AUTHOR: Index = Index::new(
    "of_author",
    &[AUTHOR.ascending_key(), CREATED.descending_key()],
);
const TO_PERSON: Index = Index::new(
    "to_person",
    &[USER.ascending_key(), CREATED.descending_key()],
);
const NEWEST: Index = Index::new("newest", &[CREATED.descending_key()]);
const OLD: Index = Index::new("old", &[CREATED.ascending_key()]).with_expiry(KEPT_MS);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct NoticeId(pub Uuid);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The author and their idempotency key.
    once: String,
    /// `admin:` and the admin's id, or `service:` and the service's name.
    pub author: String,
    pub user_id: UserId,
    pub role: Role,
    #[serde(default)]
    pub order_id: Option<OrderId>,
    pub words: NoticeParams,
    /// The admin's channel; `None` if preferences decide or it cannot reach the person.
    #[serde(default)]
    pub channel: Option<Channel>,
    #[serde(with = "millis")]
    pub created_at: UnixMillis,
}

impl DocumentBody for Notice {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[ONCE.path(), AUTHOR.path(), USER.path(), CREATED.path()],
        indexes: &[BY_ONCE, OF_AUTHOR, TO_PERSON, NEWEST, OLD],
    };
    const SEALED: &'static [&'static str] = &["words"];
}

impl Notice {
    pub fn new(
        author: String,
        key: Uuid,
        to: InboxOwner,
        words: NoticeParams,
        created_at: UnixMillis,
    ) -> Self {
        Self {
            once: idempotency_key(&author, key),
            author,
            user_id: to.user_id,
            role: to.role,
            order_id: None,
            words,
            channel: None,
            created_at,
        }
    }

    pub fn to_line(&self, id: NoticeId) -> InboxLine {
        InboxLine {
            user_id: self.user_id,
            role: self.role,
            event_type: None,
            order_id: self.order_id,
            event_id: EventId(id.0),
            counterpart: None,
            params: LineParams::Notice(self.words.clone()),
            created_at: self.created_at,
        }
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub struct NoticePage {
    pub items: Vec<(NoticeId, Notice)>,
    pub next: Option<TimeCursor>,
}

#[derive(Clone)]
pub struct NoticeStore(Collection<Notice>);

impl NoticeStore {
    pub fn new(documents: &Documents) -> Self {
        Self(Collection::new(documents, "notices"))
    }

    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.0.migrate().await
    }

    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        self.0.check_schema().await
    }

    pub async fn find_by_key(
        &self,
        author: &str,
        key: Uuid,
    ) -> Result<Option<(NoticeId, Notice)>, DocumentsError> {
        let find = IndexQuery::from_index(BY_ONCE, ONCE.is_equal_to(idempotency_key(author, key)))
            .with_limit(1);
        Ok(self
            .0
            .find_documents(&find)
            .await?
            .into_iter()
            .next()
            .map(to_notice))
    }

    /// Returns false if the author has already used the key.
    pub async fn insert_notice(
        &self,
        id: NoticeId,
        notice: &Notice,
    ) -> Result<bool, DocumentsError> {
        self.0.insert(id.0, notice, &[]).await
    }

    /// Up to `most`.
    pub async fn count_by_author(
        &self,
        author: &str,
        since: UnixMillis,
        most: usize,
    ) -> Result<u64, DocumentsError> {
        let own = AUTHOR
            .is_equal_to(author.to_owned())
            .and(CREATED.at_least(since));
        self.0
            .count_documents(&IndexQuery::from_index(OF_AUTHOR, own).with_limit(most))
            .await
    }

    /// Up to `most`.
    pub async fn count_to_person(
        &self,
        user: UserId,
        since: UnixMillis,
        most: usize,
    ) -> Result<u64, DocumentsError> {
        let own = USER.is_equal_to(user).and(CREATED.at_least(since));
        self.0
            .count_documents(&IndexQuery::from_index(TO_PERSON, own).with_limit(most))
            .await
    }

    /// Erases the texts of the notices to a person; returns the number of notices. Authors and
    /// times stay.
    pub async fn erase_notices_to(&self, user: UserId) -> Result<usize, DocumentsError> {
        let own = IndexQuery::from_index(TO_PERSON, USER.is_equal_to(user)).with_limit(ERASED_MAX);
        let mut erased = 0;
        let mut after = None;
        loop {
            let page = self.0.find_page(own.clone().start_after(after)).await?;
            for stored in page.documents {
                let changed = self.0.change_with_retry(stored.id, |mut notice| {
                    erase_words(&mut notice.words).then(|| (notice, Vec::new()))
                });
                erased += usize::from(changed.await?.is_some());
            }
            after = page.next;
            if after.is_none() {
                return Ok(erased);
            }
        }
    }

    pub async fn read_page(
        &self,
        after: Option<TimeCursor>,
        limit: usize,
    ) -> Result<NoticePage, DocumentsError> {
        let after = after.map(|after| vec![after.at.scalar(), after.id.scalar()]);
        let find = IndexQuery::from_index(NEWEST, Filter::match_all())
            .start_after(after)
            .with_limit(limit);
        let page = self.0.find_page(find).await?;
        let items: Vec<_> = page.documents.into_iter().map(to_notice).collect();
        let last = items.last().filter(|_| page.next.is_some());
        let next = last.map(|(id, last)| TimeCursor {
            at: last.created_at,
            id: id.0,
        });
        Ok(NoticePage { items, next })
    }

    /// One round of resealing texts stored in plain or under a former data key.
    pub async fn reseal_notices(&self, walk: &TableResealer<Uuid>) -> Result<(), DocumentsError> {
        self.0.seal_stale(walk).await.map(drop)
    }

    pub async fn purge(&self, now: UnixMillis) -> Result<u64, DocumentsError> {
        self.0.purge_expired(now).await
    }
}

/// Returns false if they were erased before.
fn erase_words(words: &mut NoticeParams) -> bool {
    let is_new = words.title != ERASED_TITLE || !words.content.is_empty();
    ERASED_TITLE.clone_into(&mut words.title);
    words.content.clear();
    is_new
}

fn idempotency_key(author: &str, key: Uuid) -> String {
    format!("{author}:{key}")
}

fn to_notice(stored: Document<Notice>) -> (NoticeId, Notice) {
    (NoticeId(stored.id), stored.body)
}
