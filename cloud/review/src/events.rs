//! Handles the service's own events: recomputes a provider's rating whenever one of their reviews
//! is added, edited, hidden or restored.

use platform::{
    bus::{Bus, topology},
    consume::{EventHandler, HandleError, start_consumer},
};
use process::tasks::Tasks;
use wire::{Event, EventType, ReviewEvent};

use crate::store::ReviewStore;

/// An event only triggers the computation from the stored reviews, so a repeat changes nothing.
pub struct RatingEventConsumer {
    pub store: ReviewStore,
}

impl RatingEventConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::REVIEW_RATINGS, self);
    }
}

impl EventHandler for RatingEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if matches!(
            event.kind,
            EventType::ReviewReplied | EventType::ReviewReported
        ) {
            return Ok(());
        }
        let ReviewEvent { provider_id, .. } = serde_json::from_value(event.body.clone())?;
        Ok(self
            .store
            .refresh_rating(provider_id, &event.trace)
            .await
            .map(drop)?)
    }
}
