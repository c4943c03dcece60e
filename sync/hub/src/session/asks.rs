//! Puts accepts that were made elsewhere to the holder of their region.
//!
//! The holder logs each accept once, even if it is put repeatedly. So this state may be lost: an
//! accept is put again when the holder reconnects, and periodically until it is decided.

use std::collections::BTreeSet;

use engine::cloud::SyncSessionInput;

use super::link::{EdgeConnection, SessionEnd, SessionTerm};
use crate::store::{StoreError, asks::DueAccept};

/// Maximum accepts of each kind per check; later ones follow when these are decided.
const LOOKED_AT_MAX: usize = 200;
/// Maximum accepts put per check, well below the outbound queue; the rest follow with the next
/// check.
const PUT_MAX: usize = 32;
/// Ticks before an undecided accept is put again.
const AGAIN_AFTER_TICKS: u64 = 15;
impl EdgeConnection {
    /// Puts the waiting accepts to this edge if it holds the region.
    pub(super) async fn put_asks(&mut self, at: SessionTerm) -> Result<(), SessionEnd> {
        for DueAccept {
            accept,
            taken_at,
            made_at,
        } in self.due_asks(at).await?
        {
            // The next tick tries again.
            let Some(accept) = self.hub.for_holder(accept).await else {
                break;
            };
            let id = accept.command.id;
            let user = accept.actor.user_id;
            let now = self.hub.clock.now();
            self.hub
                .store
                .note_put(id, user, &made_at, taken_at, now)
                .await?;
            self.hub.put_accepts.remember_accept(id);
            self.put.insert((id, user), self.ticks);
            tracing::info!(
                edge.id = %self.edge, command.id = %id, order.id = %accept.command.body.order_id(),
                "Sent command `{id}` to the edge that holds the region"
            );
            self.drive_engine(SyncSessionInput::Ask {
                accept: Box::new(accept),
                taken_at,
            })
            .await?;
        }
        Ok(())
    }

    async fn due_asks(&mut self, at: SessionTerm) -> Result<Vec<DueAccept>, StoreError> {
        let region = self.region;
        let edge = &self.edge;
        let ticks = self.ticks;
        let put = &self.put;
        let mut wanted = BTreeSet::new();
        let mut is_due = |name| {
            wanted.insert(name);
            put.get(&name)
                .is_none_or(|at| ticks >= at + AGAIN_AFTER_TICKS)
        };
        let mut due = self
            .hub
            .store
            .asks_for(region, edge, at.epoch, LOOKED_AT_MAX)
            .await?;
        due.retain(|DueAccept { accept, .. }| is_due((accept.command.id, accept.actor.user_id)));
        due.truncate(PUT_MAX);
        let space = PUT_MAX - due.len();
        due.extend(
            self.hub
                .store
                .held_elsewhere(region, edge, at.epoch, LOOKED_AT_MAX, space, is_due)
                .await?,
        );
        self.put.retain(|name, _| wanted.contains(name));
        Ok(due)
    }
}
