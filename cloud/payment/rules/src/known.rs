//! The requests between the order service and the payment service: the comparison of versions
//! [PULL] and its result, and the funds check [ASK_BEFORE_REFUSING].

use serde::{Deserialize, Serialize};
use wire::{CancelCharge, Event, Order, OrderId, UnixMillis, UserId};

/// Orders by id, or the orders changed since a moment, in order of change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderVersionsQuery {
    Named(Vec<OrderId>),
    Changed {
        since: UnixMillis,
        after: Option<OrderId>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedOrders {
    pub items: Vec<ComparedOrder>,
}

/// An order's current state, with the version of the last money event that it applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedOrder {
    pub order: Order,
    pub terms: Option<CancelCharge>,
    pub money_version: u64,
    /// Providers with a case of work in vain on the order. An order service one version older
    /// leaves it out.
    #[serde(default)]
    pub worked_in_vain: Vec<UserId>,
}

/// Orders that an edge has started without money in custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundsQuery {
    pub orders: Vec<OrderId>,
}

/// The latest event about each order's money, after querying the adapter about open payments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundsReply {
    pub words: Vec<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueVersions {
    pub order_version: u64,
    pub money_version: u64,
    /// When its last event was published.
    pub told_at: UnixMillis,
}

/// An event that one side has missed or not received yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissedEvent {
    /// The order is ahead of the due.
    Order,
    /// The order has not applied the latest money event.
    Word,
}

impl ComparedOrder {
    /// Events missed since before `by`; younger ones are still in transit.
    pub fn find_missed_events(&self, due: Option<DueVersions>, by: UnixMillis) -> Vec<MissedEvent> {
        let mut missed = Vec::new();
        let is_heard = match due {
            Some(due) => due.order_version >= self.order.version,
            // An order without a provider owes no money.
            None => !self.order.status.has_provider(),
        };
        if !is_heard && self.order.updated_at < by {
            missed.push(MissedEvent::Order);
        }
        if let Some(due) = due
            && due.money_version > self.money_version
            && due.told_at < by
        {
            missed.push(MissedEvent::Word);
        }
        missed
    }
}
