//! A consumer of an embedded queue. While idle it does the queue's housekeeping: it removes settled
//! messages and moves expired ones.

use std::{sync::Arc, time::Duration};

use super::{
    EmbeddedBus,
    queue::{LocalQueue, NextMessage, READY_MAX},
};
use crate::bus::BusError;

/// How long settled messages wait so that they are removed as a batch.
const COMPANY: Duration = Duration::from_millis(10);
/// From this many settled messages on, they are removed at once.
const SETTLED_MAX: usize = 256;
/// How often an idle consumer does housekeeping.
const TICK: Duration = Duration::from_secs(1);
/// The pause after a failure of the file.
const PAUSE: Duration = Duration::from_millis(500);

pub(in crate::bus) struct LocalSubscription {
    bus: EmbeddedBus,
    queue: Arc<LocalQueue>,
    consumer: u64,
    prefetch: u16,
}

/// An unsettled message.
pub(in crate::bus) struct EmbeddedDelivery {
    bus: EmbeddedBus,
    queue: Arc<LocalQueue>,
    consumer: u64,
    id: i64,
}

impl LocalSubscription {
    pub(super) fn new(bus: EmbeddedBus, queue: Arc<LocalQueue>, prefetch: u16) -> Self {
        let consumer = queue.new_consumer();
        Self {
            bus,
            queue,
            consumer,
            prefetch: prefetch.max(1),
        }
    }

    pub(in crate::bus) async fn next(&mut self) -> (Vec<u8>, bool, EmbeddedDelivery) {
        loop {
            let queue = self.queue.clone();
            let woken = queue.wake.notified();
            tokio::pin!(woken);
            // From here on a wake-up counts, even before the wait below.
            woken.as_mut().enable();
            let found = match queue.take_next(self.consumer, self.prefetch) {
                NextMessage::Message(message) => {
                    let in_hand = EmbeddedDelivery {
                        bus: self.bus.clone(),
                        queue: queue.clone(),
                        consumer: self.consumer,
                        id: message.id,
                    };
                    return (message.body.to_vec(), message.redelivered, in_hand);
                }
                NextMessage::Empty => self.load().await,
                NextMessage::Full => Ok(false),
            };
            let found = match found {
                Ok(false) => self.wait_and_maintain(woken).await.map(|()| true),
                other => other,
            };
            if let Err(error) = found {
                tracing::error!(queue = queue.name, %error, "Could not read the bus file; retrying");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    pub(in crate::bus) fn queue(&self) -> &str {
        &self.queue.name
    }

    pub(in crate::bus) async fn close(self) {
        if let Err(error) = self.bus.remove_settled(&self.queue).await {
            tracing::warn!(
                error = %error,
                "Could not remove handled messages of `{}`; some will be redelivered",
                self.queue.name
            );
        }
    }

    /// Loads messages from the file. Returns true if there were any.
    async fn load(&self) -> Result<bool, BusError> {
        if self.queue.settled_count() >= SETTLED_MAX {
            self.bus.remove_settled(&self.queue).await?;
        }
        let _moving = self.queue.moving.lock().await;
        // Another consumer may have loaded meanwhile.
        let Some(cursor) = self.queue.cursor_if_empty() else {
            return Ok(true);
        };
        let rows = self.bus.read_page(&self.queue, cursor, READY_MAX).await?;
        let any = !rows.is_empty();
        self.queue.add_loaded(rows);
        if any {
            self.queue.wake.notify_waiters();
        }
        Ok(any)
    }

    /// Waits for a change and does housekeeping when the wait times out.
    async fn wait_and_maintain(&self, woken: impl Future<Output = ()>) -> Result<(), BusError> {
        let settled = self.queue.settled_count() > 0;
        let wait = if settled { COMPANY } else { TICK };
        if tokio::time::timeout(wait, woken).await.is_ok() {
            return Ok(());
        }
        self.bus.remove_settled(&self.queue).await?;
        self.bus.write_late().await?;
        self.bus.sweep_if_due().await
    }
}

impl Drop for LocalSubscription {
    fn drop(&mut self) {
        self.queue.release_consumer(self.consumer);
    }
}

impl EmbeddedDelivery {
    pub(in crate::bus) fn ack(self) {
        self.queue.settle_message(self.consumer, self.id);
    }

    pub(in crate::bus) fn requeue(self) {
        self.queue
            .give_back(self.queue.withdraw_message(self.consumer, self.id));
    }

    pub(in crate::bus) async fn dead_letter(self, reason: String) -> Result<(), BusError> {
        let Some(message) = self.queue.withdraw_message(self.consumer, self.id) else {
            return Ok(());
        };
        let moved = self
            .bus
            .move_to_dead(&self.queue, vec![self.id], &reason)
            .await;
        if moved.is_err() {
            self.queue.give_back([message]);
        }
        moved
    }
}
