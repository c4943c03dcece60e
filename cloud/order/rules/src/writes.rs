//! What follows from a decision: all of it is written in the one transaction that the snapshot was
//! read in, or none of it.

use wire::{EventType, OpDecision, OrderEvent, OrderId, OrderStatus, TimelineEntry};

use crate::{Standing, StoredAnswer};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writes {
    /// One answer per request, in the order of the requests.
    pub answers: Vec<OpDecision>,
    /// New answers to keep; a command that consumed nothing has none.
    pub commands: Vec<StoredAnswer>,
    /// The orders that changed, by id, each once with its last state.
    pub orders: Vec<OrderWrite>,
    pub timeline: Vec<Line>,
    /// In the order in which they happened.
    pub events: Vec<Emitted>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderWrite {
    /// `None` for a new order.
    pub guard: Option<Guard>,
    pub after: Standing,
}

/// What was read of an order: the write must find it so still, or the decision is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    pub version: u64,
    pub status: OrderStatus,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub order_id: OrderId,
    pub entry: TimelineEntry,
}

/// An event to publish. Its id is given where it is stored, since ids are not drawn here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    pub kind: EventType,
    pub trace: String,
    pub body: OrderEvent,
}
