//! Owns the questions that the order service and the payment service ask each other: the comparison
//! of versions [PULL], with what follows from it, and the question about funds
//! [ASK_BEFORE_REFUSING].

use serde::{Deserialize, Serialize};
use wire::{CancelCharge, Event, Order, OrderId, UnixMillis, UserId};

/// The orders of these ids, or those that have changed since a moment, in the order of their
/// changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KnownQuestion {
    Named(Vec<OrderId>),
    Changed { since: UnixMillis, after: Option<OrderId> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownOrders {
    pub items: Vec<KnownOrder>,
}

/// An order as it stands, with the number of the last word about its money that it has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownOrder {
    pub order: Order,
    pub terms: Option<CancelCharge>,
    pub money_version: u64,
    /// The providers with a case of work in vain on it. An order service of the version before
    /// names none.
    #[serde(default)]
    pub worked_in_vain: Vec<UserId>,
}

/// Orders of which an edge has logged the start, and which show no money in custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundsQuestion {
    pub orders: Vec<OrderId>,
}

/// The last words about their money, once the adapter has been asked about what is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundsAnswer {
    pub words: Vec<Event>,
}

/// The versions that a due stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueVersions {
    pub order_version: u64,
    pub money_version: u64,
    /// When its last word was told.
    pub told_at: UnixMillis,
}

/// An event that one side has missed, or has not been given yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The order is further on than the due.
    Order,
    /// The order has not taken the last word about its money.
    Word,
}

impl KnownOrder {
    /// The events that have been missed since before `by`: younger ones are on their way.
    pub fn missed(&self, due: Option<DueVersions>, by: UnixMillis) -> Vec<Missed> {
        let mut missed = Vec::new();
        let is_heard = match due {
            Some(due) => due.order_version >= self.order.version,
            // Nobody owes anything for an order that nobody has taken.
            None => !self.order.status.has_provider(),
        };
        if !is_heard && self.order.updated_at < by {
            missed.push(Missed::Order);
        }
        let told = |due: DueVersions| due.money_version > self.money_version && due.told_at < by;
        if due.is_some_and(told) {
            missed.push(Missed::Word);
        }
        missed
    }
}
