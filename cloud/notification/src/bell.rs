//! Tells the streams of this replica that a person's inbox has changed. Cloning shares it.
//!
//! Invariant: the inbox in the store is the truth. A lost ring costs time only, because every
//! stream also looks by the clock.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use wire::UserId;

/// Bounded by the streams that are open: whoever listens no more is forgotten with the next
/// listener.
#[derive(Clone, Default)]
pub struct InboxBell(Arc<Mutex<HashMap<UserId, watch::Sender<()>>>>);

impl InboxBell {
    pub fn ring(&self, user: UserId) {
        if let Some(bell) = self.locked().get(&user) {
            bell.send_replace(());
        }
    }

    pub fn listen(&self, user: UserId) -> watch::Receiver<()> {
        let mut bells = self.locked();
        bells.retain(|_, bell| bell.receiver_count() > 0);
        bells.entry(user).or_default().subscribe()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<UserId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
