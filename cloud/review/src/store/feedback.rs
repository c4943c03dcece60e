//! Other people's reactions to reviews: helpful votes and reports, one document each, so that a
//! person counts once, and each provider's rating, stored so that a page reads one document.

use std::collections::BTreeSet;

use platform::{
    StoreError,
    bus::topology::USER_PROFILES,
    documents::{
        CollectionSchema, Document, DocumentBody, DocumentsError, Field, Index, IndexQuery, millis,
    },
    outbox,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Event, EventType, RatingEvent, ReviewId, UnixMillis, UserId};

use super::{ReviewEventDraft, ReviewStore, derive_per_person_id, queries};
use crate::domain::ProviderRating;

const ATTEMPTS_MAX: usize = 16;

const PAGE: usize = 200;

impl ReviewStore {
    /// Returns the stored rating, or an empty one for a provider without reviews.
    pub async fn load_rating(&self, provider: UserId) -> Result<ProviderRating, StoreError> {
        let kept = self.ratings.get(provider.0).await?;
        Ok(kept.map_or_else(
            || ProviderRating::empty_at(self.clock.now()),
            |kept| kept.body,
        ))
    }

    /// Computes a rating from the index on reviews.
    pub async fn compute_rating(&self, provider: UserId) -> Result<ProviderRating, StoreError> {
        let find = queries::rating_query(provider);
        let groups = self
            .reviews
            .group_by_field(&find, &queries::RATING, &queries::DIMENSIONS)
            .await?;
        Ok(ProviderRating::from_groups(&groups, self.clock.now()))
    }

    /// Recomputes every rating. Returns how many were missing or wrong.
    pub async fn refresh_ratings(&self) -> Result<u64, StoreError> {
        let trace = self.clock.new_id().simple().to_string();
        let mut mended = 0;
        let mut after = Uuid::nil();
        loop {
            let page = self.reviews.all_after(after, PAGE).await?;
            let providers: BTreeSet<UserId> =
                page.iter().map(|review| review.body.provider_id).collect();
            for provider in providers {
                mended += u64::from(self.refresh_rating(provider, &trace).await?);
            }
            match page.last().filter(|_| page.len() == PAGE) {
                Some(last) => after = last.id,
                None => return Ok(mended),
            }
        }
    }

    /// Replays the rating events of the last days to the profiles, so that each gets the newest.
    /// Returns true if a replay starts.
    pub async fn replay_ratings(&self) -> Result<bool, StoreError> {
        Ok(
            outbox::request_recent_replay(&(&self.documents).into(), &USER_PROFILES, &self.clock)
                .await?,
        )
    }

    /// Recomputes a rating and publishes it if it changed; returns true if so. Reads the version
    /// before the reviews, so that a slow sum never overwrites a later one.
    pub async fn refresh_rating(&self, provider: UserId, trace: &str) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let kept = self.ratings.get(provider.0).await?;
            let rating = self.compute_rating(provider).await?;
            if kept
                .as_ref()
                .is_some_and(|kept| kept.body.has_same_values(&rating))
            {
                return Ok(false);
            }
            let version = kept.as_ref().map_or(1, |kept| kept.version + 1);
            let told = self.rating_event(provider, version, &rating, trace)?;
            let is_kept = match kept {
                None => self.ratings.insert(provider.0, &rating, &[told]).await?,
                Some(kept) => {
                    self.ratings
                        .replace_document(
                            &Document {
                                body: rating,
                                ..kept
                            },
                            &[told],
                        )
                        .await?
                }
            };
            if is_kept {
                return Ok(true);
            }
        }
        let contended = DocumentsError::Contended {
            collection: "ratings",
            id: provider.0,
        };
        Err(contended.into())
    }

    fn rating_event(
        &self,
        provider_id: UserId,
        version: i64,
        rating: &ProviderRating,
        trace: &str,
    ) -> Result<Event, StoreError> {
        let ProviderRating {
            average_hundredths,
            total_reviews,
            ..
        } = *rating;
        let told = RatingEvent {
            provider_id,
            version,
            average_hundredths,
            total_reviews,
        };
        let id = self.clock.new_id().into();
        let now = self.clock.now();
        Ok(Event::new(id, EventType::RatingUpdated, now, trace, &told)?)
    }
}

/// Stop counting here: such a review leads any list anyway.
const COUNTED_MAX: usize = 10_000;

const VOTE_REVIEW: Field<Uuid> = Field::new("review_id");

const VOTES_OF_REVIEW: Index = Index::new("review", &[VOTE_REVIEW.ascending_key()]);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HelpfulVote {
    pub review_id: ReviewId,
    pub user_id: UserId,
    #[serde(with = "millis")]
    pub at: UnixMillis,
}

impl DocumentBody for HelpfulVote {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[VOTE_REVIEW.path()],
        indexes: &[VOTES_OF_REVIEW],
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
        let all = IndexQuery::from_index(VOTES_OF_REVIEW, VOTE_REVIEW.is_equal_to(review.0))
            .with_limit(COUNTED_MAX);
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

/// Admins see only the newest reports.
const REPORTS_SHOWN_MAX: usize = 50;

const REPORT_REVIEW: Field<Uuid> = Field::new("review_id");

const REPORT_USER: Field<UserId> = Field::new("user_id");

const REPORT_AT: Field<UnixMillis> = Field::new("at");

const REPORTS_OF_REVIEW: Index = Index::new(
    "review",
    &[REPORT_REVIEW.ascending_key(), REPORT_AT.descending_key()],
);

const REPORTS_BY_PERSON: Index = Index::new("person", &[REPORT_USER.ascending_key()]);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReviewReport {
    pub review_id: ReviewId,
    pub user_id: UserId,
    pub reason: String,
    #[serde(with = "millis")]
    pub at: UnixMillis,
}

pub(super) fn reports_by_query(user: UserId, limit: usize) -> IndexQuery {
    IndexQuery::from_index(REPORTS_BY_PERSON, REPORT_USER.is_equal_to(user)).with_limit(limit)
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
        fields: &[REPORT_REVIEW.path(), REPORT_USER.path(), REPORT_AT.path()],
        indexes: &[REPORTS_OF_REVIEW, REPORTS_BY_PERSON],
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
        let find = IndexQuery::from_index(REPORTS_OF_REVIEW, REPORT_REVIEW.is_equal_to(review.0))
            .with_limit(REPORTS_SHOWN_MAX);
        let found = self.reports.find_documents(&find).await?;
        Ok(found.into_iter().map(|found| found.body.into()).collect())
    }
}
