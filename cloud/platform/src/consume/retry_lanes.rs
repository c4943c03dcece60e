//! Failed events move to a lane of their subject and are retried in parallel, so that a repeatedly
//! failing event delays no other subject. Later events of the same subject queue behind it: an
//! order's events must not overtake each other.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::Event;

use crate::bus::Delivery;

/// Limit of retrying events. At the limit, the next event waits for a permit and blocks the queue
/// behind it: so many failures point to an outage, not to the events.
const RETRYING_MAX: usize = 64;

/// Retrying events by subject. A lane's task has already taken the event that it retries.
#[derive(Clone)]
pub(super) struct RetryLanes {
    lanes: Arc<Mutex<HashMap<String, VecDeque<RetryingEvent>>>>,
    permits: Arc<Semaphore>,
}

pub(super) struct RetryingEvent {
    pub delivery: Delivery,
    /// The number of failures so far.
    pub attempts: u32,
    _permit: OwnedSemaphorePermit,
}

impl RetryLanes {
    pub(super) fn new() -> Self {
        Self {
            lanes: Arc::default(),
            permits: Arc::new(Semaphore::new(RETRYING_MAX)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock_lanes().is_empty()
    }

    pub(super) fn has_subject(&self, subject: &str) -> bool {
        self.lock_lanes().contains_key(subject)
    }

    pub(super) async fn acquire_permit(&self) -> Option<OwnedSemaphorePermit> {
        self.permits.clone().acquire_owned().await.ok()
    }

    /// Queues an event behind others of its subject. Returns true if it is the first; the caller
    /// then starts the lane's task.
    pub(super) fn push_event(
        &self,
        subject: String,
        delivery: Delivery,
        attempts: u32,
        permit: OwnedSemaphorePermit,
    ) -> bool {
        let event = RetryingEvent {
            delivery,
            attempts,
            _permit: permit,
        };
        let mut lanes = self.lock_lanes();
        let is_first = !lanes.contains_key(&subject);
        lanes.entry(subject).or_default().push_back(event);
        is_first
    }

    /// The next event of a lane; an empty lane is removed.
    pub(super) fn pop_event(&self, subject: &str) -> Option<RetryingEvent> {
        let mut lanes = self.lock_lanes();
        let event = lanes.get_mut(subject).and_then(VecDeque::pop_front);
        if event.is_none() {
            lanes.remove(subject);
        }
        event
    }

    fn lock_lanes(&self) -> MutexGuard<'_, HashMap<String, VecDeque<RetryingEvent>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The order, person or region of an event; otherwise the event's id.
pub(super) fn event_subject(event: &Event) -> String {
    let body = &event.body;
    let named = [
        &body["order"]["id"],
        &body["order_id"],
        &body["user_id"],
        &body["region"],
    ];
    let named = named.into_iter().find_map(|id| id.as_str());
    named.map_or_else(|| event.id.to_string(), str::to_owned)
}
