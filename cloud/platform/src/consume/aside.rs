//! Events that have failed once step aside and are tried again beside the others, so that one which
//! fails again and again delays nobody. A later event of the same subject steps aside behind it: an
//! order's events must not overtake each other.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::Event;

use crate::bus::Delivery;

/// Events aside at a time. One more waits for a place, and those behind it with it: when so many
/// fail, the fault is not the events'.
pub(super) const PLACES: usize = 64;

/// The events aside, by their subject. A lane's first event is in the hand of the task that works
/// it.
#[derive(Clone)]
pub(super) struct Aside {
    lanes: Arc<Mutex<HashMap<String, VecDeque<AsideEvent>>>>,
    places: Arc<Semaphore>,
}

pub(super) struct AsideEvent {
    pub delivery: Delivery,
    /// How often it has failed.
    pub attempts: u32,
    _place: OwnedSemaphorePermit,
}

impl Aside {
    pub(super) fn new() -> Self {
        Self { lanes: Arc::default(), places: Arc::new(Semaphore::new(PLACES)) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes().is_empty()
    }

    pub(super) fn has(&self, subject: &str) -> bool {
        self.lanes().contains_key(subject)
    }

    /// A place for one event, waiting for it.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().acquire_owned().await.ok()
    }

    /// Puts an event behind those of its subject. Returns whether it is the first, whose lane wants
    /// a task.
    pub(super) fn put(
        &self,
        subject: String,
        (delivery, attempts): (Delivery, u32),
        place: OwnedSemaphorePermit,
    ) -> bool {
        let event = AsideEvent { delivery, attempts, _place: place };
        let mut lanes = self.lanes();
        let is_first = !lanes.contains_key(&subject);
        lanes.entry(subject).or_default().push_back(event);
        is_first
    }

    /// The next event of a lane; the lane ends with its last.
    pub(super) fn next(&self, subject: &str) -> Option<AsideEvent> {
        let mut lanes = self.lanes();
        let next = lanes.get_mut(subject).and_then(VecDeque::pop_front);
        if next.is_none() {
            lanes.remove(subject);
        }
        next
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<String, VecDeque<AsideEvent>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The order, payment or person that an event is about; an event about nothing of the kind is its
/// own subject.
pub(super) fn subject_of(event: &Event) -> String {
    let body = &event.body;
    let named = [&body["order"]["id"], &body["order_id"], &body["user_id"], &body["region"]];
    let named = named.into_iter().find_map(|id| id.as_str());
    named.map_or_else(|| event.id.to_string(), str::to_owned)
}
