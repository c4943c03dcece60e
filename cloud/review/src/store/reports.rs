//! Reports about reviews, one per person, for admins.

use platform::{
    StoreError,
    documents::{CollectionSchema, DocumentBody, Field, Index, IndexQuery, millis},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{EventType, ReviewId, UnixMillis, UserId};

use super::{ReviewEventDraft, ReviewStore, derive_per_person_id};

/// Admins see only the newest reports.
const SHOWN_MAX: usize = 50;

const REVIEW: Field<Uuid> = Field::new("review_id");
const AT: Field<UnixMillis> = Field::new("at");
const OF_REVIEW: Index = Index::new("review", &[REVIEW.ascending_key(), AT.descending_key()]);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReviewReport {
    pub review_id: ReviewId,
    pub user_id: UserId,
    pub reason: String,
    #[serde(with = "millis")]
    pub at: UnixMillis,
}

/// A report, as an admin reads it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ToldReport {
    user_id: UserId,
    reason: String,
    at: UnixMillis,
}

impl DocumentBody for ReviewReport {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[REVIEW.path(), AT.path()],
        indexes: &[OF_REVIEW],
    };
    const SEALED: &'static [&'static str] = &["reason"];
}

impl From<ReviewReport> for ToldReport {
    fn from(
        ReviewReport {
            user_id,
            reason,
            at,
            ..
        }: ReviewReport,
    ) -> Self {
        Self {
            user_id,
            reason,
            at,
        }
    }
}

impl ReviewStore {
    /// Stores a person's report and queues the shown review for the admins. Only a person's first
    /// report counts; a repeat completes an attempt that died halfway.
    pub async fn report_review(
        &self,
        review_id: ReviewId,
        user_id: UserId,
        reason: String,
        trace: &str,
    ) -> Result<(), StoreError> {
        let id = derive_per_person_id(review_id, user_id);
        let now = self.clock.now();
        let report = ReviewReport {
            review_id,
            user_id,
            reason,
            at: now,
        };
        self.reports.insert(id, &report, &[]).await?;
        let at = self.reports.get(id).await?.map_or(now, |kept| kept.body.at);
        let mut told = Ok(());
        let changed = self.reviews.change_with_retry(review_id.0, |mut review| {
            if !review.mark_reported(at) {
                return None;
            }
            // The event names only the review; admins read the reason there.
            let news = ReviewEventDraft::from_kind(EventType::ReviewReported);
            match self.build_event(&news, review_id, trace, &review) {
                Ok(event) => Some((review, vec![event])),
                Err(error) => {
                    told = Err(error);
                    None
                }
            }
        });
        changed.await?;
        told
    }

    pub async fn list_reports(&self, review: ReviewId) -> Result<Vec<ToldReport>, StoreError> {
        let find =
            IndexQuery::from_index(OF_REVIEW, REVIEW.is_equal_to(review.0)).with_limit(SHOWN_MAX);
        let found = self.reports.find_documents(&find).await?;
        Ok(found.into_iter().map(|found| found.body.into()).collect())
    }
}
