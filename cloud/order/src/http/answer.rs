//! How a decision is told over HTTP: what was done with the order as it is now, or a problem that
//! carries the order as far as the asker may see it, and how an acceptance was lost.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use process::problem::{Json, Problem};
use serde::Serialize;
use wire::{
    Actor, Code, CommandId, Language, OpDecision, Order, OrderCode, OrderId, OrderStatus, Outcome,
    Region, UnixMillis, UserId, readable_by,
};

use crate::say;

#[derive(Serialize)]
pub struct Done {
    pub order_id: OrderId,
    pub status: OrderStatus,
    pub provider_id: Option<UserId>,
    pub message: &'static str,
    pub order: Shown,
}

/// What someone is shown of the order that their command was about: as much as they may read, and of
/// one that went to another, where it went.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown {
    Order(Box<Order>),
    State(State),
}

/// How an order stands, without what is its own people's alone.
#[derive(Serialize)]
pub struct State {
    id: OrderId,
    code: OrderCode,
    location: Region,
    status: OrderStatus,
    provider_id: Option<UserId>,
    version: u64,
    updated_at: UnixMillis,
}

impl Shown {
    pub fn to(actor: Actor, order: Order) -> Self {
        match readable_by(&order, actor) {
            Some(readable) => Self::Order(Box::new(readable)),
            None => Self::State(State {
                id: order.id,
                code: order.code,
                location: order.location,
                status: order.status,
                provider_id: order.provider_id,
                version: order.version,
                updated_at: order.updated_at,
            }),
        }
    }
}

/// What an accept is told that the region's holder has to decide. The order's page, the inbox and the
/// same request sent again tell how it went.
#[derive(Serialize)]
pub struct Waiting {
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub state: &'static str,
    pub message: &'static str,
}

impl Waiting {
    pub fn told(order_id: OrderId, command_id: CommandId, language: Language) -> Self {
        let message = say::acceptance_waits.plain(language);
        Self { order_id, command_id, state: "pending", message }
    }
}

/// How a command was answered that was not refused.
pub enum Told {
    Done(Box<Done>),
    Waiting(Waiting),
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        match self {
            Self::Done(done) => Json(done).into_response(),
            Self::Waiting(waiting) => (StatusCode::ACCEPTED, Json(waiting)).into_response(),
        }
    }
}

/// The order that a command succeeded on, whole, or why it did not.
pub fn succeeded(decision: OpDecision, actor: Actor) -> Result<Order, Problem> {
    let mut outcome = match decision {
        OpDecision::Decided(outcome) => outcome,
        // Whoever holds the region decides it, and is out of reach; nothing was stored.
        OpDecision::Held(_) => return Err(Code::RegionAssigningOffline.into()),
    };
    match (outcome.succeeded(), outcome.order.take()) {
        (true, Some(order)) => Ok(order),
        (_, order) => Err(refused(outcome, order.map(|order| Shown::to(actor, order)))),
    }
}

fn refused(outcome: Outcome, shown: Option<Shown>) -> Problem {
    let first = outcome.first.and_then(|first| first.code);
    // A success whose order is gone from sight, and a refusal without a reason, are faults of ours.
    let mut problem = Problem::new(outcome.code.or(first).unwrap_or(Code::Internal));
    if let Some(shown) = shown {
        problem = problem.with("order", shown);
    }
    match outcome.lost {
        Some(lost) => problem.with("lost", lost),
        None => problem,
    }
}
