//! A queue and its consumer.
//!
//! The in-memory state of a queue holds messages that are loaded, unsettled, or settled but still
//! in the file. A message is in at most one of these lists. A message above the cursor and in no
//! list exists only in the file. While idle, a consumer does the queue's housekeeping: it removes
//! settled messages and moves expired ones.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use wire::Event;

use super::{
    EmbeddedBus,
    store::{MessageRow, QueueRow},
};
use crate::bus::{BusError, topology};

/// Messages loaded ahead; the rest stay in the file.
const READY_MAX: usize = 1_000;

pub(super) struct LocalQueue {
    pub(super) id: i64,
    pub(super) name: String,
    definition: RwLock<QueueRow>,
    hands: Mutex<QueueState>,
    /// Held while messages move between the file and `hands`, so that only one task moves them at a
    /// time.
    pub(super) moving: tokio::sync::Mutex<()>,
    /// Notifies waiting consumers of a change.
    pub(super) wake: Notify,
    /// Messages were put into the file and the waiting consumers are not yet notified.
    is_filled: AtomicBool,
}

#[derive(Debug, Clone)]
pub(super) struct QueuedMessage {
    pub(super) id: i64,
    pub(super) body: Arc<[u8]>,
    pub(super) redelivered: bool,
}

#[derive(Default)]
struct QueueState {
    ready: VecDeque<QueuedMessage>,
    in_hand: BTreeMap<i64, (u64, QueuedMessage)>,
    settled: BTreeSet<i64>,
    /// The highest id loaded.
    cursor: i64,
    /// Messages up to this id were in the file when it was opened and may have been delivered
    /// before.
    delivered_to: i64,
    consumers_ever: u64,
}

impl LocalQueue {
    pub(super) fn new(row: QueueRow, delivered_to: i64) -> Self {
        let hands = QueueState {
            delivered_to,
            ..QueueState::default()
        };
        Self {
            id: row.id,
            name: row.name.clone(),
            definition: RwLock::new(row),
            hands: Mutex::new(hands),
            moving: tokio::sync::Mutex::default(),
            wake: Notify::new(),
            is_filled: AtomicBool::new(false),
        }
    }

    /// Records that messages are being inserted. Waiting consumers are notified after the commit.
    pub(super) fn mark_filled(&self) {
        self.is_filled.store(true, Ordering::Release);
    }

    /// Wakes waiting consumers only if the commit filled this queue.
    pub(super) fn notify_if_filled(&self) {
        if self.is_filled.swap(false, Ordering::AcqRel) {
            self.wake.notify_waiters();
        }
    }

    pub(super) fn update_definition(&self, row: QueueRow) {
        *self
            .definition
            .write()
            .unwrap_or_else(PoisonError::into_inner) = row;
    }

    pub(super) fn dead_letter_queue_id(&self) -> Option<i64> {
        self.definition
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .dead
    }

    /// The expiry of an event in this queue; absent if the queue is not bound for it.
    pub(super) fn expiry_if_bound(&self, event: &Event, now: i64) -> Option<Option<i64>> {
        let definition = self
            .definition
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let exchange = event.kind.exchange().as_str();
        let key = event.kind.as_str();
        let mut bindings = definition.bindings.iter();
        let is_bound =
            bindings.any(|(at, pattern)| at == exchange && topology::matches_pattern(pattern, key));
        is_bound.then(|| definition.ttl_ms.map(|ttl| now.saturating_add(ttl)))
    }

    /// The expiry of a message that arrives now.
    pub(super) fn expires_at(&self, now: i64) -> Option<i64> {
        let definition = self
            .definition
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        definition.ttl_ms.map(|ttl| now.saturating_add(ttl))
    }

    fn new_consumer(&self) -> u64 {
        let mut hands = self.lock_state();
        hands.consumers_ever += 1;
        hands.consumers_ever
    }

    /// The next message, if the consumer holds fewer than `prefetch` unsettled.
    fn take_next(&self, consumer: u64, prefetch: u16) -> NextMessage {
        let mut hands = self.lock_state();
        let held = hands
            .in_hand
            .values()
            .filter(|(holder, _)| *holder == consumer)
            .count();
        if held >= usize::from(prefetch) {
            return NextMessage::Full;
        }
        let Some(message) = hands.ready.pop_front() else {
            return NextMessage::Empty;
        };
        hands
            .in_hand
            .insert(message.id, (consumer, message.clone()));
        NextMessage::Message(message)
    }

