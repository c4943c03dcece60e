//! Notifies this replica's streams of a changed inbox. Clones share state.
//!
//! Invariant: the store is the truth. A lost notification only adds delay, because every stream
//! also polls.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use wire::UserId;

/// Bounded by the open streams: each new subscription removes the senders without receivers.
#[derive(Clone, Default)]
pub struct InboxChangeNotifier(Arc<Mutex<HashMap<UserId, watch::Sender<()>>>>);

impl InboxChangeNotifier {
    pub fn notify_change(&self, user: UserId) {
        if let Some(bell) = self.lock_senders().get(&user) {
            bell.send_replace(());
        }
    }

    pub fn subscribe_to_user(&self, user: UserId) -> watch::Receiver<()> {
        let mut bells = self.lock_senders();
        bells.retain(|_, bell| bell.receiver_count() > 0);
        bells.entry(user).or_default().subscribe()
    }

    fn lock_senders(&self) -> MutexGuard<'_, HashMap<UserId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
