//! Helpful votes, one document each, so that a person counts once and the total can be recounted.

use platform::{
    StoreError,
    documents::{
        CollectionSchema, Document, DocumentBody, DocumentsError, Field, Index, IndexQuery, millis,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{ReviewId, UnixMillis, UserId};

use super::{ReviewStore, derive_per_person_id};

/// Stop counting here: such a review leads any list anyway.
const COUNTED_MAX: usize = 10_000;
const ATTEMPTS_MAX: usize = 16;

const REVIEW: Field<Uuid> = Field::new("review_id");
const OF_REVIEW: Index = Index::new("review", &[REVIEW.ascending_key()]);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HelpfulVote {
    pub review_id: ReviewId,
    pub user_id: UserId,
    #[serde(with = "millis")]
    pub at: UnixMillis,
}

impl DocumentBody for HelpfulVote {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[REVIEW.path()],
        indexes: &[OF_REVIEW],
    };
}

impl ReviewStore {
    /// Sets or withdraws a person's vote and returns the total. If the process dies before
    /// counting, the next vote or a retry counts it.
    pub async fn set_vote(
        &self,
        review_id: ReviewId,
        user_id: UserId,
        is_helpful: bool,
    ) -> Result<i64, StoreError> {
        let id = derive_per_person_id(review_id, user_id);
        if is_helpful {
            let vote = HelpfulVote {
                review_id,
                user_id,
                at: self.clock.now(),
            };
            self.votes.insert(id, &vote, &[]).await?;
        } else if let Some(Document { version, .. }) = self.votes.get(id).await? {
            self.votes.delete(id, version).await?;
        }
        self.recount_votes(review_id).await
    }

    /// Reads the version before counting, so that a slow count never overwrites a later one.
    async fn recount_votes(&self, review: ReviewId) -> Result<i64, StoreError> {
        let all =
            IndexQuery::from_index(OF_REVIEW, REVIEW.is_equal_to(review.0)).with_limit(COUNTED_MAX);
        for _ in 0..ATTEMPTS_MAX {
            let Some(mut found) = self.reviews.get(review.0).await? else {
                return Ok(0);
            };
            let counted =
                i64::try_from(self.votes.count_documents(&all).await?).unwrap_or(i64::MAX);
            if found.body.helpful_count == counted {
                return Ok(counted);
            }
            found.body.helpful_count = counted;
            if self.reviews.replace_document(&found, &[]).await? {
                return Ok(counted);
            }
        }
        Err(DocumentsError::Contended {
            collection: "reviews",
            id: review.0,
        }
        .into())
    }
}
