//! Passes commands from the broker to the intake through a bounded queue, so that the broker never
//! waits for the disk. From a tablet's own connection, a command beyond the queue or its sender's
//! share is dropped silently, and the tablet resends it. An external broker keeps each command
//! until it is answered, and has at most `UNANSWERED_MAX` of them here.
//!
//! Invariant: one person holds at most an eighth of the queue, and all newcomers together at most
//! half. Commands of QoS 1 from an external broker always have room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::mpsc::{self, error::TrySendError};
use wire::UserId;

use crate::authentication::TabletSender;

const WAITING_MAX: usize = 4_096;
const PER_PERSON_MAX: usize = WAITING_MAX / 8;
const NEWCOMERS_MAX: usize = WAITING_MAX / 2;

#[derive(Clone)]
pub(crate) struct CommandQueue {
    queue: mpsc::Sender<QueuedCommand>,
    shares: QueuePermits,
}

pub(crate) struct QueuedCommand {
    pub(super) sender: TabletSender,
    pub(super) payload: Bytes,
    /// Held until the command is answered.
    pub(super) hold: CommandHold,
}

/// Released on drop, once the command is answered.
#[expect(dead_code, reason = "held for its drop")]
pub(super) enum CommandHold {
    Share(QueuePermit),
    Broker(PendingAck),
}

/// A command's message at an external broker, which is acknowledged on drop.
pub(super) struct PendingAck {
    /// `None` for QoS 0.
    packet_id: Option<u16>,
    acks: mpsc::Sender<u16>,
}

/// Messages of QoS 1 that an external broker sends before it gets an acknowledgement.
pub(super) const UNANSWERED_MAX: u16 = 256;

pub(crate) fn command_queue() -> (CommandQueue, mpsc::Receiver<QueuedCommand>) {
    let (queue, inbound) = mpsc::channel(WAITING_MAX);
    (
        CommandQueue {
            queue,
            shares: QueuePermits::default(),
        },
        inbound,
    )
}

impl CommandQueue {
    /// False if there was no room for it.
    pub(crate) fn try_enqueue(&self, sender: TabletSender, payload: Bytes, known: bool) -> bool {
        let share = self.shares.try_acquire(sender.actor.user_id, known);
        share.is_some_and(|share| {
            self.queue
                .try_send(QueuedCommand {
                    sender,
                    payload,
                    hold: CommandHold::Share(share),
                })
                .is_ok()
        })
    }

    /// False if the command must be sent again: by its tablet if it has QoS 0, else by the broker.
    pub(super) fn try_enqueue_from_broker(
        &self,
        sender: TabletSender,
        payload: Bytes,
        ack: PendingAck,
    ) -> bool {
        let reserved = usize::from(UNANSWERED_MAX);
        if ack.packet_id.is_none() && self.queue.capacity() <= reserved {
            return false;
        }
        let queued = QueuedCommand {
            sender,
            payload,
            hold: CommandHold::Broker(ack),
        };
        match self.queue.try_send(queued) {
            Ok(()) => true,
            Err(TrySendError::Full(refused) | TrySendError::Closed(refused)) => {
                if let CommandHold::Broker(ack) = refused.hold {
                    ack.withhold();
                }
                false
            }
        }
    }
}

impl PendingAck {
    /// `acks` has room for `UNANSWERED_MAX`.
    pub(super) fn new(packet_id: Option<u16>, acks: mpsc::Sender<u16>) -> Self {
        Self { packet_id, acks }
    }

    /// Leaves the message with the broker, which sends it again on the next connection.
    fn withhold(mut self) {
        self.packet_id = None;
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        if let Some(packet_id) = self.packet_id {
            // Fails if the connection has ended: the next one brings the message again.
            let _ = self.acks.try_send(packet_id);
        }
    }
}

/// Queued and unanswered commands per person.
#[derive(Clone, Default)]
struct QueuePermits(Arc<Mutex<PermitCounts>>);

#[derive(Default)]
struct PermitCounts {
    by_person: HashMap<UserId, usize>,
    newcomers: usize,
}

/// A queued command's place in its sender's share, returned on drop.
pub(super) struct QueuePermit {
    shares: QueuePermits,
    user: UserId,
    known: bool,
}

impl QueuePermits {
    fn try_acquire(&self, user: UserId, known: bool) -> Option<QueuePermit> {
        let mut held = self.lock_counts();
        let held_by_sender = held.by_person.get(&user).copied().unwrap_or_default();
        if held_by_sender >= PER_PERSON_MAX || !known && held.newcomers >= NEWCOMERS_MAX {
            return None;
        }
        held.by_person.insert(user, held_by_sender + 1);
        held.newcomers += usize::from(!known);
        drop(held);
        Some(QueuePermit {
            shares: self.clone(),
            user,
            known,
        })
    }

    fn lock_counts(&self) -> MutexGuard<'_, PermitCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueuePermit {
    fn drop(&mut self) {
        let mut held = self.shares.lock_counts();
        held.newcomers -= usize::from(!self.known);
        if let Some(held_by_sender) = held.by_person.get_mut(&self.user) {
            *held_by_sender -= 1;
            if *held_by_sender == 0 {
                held.by_person.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sender;

    #[test]
    fn one_person_and_newcomers_leave_room_for_people_who_are_known() {
        let (inbox, mut waiting) = command_queue();
        let put = |user: usize, known| {
            inbox.try_enqueue(
                sender("t-1", user as u128),
                Bytes::from_static(b"{}"),
                known,
            )
        };
        let taken = (0..2 * PER_PERSON_MAX).filter(|_| put(20, false)).count();
        assert_eq!(taken, PER_PERSON_MAX);
        let newcomers = (0..WAITING_MAX).filter(|n| put(100 + n, false)).count();
        assert_eq!(taken + newcomers, NEWCOMERS_MAX);
        let known = (0..WAITING_MAX).filter(|n| put(10_000 + n, true)).count();
        assert_eq!(taken + newcomers + known, WAITING_MAX);
        assert!(!put(30_000, true), "the queue is full");
        drop(waiting.try_recv().unwrap());
        assert!(put(20, false), "an answered command gives its share back");
    }

    #[test]
    fn an_external_broker_hears_that_a_command_is_answered_and_always_has_room() {
        let (inbox, mut waiting) = command_queue();
        let (acks, mut acknowledged) = mpsc::channel(UNANSWERED_MAX.into());
        let put = |packet_id| {
            let ack = PendingAck::new(packet_id, acks.clone());
            inbox.try_enqueue_from_broker(sender("t-1", 20), Bytes::from_static(b"{}"), ack)
        };
        let unprotected = (0..WAITING_MAX).filter(|_| put(None)).count();
        assert_eq!(unprotected, WAITING_MAX - usize::from(UNANSWERED_MAX));
        assert!((1..=UNANSWERED_MAX).all(|packet_id| put(Some(packet_id))));
        for _ in 0..unprotected {
            drop(waiting.try_recv().unwrap());
        }
        assert!(acknowledged.try_recv().is_err(), "QoS 0");
        drop(waiting.try_recv().unwrap());
        assert_eq!(acknowledged.try_recv(), Ok(1));
        waiting.close();
        assert!(!put(Some(1)), "a queue that is closed");
        assert!(
            acknowledged.try_recv().is_err(),
            "the broker sends it again"
        );
    }
}
