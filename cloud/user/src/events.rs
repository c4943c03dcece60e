//! Handles events: a new account gets a profile, a revoked one is hidden until readmitted, a
//! completed and paid job counts for its provider, and a rating comes from the review service.

use platform::{
    bus::{Bus, topology},
    consume::{EventHandler, HandleError, start_consumer},
};
use process::tasks::Tasks;
use wire::{
    Event, EventType, OrderEvent, OrderStatus, PaymentStatus, RatingEvent, Role, UserEvent,
};

use crate::{
    domain::{CustomerProfile, ProviderProfile},
    store::{CompletedJob, ProfileEventDraft, ProfileRefusal, ProfileStore, StoredProfile},
};

/// Repeated events change nothing: the store keeps one profile per person, one document per job,
/// and only the newest rating.
pub struct ProfileEventConsumer {
    pub store: ProfileStore,
}

impl ProfileEventConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::USER_PROFILES, self);
    }

    /// Counts a completed job if it is paid or will be paid afterwards. A later payment arrives as
    /// `order.status_changed`.
    async fn count_completed_job(&self, event: &Event) -> Result<(), HandleError> {
        let OrderEvent {
            order,
            paid_afterwards,
            ..
        } = serde_json::from_value(event.body.clone())?;
        let is_done = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
        let is_unpaid = order.payment_status == PaymentStatus::Unpaid && !paid_afterwards;
        if !is_done || is_unpaid {
            return Ok(());
        }
        let Some(provider_id) = order.provider_id else {
            return Err(HandleError::poison("a completed order has no provider"));
        };
        let job = CompletedJob {
            provider_id,
            completed_at: event.at,
        };
        Ok(self
            .store
            .record_completed_job(order.id, &job, &event.trace)
            .await?)
    }

    async fn apply_account_event<D: StoredProfile>(
        &self,
        event: &Event,
        account: &UserEvent,
    ) -> Result<(), HandleError> {
        let user = account.user_id;
        if self
            .store
            .create_blank_profile::<D>(user, account.role, &event.trace)
            .await?
        {
            tracing::info!(user.id = %user, "Created a profile");
        }
        let is_closed = match event.kind {
            EventType::UserRevoked => true,
            EventType::UserReadmitted => false,
            _ => return Ok(()),
        };
        let changed = self
            .store
            .change_profile::<D>(user, None, &event.trace, |profile| {
                let person = profile.person_mut();
                let is_new = std::mem::replace(&mut person.is_closed, is_closed) != is_closed;
                Ok(is_new.then(|| ProfileEventDraft::from_kind(EventType::ProfileUpdated)))
            });
        match changed.await {
            Ok(_) => Ok(()),
            Err(ProfileRefusal::Failed(error)) => Err(error.into()),
            Err(refused) => Err(HandleError::poison(format!(
                "could not close or reopen the profile: {refused:?}"
            ))),
        }
    }
}

impl EventHandler for ProfileEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        match event.kind {
            EventType::UserRegistered | EventType::UserRevoked | EventType::UserReadmitted => {}
            EventType::OrderCompleted | EventType::OrderStatusChanged => {
                return self.count_completed_job(event).await;
            }
            EventType::RatingUpdated => {
                let rating: RatingEvent = serde_json::from_value(event.body.clone())?;
                return Ok(self.store.apply_rating(&rating, &event.trace).await?);
            }
            _ => return Ok(()),
        }
        let account: UserEvent = serde_json::from_value(event.body.clone())?;
        match account.role {
            Role::Provider => {
                self.apply_account_event::<ProviderProfile>(event, &account)
                    .await
            }
            Role::Customer | Role::Admin => {
                self.apply_account_event::<CustomerProfile>(event, &account)
                    .await
            }
        }
    }
}
