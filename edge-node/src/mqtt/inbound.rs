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
use futures::StreamExt;
use tokio::{
    sync::mpsc,
    task::{coop::unconstrained, yield_now},
};
use tokio_util::sync::CancellationToken;
use wire::UserId;

use crate::{
    intake::{Intake, Sender},
    voice::Voice,
};

const WAITING_MAX: usize = 4_096;
/// Commands that wait for their commit at the same time; a group commit takes 256.
const AT_ONCE_MAX: usize = 512;
/// Answers before this task yields to others.
const IN_A_TURN: usize = 32;
const PER_PERSON_MAX: usize = WAITING_MAX / 8;
const NEWCOMERS_MAX: usize = WAITING_MAX / 2;

#[derive(Clone)]
pub struct Inbox {
    queue: mpsc::Sender<Inbound>,
    shares: Shares,
}

pub struct Inbound {
    sender: Sender,
    payload: Bytes,
    /// Held until the command is answered.
    _share: Share,
}

pub fn inbox() -> (Inbox, mpsc::Receiver<Inbound>) {
    let (queue, inbound) = mpsc::channel(WAITING_MAX);
    (Inbox { queue, shares: Shares::default() }, inbound)
}

impl Inbox {
    /// False if there was no room for it.
    pub fn put(&self, sender: Sender, payload: Bytes, known: bool) -> bool {
        let share = self.shares.take(sender.actor.user_id, known);
        share.is_some_and(|share| {
            self.queue.try_send(Inbound { sender, payload, _share: share }).is_ok()
        })
    }
}

/// Queued and unanswered commands per person.
#[derive(Clone, Default)]
struct Shares(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    by_person: HashMap<UserId, usize>,
    newcomers: usize,
}

struct Share {
    shares: Shares,
    user: UserId,
    known: bool,
}

impl Shares {
    fn take(&self, user: UserId, known: bool) -> Option<Share> {
        let mut held = self.held();
        let his = held.by_person.get(&user).copied().unwrap_or_default();
        if his >= PER_PERSON_MAX || !known && held.newcomers >= NEWCOMERS_MAX {
            return None;
        }
        held.by_person.insert(user, his + 1);
        held.newcomers += usize::from(!known);
        drop(held);
        Some(Share { shares: self.clone(), user, known })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.held();
        held.newcomers -= usize::from(!self.known);
        if let Some(his) = held.by_person.get_mut(&self.user) {
            *his -= 1;
            if *his == 0 {
                held.by_person.remove(&self.user);
            }
        }
    }
}

/// Answers commands until the stop, then those that are still queued.
pub async fn work(
    mut inbound: mpsc::Receiver<Inbound>,
    intake: Intake,
    voice: Voice,
    stop: CancellationToken,
) {
    let waiting = futures::stream::poll_fn(|context| {
        // A closed queue takes no new commands, and its end ends this function.
        if stop.is_cancelled() {
            inbound.close();
        }
        inbound.poll_recv(context)
    });
    // Keeps the order of arrival: each command reaches the writer at its first poll. tokio's task
    // budget would move answers that exceed it to the back; in a flood, some waited there for half
    // a minute. So answers run `unconstrained`, and this loop yields explicitly.
    let answering = waiting.map(|inbound| unconstrained(answer(inbound, &intake, &voice)));
    let mut answered = std::pin::pin!(answering.buffer_unordered(AT_ONCE_MAX));
    let mut stopping = std::pin::pin!(stop.cancelled());
    let mut asked = false;
    let mut in_turn = 0;
    loop {
        if in_turn == IN_A_TURN {
            in_turn = 0;
            yield_now().await;
        }
        tokio::select! {
            next = answered.next() => match next {
                Some(()) => in_turn += 1,
                None => return,
            },
            // Polls the queue again, which closes it.
            () = &mut stopping, if !asked => asked = true,
        }
    }
}

async fn answer(inbound: Inbound, intake: &Intake, voice: &Voice) {
    let Inbound { sender, payload, _share } = inbound;
    // No reply if the command's fate is unknown; the tablet resends it.
    let Ok(taken) = intake.take(&payload, Some(&sender)).await else { return };
    voice.reply(&sender.device, sender.actor.user_id, &taken.reply).await;
    if let Some(sight) = taken.changed {
        voice.changed(vec![sight], Vec::new()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sender;

    #[test]
    fn one_person_and_newcomers_leave_room_for_people_who_are_known() {
        let (inbox, mut waiting) = inbox();
        let put = |user: usize, known| {
            inbox.put(sender("t-1", user as u128), Bytes::from_static(b"{}"), known)
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
