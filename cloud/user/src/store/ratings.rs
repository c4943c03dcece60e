//! Provider ratings, taken from events of the review service.

use platform::{StoreError, documents::DocumentsError};
use wire::{RatingEvent, Role};

use super::ProfileStore;
use crate::domain::ProviderProfile;

impl ProfileStore {
    /// Stores a rating newer than the current one. Leaves the revision alone, so that it does not
    /// make the provider's open form stale.
    pub async fn apply_rating(&self, told: &RatingEvent, trace: &str) -> Result<(), StoreError> {
        let provider = told.provider_id;
        if self.get::<ProviderProfile>(provider).await?.is_none() {
            self.create_blank_profile::<ProviderProfile>(provider, Role::Provider, trace)
                .await?;
        }
        self.invalidate_public_profile(provider).await;
        let changed = self.providers.change_with_retry(provider.0, |mut profile| {
            if profile.rating_version >= told.version {
                return None;
            }
            profile.rating_version = told.version;
            profile.rating_hundredths = told.average_hundredths;
            profile.total_reviews = told.total_reviews;
            profile.refresh_derived_fields();
            Some((profile, Vec::new()))
        });
        let changed = changed
            .await
            .map_err(|error: DocumentsError| StoreError::from(error))?;
        if changed.is_some() {
            self.invalidate_public_profile(provider).await;
        }
        Ok(())
    }
}
