//! Handles the service's own events: recomputes a provider's rating whenever one of their reviews
//! is added, edited, hidden or restored.

use platform::{
    bus::{Bus, topology},
    consume::{Handle, HandleError, consume},
};
use process::tasks::Tasks;
use wire::{Event, EventType, ReviewEvent};

use crate::store::ReviewStore;

/// An event only triggers the computation from the stored reviews, so a repeat changes nothing.
pub struct RatingFeed {
    pub store: ReviewStore,
}

impl RatingFeed {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        consume(tasks, bus, topology::REVIEW_RATINGS, self);
    }
}

impl Handle for RatingFeed {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if matches!(event.kind, EventType::ReviewReplied | EventType::ReviewReported) {
            return Ok(());
        }
        let ReviewEvent { provider_id, .. } = serde_json::from_value(event.body.clone())?;
        Ok(self.store.refresh_rating(provider_id, &event.trace).await.map(drop)?)
    }
}
