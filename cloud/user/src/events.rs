//! Handles events: a new account gets a profile, a revoked one is hidden until readmitted, a
//! completed and paid job counts for its provider, and a rating comes from the review service.

use platform::{
    bus::{Bus, topology},
    consume::{Handle, HandleError, consume},
};
use process::tasks::Tasks;
use wire::{
    Event, EventType, OrderEvent, OrderStatus, PaymentStatus, RatingEvent, Role, UserEvent,
};

use crate::{
    domain::{CustomerProfile, ProviderProfile},
    store::{ChangeNews, CompletedJob, KeptProfile, ProfileRefusal, ProfileStore},
};

/// Repeated events change nothing: the store keeps one profile per person, one document per job,
/// and only the newest rating.
pub struct ProfileFeed {
    pub store: ProfileStore,
}

impl ProfileFeed {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        consume(tasks, bus, topology::USER_PROFILES, self);
    }

    /// Counts a completed job if it is paid or will be paid afterwards. A later payment arrives as
    /// `order.status_changed`.
    async fn note_done_work(&self, event: &Event) -> Result<(), HandleError> {
        let OrderEvent { order, paid_afterwards, .. } = serde_json::from_value(event.body.clone())?;
        let is_done = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
        let is_unpaid = order.payment_status == PaymentStatus::Unpaid && !paid_afterwards;
        if !is_done || is_unpaid {
            return Ok(());
        }
        let Some(provider_id) = order.provider_id else {
            return Err(HandleError::poison("a completed order has no provider"));
        };
        let job = CompletedJob { provider_id, completed_at: event.at };
        Ok(self.store.note_job(order.id, &job, &event.trace).await?)
    }

    async fn account<D: KeptProfile>(
        &self,
        event: &Event,
        account: &UserEvent,
    ) -> Result<(), HandleError> {
        let user = account.user_id;
        if self.store.make::<D>(user, account.role, &event.trace).await? {
            tracing::info!(user.id = %user, "A profile was made");
        }
        let is_closed = match event.kind {
            EventType::UserRevoked => true,
            EventType::UserReadmitted => false,
            _ => return Ok(()),
        };
        let changed = self.store.change::<D>(user, None, &event.trace, |profile| {
            let person = profile.person_mut();
            let is_new = std::mem::replace(&mut person.is_closed, is_closed) != is_closed;
            Ok(is_new.then(|| ChangeNews::of(EventType::ProfileUpdated)))
        });
        match changed.await {
            Ok(_) => Ok(()),
            Err(ProfileRefusal::Failed(error)) => Err(error.into()),
            Err(refused) => {
                Err(HandleError::poison(format!("no profile to close or open: {refused:?}")))
            }
        }
    }
}

impl Handle for ProfileFeed {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        match event.kind {
            EventType::UserRegistered | EventType::UserRevoked | EventType::UserReadmitted => {}
            EventType::OrderCompleted | EventType::OrderStatusChanged => {
                return self.note_done_work(event).await;
            }
            EventType::RatingUpdated => {
                let rating: RatingEvent = serde_json::from_value(event.body.clone())?;
                return Ok(self.store.note_rating(&rating, &event.trace).await?);
            }
            _ => return Ok(()),
        }
        let account: UserEvent = serde_json::from_value(event.body.clone())?;
        match account.role {
            Role::Provider => self.account::<ProviderProfile>(event, &account).await,
            Role::Customer | Role::Admin => self.account::<CustomerProfile>(event, &account).await,
        }
    }
}
