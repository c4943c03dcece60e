//! Maintains the embedded bus: removes settled messages and moves expired ones. Publishers and
//! consumers trigger it while they work; a bus without them has nothing to clean up.

use std::sync::atomic::Ordering;

use process::metrics;

use super::{EmbeddedBus, queue::LocalQueue};
use crate::bus::{BusError, store};

/// Interval between sweeps for expired messages.
const SWEEP_EVERY_MS: u64 = 1_000;
const SWEEP_MAX: i64 = 1_000;
/// The reason of an expired dead letter, same as RabbitMQ's.
const EXPIRED: &str = "expired";

impl EmbeddedBus {
    pub(super) async fn remove_settled(&self, queue: &LocalQueue) -> Result<(), BusError> {
        let ids = queue.settled_ids();
        if ids.is_empty() {
            return Ok(());
        }
        let ids = self
            .write(move |conn| store::remove(conn, &ids).map(|()| ids))
            .await?;
        queue.forget_settled(&ids);
        Ok(())
    }

    pub(super) async fn move_to_dead(
        &self,
        queue: &LocalQueue,
        ids: Vec<i64>,
        reason: &str,
    ) -> Result<(), BusError> {
        let dead = queue.dead_letter_queue_id();
        let dead = self
            .queues()
            .into_iter()
            .find(|queue| Some(queue.id) == dead);
        let now = self.0.clock.now().0;
        let reason = self
            .0
            .keys
            .seal(&super::message_seal_context(), reason.as_bytes());
        self.write(move |conn| match dead {
            Some(dead) => {
                dead.mark_filled();
                store::move_to_dead_letters(conn, &ids, dead.id, &reason, now)
            }
            // A dead letter that is dead-lettered again has no further queue.
            None => store::remove(conn, &ids),
        })
        .await
    }

    /// Moves expired messages to the dead letters.
    pub(super) async fn sweep_if_due(&self) -> Result<(), BusError> {
        let now = self.0.clock.now().0;
        let last = self.0.swept_at.load(Ordering::Relaxed);
        let due = now.abs_diff(last) >= SWEEP_EVERY_MS;
        let mine =
            self.0
                .swept_at
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed);
        if !due || mine.is_err() {
            return Ok(());
        }
        let expired = self
            .read(move |conn| store::find_expired(conn, now, SWEEP_MAX))
            .await?;
        for queue in self.queues() {
            let own: Vec<i64> = expired
                .iter()
                .filter(|(_, at)| *at == queue.id)
                .map(|(id, _)| *id)
                .collect();
            if !own.is_empty() {
                self.expire_messages(&queue, &own).await?;
            }
        }
        Ok(())
    }

    async fn expire_messages(&self, queue: &LocalQueue, ids: &[i64]) -> Result<(), BusError> {
        let _moving = queue.moving.lock().await;
        let (ids, loaded) = queue.take_out(ids);
        if ids.is_empty() {
            return Ok(());
        }
        let count = ids.len();
        let moved = self.move_to_dead(queue, ids, EXPIRED).await;
        match &moved {
            Ok(()) => {
                metrics::BUS_DEAD_LETTERED.add([&queue.name], count as u64);
                tracing::warn!(
                    queue = queue.name,
                    count,
                    "Dead-lettered expired messages of `{}`",
                    queue.name
                );
            }
            Err(_) => queue.give_back(loaded),
        }
        moved
    }
}
