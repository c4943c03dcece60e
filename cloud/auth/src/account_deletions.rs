//! Deletes accounts at their owners' request, once the waiting period is over and none of their
//! orders and payments is open.
//!
//! Invariant: a deletion is published again every day for as long as a restored backup may bring
//! the person back.

use platform::{ServiceContext, cache::Cache, sql::Sql, upstream::UpstreamError};
use process::{clock::Clock, parts::CloudPart, problem::format_error_chain, trace::TraceId};
use uuid::Uuid;
use wire::{Event, EventType, SessionId, UserId};

use crate::{
    open_matters::{OpenMatters, Peers},
    service::{ACCESS_TOKEN_SECONDS, build_user_event},
    session_cache::SessionStatusCache,
    store::{BATCH, DueDeletion, Store, StoreError},
};

/// The next run continues after this many people.
const PEOPLE_MAX: usize = BATCH;
const HOUR_MS: i64 = 3_600_000;
/// Before the next run.
const RETRY_AFTER_MS: i64 = 30_000;
/// Longer than any part keeps a raw copy of an event.
const REPEATED_MS: i64 = 35 * 24 * HOUR_MS;

#[derive(Clone)]
pub struct AccountDeletions {
    store: Store,
    sessions: SessionStatusCache,
    matters: OpenMatters,
    cache: Cache,
    clock: Clock,
}

#[derive(Debug, thiserror::Error)]
pub enum DeletionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not ask for the open orders and payments of {user}")]
    Matters {
        user: UserId,
        #[source]
        source: UpstreamError,
    },
}

impl AccountDeletions {
    /// With its own view of the cached sessions, for a process without the service.
    pub fn open(sql: &Sql, context: &ServiceContext, peers: Peers) -> Self {
        let store = Store::new(sql.clone());
        let sessions = SessionStatusCache::new(&store, &context.cache, &context.clock);
        let matters = OpenMatters::new(peers, context.verifier_for(CloudPart::Auth.name()));
        Self::new(&store, &sessions, matters, context)
    }

    pub(crate) fn new(
        store: &Store,
        sessions: &SessionStatusCache,
        matters: OpenMatters,
        context: &ServiceContext,
    ) -> Self {
        Self {
            store: store.clone(),
            sessions: sessions.clone(),
            matters,
            cache: context.cache.clone(),
            clock: context.clock.clone(),
        }
    }

    /// Returns the number of accounts it deleted. Stops at the first part that does not answer.
    pub async fn delete_due_accounts(&self) -> Result<usize, DeletionError> {
        let now = self.clock.now();
        let mut deleted = 0;
        for due in self.store.list_due_deletions(now, PEOPLE_MAX).await? {
            if !self.is_settled(&due).await? {
                continue;
            }
            match self.delete_account(&due).await {
                Ok(is_deleted) => deleted += usize::from(is_deleted),
                Err(error) => self.try_later(due.user_id, &error).await?,
            }
        }
        Ok(deleted)
    }

    /// Lets the other people have their turn.
    async fn try_later(&self, user: UserId, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(user.id = %user, cause = format_error_chain(error), "Could not delete an account; trying again in an hour");
        let next_at = self.clock.now().plus_ms(HOUR_MS);
        self.store.postpone_deletion(user, next_at).await
    }

    /// Returns false if the deletion must wait for an order or a payment. The job then looks again
    /// in an hour.
    async fn is_settled(&self, due: &DueDeletion) -> Result<bool, DeletionError> {
        let user = due.user_id;
        let now = self.clock.now();
        let open = match self.matters.count_of(user).await {
            Ok(open) => open,
            Err(source) => {
                // Others come first at the next run, in case only this person's answer fails.
                let next_at = now.plus_ms(RETRY_AFTER_MS);
                self.store.postpone_deletion(user, next_at).await?;
                return Err(DeletionError::Matters { user, source });
            }
        };
        if open.is_empty() {
            return Ok(true);
        }
        if due.next_at.ms_since(due.delete_at) < HOUR_MS {
            tracing::info!(user.id = %user, ?open, "The deletion of an account waits");
        }
        let next_at = now.plus_ms(HOUR_MS);
        self.store.postpone_deletion(user, next_at).await?;
        Ok(false)
    }

    /// Returns false if the person undid it meanwhile.
    async fn delete_account(&self, due: &DueDeletion) -> Result<bool, StoreError> {
        let user = due.user_id;
        let now = self.clock.now();
        let trace = TraceId::random();
        let ending = self.sessions.begin_revocation();
        let ended = self
            .store
            .delete_account(user, now, |kind, at| {
                let event = build_user_event(kind, &self.clock, &trace, user, due.role_id, None)?;
                Ok(Event { at, ..event })
            })
            .await?;
        if let Some(ended) = &ended {
            self.forget_in_cache(user, ended).await;
            tracing::info!(user.id = %user, ended = ended.len(), "Deleted an account");
        }
        ending.mark_reported();
        Ok(ended.is_some())
    }

    async fn forget_in_cache(&self, user: UserId, ended: &[SessionId]) {
        let now = self.clock.now();
        // A newer token of a session may still be in transit to its holder.
        let until = now.plus_ms(ACCESS_TOKEN_SECONDS * 1000);
        for session in ended {
            self.sessions.blacklist_session(*session, until, now).await;
        }
        if let Err(error) = platform::sessions::forget_permissions(&self.cache, user).await {
            tracing::warn!(user.id = %user, error = format_error_chain(&error), "Could not clear a deleted person's permissions from the cache; they expire there");
        }
    }

    /// Publishes the deletions of the last weeks again, so that a part that was restored from a
    /// backup erases again. Returns their number.
    pub async fn repeat_deletions(&self) -> Result<usize, StoreError> {
        let since = self.clock.now().plus_ms(-REPEATED_MS);
        let mut after = UserId(Uuid::nil());
        let mut repeated = 0;
        loop {
            let people = self.store.list_deleted_people(since, after, BATCH).await?;
            for (user, role) in &people {
                let kind = EventType::UserDeleted;
                let trace = TraceId::random();
                let event = build_user_event(kind, &self.clock, &trace, *user, *role, None)?;
                match self.store.repeat_deletion(*user, &event).await {
                    Ok(()) => repeated += 1,
                    Err(error) => {
                        tracing::error!(user.id = %user, cause = format_error_chain(&error), "Could not publish a deletion again; trying again tomorrow");
                    }
                }
            }
            match people.last() {
                Some((last, _)) if people.len() == BATCH => after = *last,
                _ => return Ok(repeated),
            }
        }
    }
}
