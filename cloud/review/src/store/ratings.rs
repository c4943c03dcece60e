//! Stores each provider's rating, so that a page reads one document.

use std::collections::BTreeSet;

use platform::{
    StoreError,
    bus::topology::USER_PROFILES,
    documents::{Document, DocumentsError},
    outbox::replay,
};
use uuid::Uuid;
use wire::{Event, EventType, RatingEvent, UserId};

use super::{ReviewStore, shapes};
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
        let find = shapes::rating_query(provider);
        let groups = self
            .reviews
            .group_by_field(&find, &shapes::RATING, &shapes::DIMENSIONS)
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
        Ok(replay::ask_again(&(&self.documents).into(), &USER_PROFILES, &self.clock).await?)
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
