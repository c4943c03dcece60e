//! What the reviews of a provider add up to, kept beside them so that a page reads one document.

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
    /// As it was added up last; none where nobody has reviewed him.
    pub async fn rating(&self, provider: UserId) -> Result<ProviderRating, StoreError> {
        let kept = self.ratings.get(provider.0).await?;
        Ok(kept.map_or_else(|| ProviderRating::none(self.clock.now()), |kept| kept.body))
    }

    /// Adds up a provider's reviews by their index.
    pub async fn added_up(&self, provider: UserId) -> Result<ProviderRating, StoreError> {
        let find = shapes::rated(provider);
        let groups = self.reviews.group(&find, &shapes::RATING, &shapes::DIMENSIONS).await?;
        Ok(ProviderRating::of(&groups, self.clock.now()))
    }

    /// Adds up anew the rating of everybody who is reviewed, for it rests on the reviews alone.
    /// Returns how often a rating was another, or was not there.
    pub async fn refresh_ratings(&self) -> Result<u64, StoreError> {
        let trace = self.clock.new_id().simple().to_string();
        let (mut mended, mut after) = (0, Uuid::nil());
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

    /// Tells the profiles again of the ratings of the last days: each has the newest then. Returns
    /// whether it begins.
    pub async fn tell_ratings(&self) -> Result<bool, StoreError> {
        Ok(replay::ask_again(&(&self.documents).into(), &USER_PROFILES, &self.clock).await?)
    }

    /// Adds up anew, and tells it where it is another than before; returns whether it is. The
    /// version is read before the reviews are, so that a slower sum never overwrites a later one.
    pub async fn refresh_rating(&self, provider: UserId, trace: &str) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let kept = self.ratings.get(provider.0).await?;
            let rating = self.added_up(provider).await?;
            if kept.as_ref().is_some_and(|kept| kept.body.says_the_same(&rating)) {
                return Ok(false);
            }
            let version = kept.as_ref().map_or(1, |kept| kept.version + 1);
            let told = self.rating_event(provider, version, &rating, trace)?;
            let is_kept = match kept {
                None => self.ratings.insert(provider.0, &rating, &[told]).await?,
                Some(kept) => {
                    self.ratings.replace(&Document { body: rating, ..kept }, &[told]).await?
                }
            };
            if is_kept {
                return Ok(true);
            }
        }
        let contended = DocumentsError::Contended { collection: "ratings", id: provider.0 };
        Err(contended.into())
    }

    fn rating_event(
        &self,
        provider_id: UserId,
        version: i64,
        rating: &ProviderRating,
        trace: &str,
    ) -> Result<Event, StoreError> {
        let ProviderRating { average_hundredths, total_reviews, .. } = *rating;
        let told = RatingEvent { provider_id, version, average_hundredths, total_reviews };
        let (id, now) = (self.clock.new_id().into(), self.clock.now());
        Ok(Event::new(id, EventType::RatingUpdated, now, trace, &told)?)
    }
}
