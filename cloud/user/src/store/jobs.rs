//! Completed jobs, one document each, so that the counter in a profile can be recounted at any
//! time.

use platform::{
    StoreError,
    documents::{CollectionSchema, DocumentBody, DocumentsError, Field, Index, IndexQuery, millis},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{OrderId, Role, UnixMillis, UserId};

use super::ProfileStore;
use crate::domain::ProviderProfile;

/// Stop counting here: a higher number changes no rank.
const COUNTED_MAX: usize = 10_000;
const ATTEMPTS_MAX: usize = 16;
const PAGE: usize = 200;

const PROVIDER: Field<UserId> = Field::new("provider_id");
const OF_PROVIDER: Index = Index::new("provider", &[PROVIDER.ascending_key()]);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompletedJob {
    pub provider_id: UserId,
    #[serde(with = "millis")]
    pub completed_at: UnixMillis,
}

impl DocumentBody for CompletedJob {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[PROVIDER.path()],
        indexes: &[OF_PROVIDER],
    };
}

impl ProfileStore {
    /// Stores a completed job once, even if its event repeats, and recounts the jobs of its
    /// provider.
    pub async fn record_completed_job(
        &self,
        order: OrderId,
        job: &CompletedJob,
        trace: &str,
    ) -> Result<(), StoreError> {
        self.jobs.insert(order.0, job, &[]).await?;
        if self
            .get::<ProviderProfile>(job.provider_id)
            .await?
            .is_none()
        {
            self.create_blank_profile::<ProviderProfile>(job.provider_id, Role::Provider, trace)
                .await?;
        }
        self.recount_jobs(job.provider_id).await.map(drop)
    }

    /// Recounts the jobs of all providers. Returns the number of corrected profiles.
    pub async fn recount_all_jobs(&self) -> Result<u64, StoreError> {
        let mut mended = 0;
        let mut after = Uuid::nil();
        loop {
            let page = self.providers.all_after(after, PAGE).await?;
            for found in &page {
                mended += u64::from(self.recount_jobs(UserId(found.id)).await?);
            }
            match page.last().filter(|_| page.len() == PAGE) {
                Some(last) => after = last.id,
                None => return Ok(mended),
            }
        }
    }

    /// Writes the current job count into the provider's profile; returns true if it changed. Reads
    /// the profile's version before counting, so that a slow count never overwrites a later one.
    pub async fn recount_jobs(&self, provider: UserId) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(mut found) = self.providers.get(provider.0).await? else {
                return Ok(false);
            };
            let counted = self
                .jobs
                .count_documents(&completed_jobs_query(provider))
                .await?;
            let counted = i64::try_from(counted).unwrap_or(i64::MAX);
            if found.body.completed_orders == counted {
                return Ok(false);
            }
            found.body.completed_orders = counted;
            found.body.refresh_derived_fields();
            self.invalidate_public_profile(provider).await;
            if self.providers.replace_document(&found, &[]).await? {
                self.invalidate_public_profile(provider).await;
                return Ok(true);
            }
        }
        let contended = DocumentsError::Contended {
            collection: "provider_profiles",
            id: provider.0,
        };
        Err(contended.into())
    }
}

fn completed_jobs_query(provider: UserId) -> IndexQuery {
    IndexQuery::from_index(OF_PROVIDER, PROVIDER.is_equal_to(provider)).with_limit(COUNTED_MAX)
}
