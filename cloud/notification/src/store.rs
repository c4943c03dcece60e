//! Stores inboxes: a collection each for customers, providers and admins.
//!
//! Invariants: at most one line per person and event. People read and mark only their own lines.

mod deliveries;
mod devices;
mod erasure;
mod inbox_documents;
mod notices;
mod orders;
mod preferences;
mod reading;

use std::collections::BTreeSet;

use platform::documents::{Collection, Documents, DocumentsError, IndexQuery, Update};
use platform::sealing::TableResealer;
use process::problem::TimeCursor;
use tokio::sync::watch;
use uuid::Uuid;
use wire::{EventId, Role, UnixMillis, UserId};

use crate::domain::{InboxLine, InboxOwner, InboxPage, KeptFrom, LineId, PageRequest, StoredLine};

pub use deliveries::{
    DeliveryPage, DeliveryResult, DeliveryState, DeliveryStore, NotificationDelivery,
    SettledDevice, due_query, line_delivery_query, log_query,
};
pub use devices::{DEVICES_MAX, DeviceStore, PushDevice, PushDeviceId, StoredSubscription};
pub use inbox_documents::{
    InboxDocument, UNREAD_SHOWN_MAX, arrived_query, line_query, page_query, unread_query,
};
pub use notices::{Notice, NoticeId, NoticePage, NoticeStore};
pub use orders::{FanOut, MatchedProvider, PaymentReminder, due_reminders_query};
pub use preferences::PreferencesStore;
pub use reading::{InboxCache, RECENT_MAX, shown_page_query, shown_unread_query};

use erasure::DeletedPerson;
use inbox_documents::{IS_READ, READ_AT, UNREAD, USER, to_stored_line};
use orders::FanOutDocument;
use reading::InboxChangeNotifier;

#[derive(Clone)]
pub struct InboxStore {
    documents: Documents,
    customers: Collection<InboxDocument>,
    providers: Collection<InboxDocument>,
    admins: Collection<InboxDocument>,
    fan_outs: Collection<FanOutDocument>,
    reminders: Collection<PaymentReminder>,
    deleted: Collection<DeletedPerson>,
    kept_from: KeptFrom,
    change_notifier: InboxChangeNotifier,
    cache: Option<InboxCache>,
}

impl InboxStore {
    pub fn new(documents: &Documents) -> Self {
        Self {
            documents: documents.clone(),
            customers: Collection::new(documents, "customer_inbox"),
            providers: Collection::new(documents, "provider_inbox"),
            admins: Collection::new(documents, "admin_inbox"),
            fan_outs: Collection::new(documents, "fan_outs"),
            reminders: Collection::new(documents, "reminders"),
            deleted: Collection::new(documents, "deleted_people"),
            kept_from: KeptFrom::Read,
            change_notifier: InboxChangeNotifier::default(),
            cache: None,
        }
    }

    /// Adds a cache for counts and newest lines.
    #[must_use]
    pub fn with_cache(self, cache: InboxCache) -> Self {
        Self {
            cache: Some(cache),
            ..self
        }
    }

    /// Sets the start of retention. Existing lines keep their expiry.
    #[must_use]
    pub fn with_retention(self, kept_from: KeptFrom) -> Self {
        Self { kept_from, ..self }
    }

