//! What the reviews of a provider add up to, kept beside them so that a page reads one document.

use platform::{
    StoreError,
    documents::{Document, DocumentsError},
};
use wire::{Event, EventType, RatingEvent, UserId};

use super::{ReviewStore, shapes};
use crate::domain::ProviderRating;

const ATTEMPTS_MAX: usize = 16;

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

    /// Adds up anew, and tells it where it is another than before. The version is read before the reviews are, so that
    /// a slower sum never overwrites a later one.
    pub async fn refresh_rating(&self, provider: UserId, trace: &str) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let kept = self.ratings.get(provider.0).await?;
            let rating = self.added_up(provider).await?;
            if kept.as_ref().is_some_and(|kept| kept.body.says_the_same(&rating)) {
                return Ok(());
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
                return Ok(());
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
