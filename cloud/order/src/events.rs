//! Takes in the events of people: each job in the hand of somebody who is revoked becomes a case, so that an
//! admin finds them in one list; and the marks of providers are kept, by which they may accept.

use platform::{
    bus::{Bus, QueueSpec},
    consume::{Handle, HandleError, consume},
    marks,
};
use process::tasks::Tasks;
use wire::{Event, EventType, Exchange, UserEvent};

use crate::store::Store;

const QUEUE: QueueSpec = QueueSpec::new(
    "order_people",
    &[(Exchange::Auth, "user.revoked"), (Exchange::User, "profile.*")],
);

pub struct People {
    pub store: Store,
}

impl People {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        consume(tasks, bus, QUEUE, self);
    }
}

impl Handle for People {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if let Some(mark) = marks::told_by(event)? {
            return Ok(self.store.take_mark(mark).await?);
        }
        if event.kind != EventType::UserRevoked {
            return Ok(());
        }
        let UserEvent { user_id, .. } = serde_json::from_value(event.body.clone())?;
        let listed = self.store.list_jobs_of_revoked(event, user_id).await?;
        if listed > 0 {
            tracing::warn!(user.id = %user_id, jobs = listed, "A revoked person has jobs in hand");
        }
        Ok(())
    }
}
