//! Provider ratings, taken from events of the review service.

use platform::{StoreError, documents::DocumentsError};
use wire::{RatingEvent, Role};

use super::ProfileStore;
use crate::domain::ProviderProfile;

impl ProfileStore {
    /// Stores a rating newer than the current one. Leaves the revision alone, so that it does not
    /// make the provider's open form stale.
    pub async fn note_rating(&self, told: &RatingEvent, trace: &str) -> Result<(), StoreError> {
        let provider = told.provider_id;
        if self.get::<ProviderProfile>(provider).await?.is_none() {
            self.make::<ProviderProfile>(provider, Role::Provider, trace).await?;
        }
        self.changes(provider).await;
        let changed = self.providers.change(provider.0, |mut profile| {
            if profile.rating_version >= told.version {
                return None;
            }
            profile.rating_version = told.version;
            profile.rating_hundredths = told.average_hundredths;
            profile.total_reviews = told.total_reviews;
            profile.derive();
            Some((profile, Vec::new()))
        });
        let changed = changed.await.map_err(|error: DocumentsError| StoreError::from(error))?;
        if changed.is_some() {
            self.changes(provider).await;
        }
        Ok(())
    }
}
