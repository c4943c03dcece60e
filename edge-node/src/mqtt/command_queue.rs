//! Passes commands from the broker to the intake through a bounded queue, so that the broker never
//! waits for the disk. A command beyond the queue or its sender's share is dropped silently, and
//! the tablet resends it.
//!
//! Invariant: one person holds at most an eighth of the queue, and all newcomers together at most
//! half.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::mpsc;
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
    pub(super) share: QueuePermit,
}

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
                    share,
                })
                .is_ok()
        })
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
        let his = held.by_person.get(&user).copied().unwrap_or_default();
        if his >= PER_PERSON_MAX || !known && held.newcomers >= NEWCOMERS_MAX {
            return None;
        }
        held.by_person.insert(user, his + 1);
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
        if let Some(his) = held.by_person.get_mut(&self.user) {
            *his -= 1;
            if *his == 0 {
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
}
