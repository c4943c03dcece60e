//! Reads an inbox: through the cache, which covers whole inboxes; partly, for an admin with a
//! restricted role; and on a stream, which wakes when this replica changes the inbox.
//!
//! Invariant: the store is the truth. A lost wake-up only adds delay, because every stream also
//! polls.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use platform::{
    cache::{Cache, CacheStamp, StampedCache, StampedEntity},
    documents::{Document, DocumentsError, Filter, IndexQuery},
    sealing::DataKeys,
};
use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;
use wire::{EventType, UserId};

use super::{
    InboxStore,
    inbox_documents::{
        InboxDocument, TYPE, UNREAD, UNREAD_SHOWN_MAX, USER, page_query, page_query_within,
        to_stored_line,
    },
};
use crate::domain::{
    InboxOwner, InboxPage, InboxReader, LineId, PageRequest, ShownLines, StoredLine,
};

/// The most cached lines per inbox: one screen of the portal.
pub const RECENT_MAX: usize = 50;

/// Notifies this replica's streams of a changed inbox. Clones share state.
///
/// Bounded by the open streams: each new subscription removes the senders without receivers.
#[derive(Clone, Default)]
pub(super) struct InboxChangeNotifier(Arc<Mutex<HashMap<UserId, watch::Sender<()>>>>);

impl InboxChangeNotifier {
    pub(super) fn notify_change(&self, user: UserId) {
        if let Some(sender) = self.lock_senders().get(&user) {
            sender.send_replace(());
        }
    }

    pub(super) fn subscribe_to_user(&self, user: UserId) -> watch::Receiver<()> {
        let mut senders = self.lock_senders();
        senders.retain(|_, sender| sender.receiver_count() > 0);
        senders.entry(user).or_default().subscribe()
    }

    fn lock_senders(&self) -> MutexGuard<'_, HashMap<UserId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
pub struct InboxCache(StampedCache);

/// The cacheable parts of an inbox.
#[derive(Debug, Clone, Copy)]
pub enum CachedInboxPart {
    Unread,
    Recent,
}

impl InboxCache {
    pub fn new(cache: Cache, keys: DataKeys, ttl: Duration) -> Self {
        let place = ("notification", "notification.memory");
        Self(StampedCache::new(place, cache, keys, ttl))
    }

    /// Read it before the store. `None` if the cache is down.
    pub async fn read_stamp(&self, owner: InboxOwner) -> Option<CacheStamp> {
        self.0.read_stamp(&cache_entity(owner)).await
    }

    /// Invalidates the data on every replica. Call it before and after storing a change.
    pub async fn invalidate_inbox(&self, owner: InboxOwner) {
        self.0.invalidate_entity(&cache_entity(owner)).await;
    }

    /// The data cached under that stamp.
    pub async fn read_cached(
        &self,
        what: CachedInboxPart,
        owner: InboxOwner,
        stamp: &CacheStamp,
    ) -> Option<String> {
        self.0
            .read_cached(what.name(), &cache_entity(owner), stamp)
            .await
    }

    pub async fn write_cached(
        &self,
        what: CachedInboxPart,
        owner: InboxOwner,
        stamp: &CacheStamp,
        text: &str,
    ) {
        self.0
            .write_cached(what.name(), &cache_entity(owner), stamp, text)
            .await;
    }
}

impl CachedInboxPart {
    fn name(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Recent => "recent",
        }
    }
}

fn cache_entity(owner: InboxOwner) -> StampedEntity {
    StampedEntity {
        id: owner.user_id.0,
        name: format!("{}:{}", owner.role.as_str(), owner.user_id),
    }
}

#[derive(Serialize, Deserialize)]
struct CachedLines {
    lines: Vec<(Uuid, InboxDocument)>,
    has_more: bool,
}

impl InboxStore {
    /// Any replica's change replaces the stamp. `None` without a reachable cache.
    pub async fn read_stamp(&self, owner: InboxOwner) -> Option<CacheStamp> {
        self.cache.as_ref()?.read_stamp(owner).await
    }

    /// From the cache if possible.
    pub async fn count_unread_cached(&self, owner: InboxOwner) -> Result<u64, DocumentsError> {
        let count = self.count_unread(owner.user_id, owner.role);
        let Some(cache) = &self.cache else {
            return count.await;
        };
        let Some(stamp) = cache.read_stamp(owner).await else {
            return count.await;
        };
        let known = cache
            .read_cached(CachedInboxPart::Unread, owner, &stamp)
            .await;
        if let Some(known) = known.and_then(|known| known.parse().ok()) {
            return Ok(known);
        }
        let counted = count.await?;
        cache
            .write_cached(CachedInboxPart::Unread, owner, &stamp, &counted.to_string())
            .await;
        Ok(counted)
    }

