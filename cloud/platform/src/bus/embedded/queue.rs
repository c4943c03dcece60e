//! The in-memory state of a queue: messages that are loaded, unsettled, or settled but still in the
//! file.
//!
//! A message is in at most one of these lists. A message above the cursor and in no list exists
//! only in the file.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Notify;
use wire::Event;

use crate::bus::{
    store::{MessageRow, QueueRow},
    topic,
};

/// Messages loaded ahead; the rest stay in the file.
pub(super) const READY_MAX: usize = 1_000;

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
            bindings.any(|(at, pattern)| at == exchange && topic::matches_pattern(pattern, key));
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

    pub(super) fn new_consumer(&self) -> u64 {
        let mut hands = self.lock_state();
        hands.consumers_ever += 1;
        hands.consumers_ever
    }

    /// The next message, if the consumer holds fewer than `prefetch` unsettled.
    pub(super) fn take_next(&self, consumer: u64, prefetch: u16) -> NextMessage {
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
    pub(super) fn cursor_if_empty(&self) -> Option<i64> {
        let hands = self.lock_state();
        hands.ready.is_empty().then_some(hands.cursor)
    }

    pub(super) fn add_loaded(&self, rows: Vec<MessageRow>) {
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
    pub(super) fn settle_message(&self, consumer: u64, id: i64) {
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
    pub(super) fn withdraw_message(&self, consumer: u64, id: i64) -> Option<QueuedMessage> {
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
    pub(super) fn release_consumer(&self, consumer: u64) {
        let mut hands = self.lock_state();
        let held: Vec<(u64, QueuedMessage)> = hands
            .in_hand
            .extract_if(.., |_, (holder, _)| *holder == consumer)
            .map(|(_, m)| m)
            .collect();
        drop(hands);
        self.give_back(held.into_iter().map(|(_, message)| message));
    }

    /// Removes from the loaded messages those of `ids` without a consumer. Returns the ids to move
    /// and the messages that were loaded.
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

    pub(super) fn settled_count(&self) -> usize {
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

pub(super) enum NextMessage {
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