    /// The id to load after, if no messages are loaded.
    fn cursor_if_empty(&self) -> Option<i64> {
        let hands = self.lock_state();
        hands.ready.is_empty().then_some(hands.cursor)
    }

    fn add_loaded(&self, rows: Vec<MessageRow>) {
        let mut hands = self.lock_state();
        for row in rows {
            hands.cursor = hands.cursor.max(row.id);
            let redelivered = row.id <= hands.delivered_to;
            hands.ready.push_back(QueuedMessage {
                id: row.id,
                body: row.body.into(),
                redelivered,
            });
        }
    }

    /// Marks a message as processed; housekeeping then removes it from the file.
    fn settle_message(&self, consumer: u64, id: i64) {
        let mut hands = self.lock_state();
        // Once the consumer is dropped, its message may be delivered elsewhere, so it must not
        // settle it.
        if hands.held_by(consumer, id) {
            hands.in_hand.remove(&id);
            hands.settled.insert(id);
        }
        drop(hands);
        self.wake.notify_waiters();
    }

    /// Takes an unsettled message from its consumer to move it elsewhere; `give_back` undoes it.
    fn withdraw_message(&self, consumer: u64, id: i64) -> Option<QueuedMessage> {
        let mut hands = self.lock_state();
        if !hands.held_by(consumer, id) {
            return None;
        }
        hands.in_hand.remove(&id).map(|(_, message)| message)
    }

    /// Returns messages to their place in the order, marked as redelivered.
    pub(super) fn give_back(&self, messages: impl IntoIterator<Item = QueuedMessage>) {
        let mut hands = self.lock_state();
        for mut message in messages {
            message.redelivered = true;
            let at = hands.ready.partition_point(|other| other.id < message.id);
            hands.ready.insert(at, message);
        }
        drop(hands);
        self.wake.notify_waiters();
    }

    /// Requeues the unsettled messages of a dropped consumer.
    fn release_consumer(&self, consumer: u64) {
        let mut hands = self.lock_state();
        let held: Vec<(u64, QueuedMessage)> = hands
            .in_hand
            .extract_if(.., |_, (holder, _)| *holder == consumer)
            .map(|(_, m)| m)
            .collect();
        drop(hands);
        self.give_back(held.into_iter().map(|(_, message)| message));
    }

    /// Removes the messages with these ids from the loaded ones, unless a consumer has them.
    /// Returns the ids to move and the messages that were loaded.
    pub(super) fn take_out(&self, ids: &[i64]) -> (Vec<i64>, Vec<QueuedMessage>) {
        let mut hands = self.lock_state();
        let ids: Vec<i64> = ids
            .iter()
            .copied()
            .filter(|id| !hands.in_hand.contains_key(id) && !hands.settled.contains(id))
            .collect();
        let (out, stay) = hands
            .ready
            .drain(..)
            .partition(|message| ids.contains(&message.id));
        hands.ready = stay;
        (ids, Vec::from_iter::<VecDeque<QueuedMessage>>(out))
    }

    pub(super) fn settled_ids(&self) -> Vec<i64> {
        self.lock_state().settled.iter().copied().collect()
    }

    fn settled_count(&self) -> usize {
        self.lock_state().settled.len()
    }

    /// Forgets settled messages after they were removed from the file.
    pub(super) fn forget_settled(&self, ids: &[i64]) {
        let mut hands = self.lock_state();
        for id in ids {
            hands.settled.remove(id);
        }
    }

    /// The number of messages that are in the file but not waiting.
    pub(super) fn not_waiting(&self) -> usize {
        let hands = self.lock_state();
        hands.in_hand.len() + hands.settled.len()
    }

    fn lock_state(&self) -> MutexGuard<'_, QueueState> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum NextMessage {
    Message(QueuedMessage),
    /// No messages are loaded.
    Empty,
    /// The consumer has reached its prefetch limit.
    Full,
}

impl QueueState {
    fn held_by(&self, consumer: u64, id: i64) -> bool {
        self.in_hand
            .get(&id)
            .is_some_and(|(holder, _)| *holder == consumer)
    }
}

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
