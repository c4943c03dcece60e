//! Accepts that were made elsewhere, put to the holder of their region by its session.
//!
//! What is put twice is logged once, so nothing here has to survive: an accept is put again when the
//! holder comes back, and from time to time while it is not decided.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use engine::cloud::Input;
use wire::{CommandId, PortalAccept, UnixMillis};

use super::{At, Ended, Link};
use crate::store::{AskName, StoreError};

/// So many of either kind are looked at; those beyond find their turn when these are decided.
const LOOKED_AT_MAX: usize = 200;
/// Put at one look, far fewer than the way out takes; the rest goes out with the next.
const PUT_MAX: usize = 32;
/// Looks until an accept that is still not decided is put once more.
const AGAIN_AFTER_TICKS: u64 = 15;
/// Beyond that the oldest ids are forgotten; what is held is then found out by the clock.
const REMEMBERED_MAX: usize = 10_000;

/// The accepts that sessions of this replica have put to holders: once one is decided, whoever made it
/// has to hear of it.
#[derive(Clone, Default)]
pub(crate) struct Asking(Arc<Mutex<BTreeSet<CommandId>>>);

impl Asking {
    fn put(&self, id: CommandId) {
        let mut ids = self.ids();
        if ids.len() >= REMEMBERED_MAX {
            ids.pop_first();
        }
        ids.insert(id);
    }

    /// Whether any of these was put to a holder. They are forgotten.
    pub fn settle(&self, decided: impl Iterator<Item = CommandId>) -> bool {
        let mut ids = self.ids();
        decided.filter(|id| ids.remove(id)).count() > 0
    }

    fn ids(&self) -> MutexGuard<'_, BTreeSet<CommandId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The accepts that this session has put, and the tick of each.
pub(super) type Put = BTreeMap<AskName, u64>;

impl Link {
    /// Puts to this edge what others wait for, should it hold the region.
    pub(super) async fn put_asks(&mut self, at: At) -> Result<(), Ended> {
        let accepts = match self.due_asks(at).await {
            Ok(accepts) => accepts,
            Err(error) => return Err(self.fault(&error)),
        };
        for (accept, taken_at) in accepts {
            let id = accept.command.id;
            self.hub.asking.put(id);
            self.put.insert((id, accept.actor.user_id), self.ticks);
            tracing::info!(
                edge.id = %self.edge, command.id = %id, order.id = %accept.command.body.order_id(),
                "Command `{id}` is put to the holder"
            );
            self.perform(Input::Ask { accept: Box::new(accept), taken_at }).await?;
        }
        Ok(())
    }

    async fn due_asks(&mut self, at: At) -> Result<Vec<(PortalAccept, UnixMillis)>, StoreError> {
        let (region, edge, ticks, put) = (self.region, &self.edge, self.ticks, &self.put);
        let mut wanted = BTreeSet::new();
        let mut is_due = |name| {
            wanted.insert(name);
            put.get(&name).is_none_or(|at| ticks >= at + AGAIN_AFTER_TICKS)
        };
        let mut due = self.hub.store.asks_for(region, edge, at.epoch, LOOKED_AT_MAX).await?;
        due.retain(|(accept, _)| is_due((accept.command.id, accept.actor.user_id)));
        due.truncate(PUT_MAX);
        let (holder, space) = ((region, edge, at.epoch), PUT_MAX - due.len());
        due.extend(self.hub.store.held_elsewhere(holder, LOOKED_AT_MAX, space, is_due).await?);
        self.put.retain(|name, _| wanted.contains(name));
        Ok(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_settled_once_and_what_was_not_never() {
        let asking = Asking::default();
        let id = |n| CommandId(uuid::Uuid::from_u128(n));
        asking.put(id(1));
        asking.put(id(2));
        assert!(asking.settle([id(1), id(3)].into_iter()));
        assert!(asking.settle([id(1), id(2)].into_iter()));
        assert!(!asking.settle([id(1), id(2)].into_iter()));
    }
}