    /// The first page of the whole inbox comes from the cache if possible.
    pub async fn read_page_cached(
        &self,
        request: &PageRequest,
    ) -> Result<InboxPage, DocumentsError> {
        let is_recent =
            request.after.is_none() && !request.unread_only && request.limit <= RECENT_MAX;
        let Some(cache) = self.cache.as_ref().filter(|_| is_recent) else {
            return self.read_page(request).await;
        };
        let owner = request.owner();
        let Some(stamp) = cache.read_stamp(owner).await else {
            return self.read_page(request).await;
        };
        let known = cache
            .read_cached(CachedInboxPart::Recent, owner, &stamp)
            .await;
        if let Some(recent) = known.and_then(|known| serde_json::from_str(&known).ok()) {
            return Ok(first_cached_page(recent, request));
        }
        let whole = PageRequest {
            limit: RECENT_MAX,
            ..*request
        };
        let page = self
            .collection_for(owner.role)
            .find_page(page_query(&whole))
            .await?;
        let lines = page
            .documents
            .into_iter()
            .map(|stored| (stored.id, stored.body))
            .collect();
        let recent = CachedLines {
            lines,
            has_more: page.next.is_some(),
        };
        if let Ok(text) = serde_json::to_string(&recent) {
            cache
                .write_cached(CachedInboxPart::Recent, owner, &stamp, &text)
                .await;
        }
        Ok(first_cached_page(recent, request))
    }
}

fn first_cached_page(recent: CachedLines, request: &PageRequest) -> InboxPage {
    let CachedLines { lines, has_more } = recent;
    let has_more = has_more || lines.len() > request.limit;
    let lines = lines.into_iter().take(request.limit).map(|(id, body)| {
        to_stored_line(
            Document {
                id,
                version: 0,
                body,
            },
            request.role,
        )
    });
    let lines: Vec<StoredLine> = lines.collect();
    let last = lines.last().filter(|_| has_more);
    let next = last.map(|last| TimeCursor {
        at: last.line.created_at,
        id: last.id.0,
    });
    InboxPage { lines, next }
}

impl InboxStore {
    /// The request must be for the reader's inbox.
    pub async fn read_page_for_reader(
        &self,
        reader: &InboxReader,
        request: &PageRequest,
    ) -> Result<InboxPage, DocumentsError> {
        match &reader.shown {
            ShownLines::All => self.read_page_cached(request).await,
            ShownLines::Of(events) => {
                self.run_page_query(shown_page_query(request, events), request.role)
                    .await
            }
        }
    }

    /// Counts only lines visible to the reader.
    pub async fn count_unread_for_reader(
        &self,
        reader: &InboxReader,
    ) -> Result<u64, DocumentsError> {
        let owner = reader.owner;
        match &reader.shown {
            ShownLines::All => self.count_unread_cached(owner).await,
            ShownLines::Of(events) => {
                self.collection_for(owner.role)
                    .count_documents(&shown_unread_query(owner.user_id, events))
                    .await
            }
        }
    }

    /// Assumes that the line is in the reader's inbox.
    pub async fn is_shown(&self, reader: &InboxReader, id: LineId) -> Result<bool, DocumentsError> {
        if reader.shown == ShownLines::All {
            return Ok(true);
        }
        let stored = self.collection_for(reader.owner.role).get(id.0).await?;
        Ok(stored.is_some_and(|stored| reader.shown.includes_event(stored.body.event_type)))
    }
}

/// The query behind a page of the lines of some events.
pub fn shown_page_query(request: &PageRequest, events: &[EventType]) -> IndexQuery {
    page_query_within(
        USER.is_equal_to(request.user_id).and(events_filter(events)),
        request,
    )
}

/// The query behind the unread count of those lines.
pub fn shown_unread_query(user: UserId, events: &[EventType]) -> IndexQuery {
    IndexQuery::from_index(UNREAD, USER.is_equal_to(user).and(events_filter(events)))
        .with_limit(UNREAD_SHOWN_MAX)
}

/// Without events the filter matches nothing, because no line has the empty type.
fn events_filter(events: &[EventType]) -> Filter {
    let none = TYPE.is_equal_to(String::new());
    events.iter().fold(none, |any, event| {
        any.or(TYPE.is_equal_to(event.to_string()))
    })
}
