//! The messages of an order, as far as the next one depends on them.
//!
//! Invariants: each message gets the next number, from 1 on; at most one unread message in each
//! direction waits for an inbox line.

use std::collections::{BTreeMap, BTreeSet};

use wire::{CommandId, OrderId, PhotoRef, Role, UnixMillis, UserId};

/// Messages by one side of an order, those of earlier providers included.
const SENT_MAX: u64 = 500;

/// The stored state that the messages of a batch depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownMessages {
    /// The messages of the orders that a request writes to; absent if there are none.
    pub threads: BTreeMap<OrderId, MessageThread>,
    /// Pairs of a person and someone they blocked, at least among the people of these orders.
    pub blocks: BTreeSet<(UserId, UserId)>,
}

/// The messages between the customer of an order and its providers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageThread {
    /// When the order was completed or cancelled.
    pub ended_at: Option<UnixMillis>,
    /// The number of the newest message, 0 without one.
    pub newest: u64,
    pub sent_by_customer: u64,
    pub sent_by_provider: u64,
    /// The directions in which some message is unread.
    pub unread: BTreeSet<MessageDirection>,
    /// Those stored under the ids of the requested commands.
    pub known: Vec<KnownMessage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageDirection {
    /// The provider, as its writer or its recipient.
    pub provider_id: UserId,
    /// By the provider, not by the customer.
    pub from_provider: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMessage {
    pub id: CommandId,
    pub direction: MessageDirection,
    pub text: String,
    pub photo: Option<PhotoRef>,
}

/// A message to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    pub order_id: OrderId,
    pub number: u64,
    pub message: KnownMessage,
    /// Its recipient gets an inbox line if they do not read it in time. The line of an earlier
    /// unread message covers the later ones.
    pub needs_notice: bool,
}

impl KnownMessages {
    pub(crate) fn are_blocked(&self, one: UserId, other: UserId) -> bool {
        self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one))
    }

    /// Adds a message that is stored.
    pub fn record_message(&mut self, new: &NewMessage) {
        let thread = self.threads.entry(new.order_id).or_default();
        let direction = new.message.direction;
        thread.newest = new.number;
        match direction.from_provider {
            true => thread.sent_by_provider += 1,
            false => thread.sent_by_customer += 1,
        }
        thread.unread.insert(direction);
        thread.known.push(new.message.clone());
    }
}

impl MessageThread {
    /// The message that this side of the order sent under the id.
    pub(crate) fn find_sent(&self, id: CommandId, from: Role) -> Option<&KnownMessage> {
        let from_provider = from == Role::Provider;
        let mut known = self.known.iter();
        known.find(|known| known.id == id && known.direction.from_provider == from_provider)
    }

    pub(crate) fn is_full(&self, from: Role) -> bool {
        let sent = match from {
            Role::Provider => self.sent_by_provider,
            Role::Customer | Role::Admin => self.sent_by_customer,
        };
        sent >= SENT_MAX
    }

    /// Numbers a message as the next of the order.
    pub(crate) fn number_message(&self, order_id: OrderId, message: KnownMessage) -> NewMessage {
        NewMessage {
            order_id,
            number: self.newest + 1,
            needs_notice: !self.unread.contains(&message.direction),
            message,
        }
    }
}