    /// Creates collections and indexes. Idempotent.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.documents.migrate().await?;
        self.customers.migrate().await?;
        self.providers.migrate().await?;
        self.admins.migrate().await?;
        self.fan_outs.migrate().await?;
        self.reminders.migrate().await?;
        self.deleted.migrate().await
    }

    /// Fails if `migrate` has not brought the store up to date.
    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        self.documents.check_schema().await?;
        self.customers.check_schema().await?;
        self.providers.check_schema().await?;
        self.admins.check_schema().await?;
        self.fan_outs.check_schema().await?;
        self.reminders.check_schema().await?;
        self.deleted.check_schema().await
    }

    pub fn reminders(&self) -> &Collection<PaymentReminder> {
        &self.reminders
    }

    pub fn collection_for(&self, role: Role) -> &Collection<InboxDocument> {
        match role {
            Role::Provider => &self.providers,
            Role::Customer => &self.customers,
            Role::Admin => &self.admins,
        }
    }

    /// Wakes on changes that this replica makes to the inbox.
    pub fn subscribe_to_user(&self, user: UserId) -> watch::Receiver<()> {
        self.change_notifier.subscribe_to_user(user)
    }

    /// Inserts a line; returns false if the person already has a line for that event, or is deleted.
    pub async fn add_line(&self, id: LineId, line: &InboxLine) -> Result<bool, DocumentsError> {
        if !self.find_deleted(&[line.user_id]).await?.is_empty() {
            return Ok(false);
        }
        self.invalidate_cache(line.owner()).await;
        let is_new = self
            .collection_for(line.role)
            .insert(id.0, &InboxDocument::from_line(line, self.kept_from), &[])
            .await?;
        if is_new {
            self.announce_change(line.owner()).await;
        }
        Ok(is_new)
    }

    /// Inserts lines with one call per collection; returns which are new.
    pub async fn add_lines(
        &self,
        lines: &[(LineId, InboxLine)],
    ) -> Result<Vec<bool>, DocumentsError> {
        let owners: BTreeSet<InboxOwner> = lines.iter().map(|(_, line)| line.owner()).collect();
        for owner in &owners {
            self.invalidate_cache(*owner).await;
        }
        let people: Vec<UserId> = owners.iter().map(|owner| owner.user_id).collect();
        let deleted = self.find_deleted(&people).await?;
        let is_kept = |line: &InboxLine| !deleted.contains(&line.user_id);
        let mut fresh: Vec<bool> = lines.iter().map(|(_, line)| is_kept(line)).collect();
        for inbox in [&self.customers, &self.providers, &self.admins] {
            let lines = lines.iter().enumerate();
            let own = lines.filter(|(_, (_, line))| {
                is_kept(line) && std::ptr::eq(self.collection_for(line.role), inbox)
            });
            let (places, documents): (Vec<usize>, Vec<_>) = own
                .map(|(place, (id, line))| {
                    let document = InboxDocument::from_line(line, self.kept_from);
                    (place, (id.0, document))
                })
                .unzip();
            for (place, new) in places.into_iter().zip(inbox.insert_new(&documents).await?) {
                fresh[place] = new;
            }
        }
        let written = lines.iter().zip(&fresh).filter(|(_, fresh)| **fresh);
        let owners: BTreeSet<InboxOwner> = written.map(|((_, line), _)| line.owner()).collect();
        for owner in owners {
            self.announce_change(owner).await;
        }
        Ok(fresh)
    }

    /// Invalidates the cache before a write; a second call follows the write. Otherwise the cache
    /// could serve an older count between commit and invalidation.
    async fn invalidate_cache(&self, owner: InboxOwner) {
        if let Some(cache) = &self.cache {
            cache.invalidate_inbox(owner).await;
        }
    }

    /// The cache goes first, so that a woken stream reads fresh data.
    async fn announce_change(&self, owner: InboxOwner) {
        self.invalidate_cache(owner).await;
        self.change_notifier.notify_change(owner.user_id);
    }

    /// A person's lines from the store, newest first.
    pub async fn read_page(&self, request: &PageRequest) -> Result<InboxPage, DocumentsError> {
        self.run_page_query(page_query(request), request.role).await
    }

    async fn run_page_query(
        &self,
        query: IndexQuery,
        role: Role,
    ) -> Result<InboxPage, DocumentsError> {
        let page = self.collection_for(role).find_page(query).await?;
        let lines = page
            .documents
            .into_iter()
            .map(|stored| to_stored_line(stored, role));
        let lines: Vec<StoredLine> = lines.collect();
        let last = lines.last().filter(|_| page.next.is_some());
        let next = last.map(|last| TimeCursor {
            at: last.line.created_at,
            id: last.id.0,
        });
        Ok(InboxPage { lines, next })
    }

    /// The lines after an id, oldest arrival first.
    pub async fn find_lines_arrived_since(
        &self,
        owner: InboxOwner,
        since: Uuid,
        limit: usize,
    ) -> Result<Vec<StoredLine>, DocumentsError> {
        let found = self
            .collection_for(owner.role)
            .find_documents(&arrived_query(owner.user_id, since, limit))
            .await?;
        Ok(found
            .into_iter()
            .map(|stored| to_stored_line(stored, owner.role))
            .collect())
    }

    pub async fn find_line_of_event(
        &self,
        owner: InboxOwner,
        event: EventId,
    ) -> Result<Option<StoredLine>, DocumentsError> {
        let found = self
            .collection_for(owner.role)
            .find_documents(&line_query(owner.user_id, event))
            .await?;
        let found = found
            .into_iter()
            .find(|stored| stored.body.event_id == event);
        Ok(found.map(|stored| to_stored_line(stored, owner.role)))
    }

    /// Unread lines, newest first.
    pub async fn find_newest_unread(
        &self,
        owner: InboxOwner,
        limit: usize,
    ) -> Result<Vec<StoredLine>, DocumentsError> {
        let find = IndexQuery::from_index(
            UNREAD,
            USER.is_equal_to(owner.user_id)
                .and(IS_READ.is_equal_to(false)),
        )
        .with_limit(limit);
        let found = self
            .collection_for(owner.role)
            .find_documents(&find)
            .await?;
        Ok(found
            .into_iter()
            .map(|stored| to_stored_line(stored, owner.role))
            .collect())
    }

    /// Counts unread lines in the store, up to `UNREAD_SHOWN_MAX`.
    pub async fn count_unread(&self, user: UserId, role: Role) -> Result<u64, DocumentsError> {
        self.collection_for(role)
            .count_documents(&unread_query(user))
            .await
    }

    /// Marks the person's own line as read; returns false if it does not exist. Keeps the first
    /// reading time.
    pub async fn mark_read(
        &self,
        user: UserId,
        role: Role,
        id: LineId,
        now: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        let inbox = self.collection_for(role);
        let owner = InboxOwner {
            user_id: user,
            role,
        };
        self.invalidate_cache(owner).await;
        let read = Update::default().set(&IS_READ, true).set(&READ_AT, now);
        if inbox
            .update(
                id.0,
                USER.is_equal_to(user).and(IS_READ.is_equal_to(false)),
                read,
                &[],
            )
            .await?
        {
            self.announce_change(owner).await;
            return Ok(true);
        }
        Ok(inbox
            .get(id.0)
            .await?
            .is_some_and(|stored| stored.body.user_id == user))
    }

    /// One round of resealing texts stored in plain or under a former data key.
    pub async fn reseal_lines(
        &self,
        walks: &[TableResealer<Uuid>; 3],
    ) -> Result<(), DocumentsError> {
        self.customers.seal_stale(&walks[0]).await?;
        self.providers.seal_stale(&walks[1]).await?;
        self.admins.seal_stale(&walks[2]).await
    }

    /// Purges expired lines, fan-outs and reminders if the database does not; returns the number of
    /// lines.
    pub async fn purge_read(&self, now: UnixMillis) -> Result<u64, DocumentsError> {
        self.fan_outs.purge_expired(now).await?;
        self.reminders.purge_expired(now).await?;
        let mut purged = 0;
        for inbox in [&self.customers, &self.providers, &self.admins] {
            purged += inbox.purge_expired(now).await?;
        }
        Ok(purged)
    }
}

#[cfg(test)]
mod tests;
