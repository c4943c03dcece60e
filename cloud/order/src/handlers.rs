//! The handlers of the routes, and the parts that they share: the sender of a command, and a
//! decision as an HTTP response, which is the order after the command, or a problem with the parts
//! of the order its sender may see and the explanation of a lost acceptance.

pub(crate) mod admin;
pub(crate) mod calendar;
pub(crate) mod cancel_fees;
pub(crate) mod commands;
pub(crate) mod export;
pub(crate) mod incidents;
pub(crate) mod internal;
pub(crate) mod job_offers;
pub(crate) mod lists;
pub(crate) mod message_photos;
pub(crate) mod messages;
pub(crate) mod order_days;
pub(crate) mod orders;
pub(crate) mod photos;
pub(crate) mod receipts;
pub(crate) mod series;
pub(crate) mod time_proposals;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use process::{
    idempotency::Idempotency,
    openapi::{RouteAnswer, RouteDescription, RouteInput},
    problem::{Json, Problem},
    tokens::{Caller, bearer_token},
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    Actor, Code, CommandId, Language, OpDecision, Order, OrderCode, OrderId, OrderStatus, Outcome,
    Region, ShareKind, UnixMillis, UserId, order_visible_to,
};

use crate::{actions::Service, say};

/// The author and id of a command, and the language of the reply. Problems pick their language
/// separately.
pub(crate) struct CommandSender {
    pub caller: Caller,
    /// The caller's proof of identity, if a region's holder has to decide.
    pub token: String,
    pub idempotency: Idempotency,
    pub language: Language,
}

impl RouteInput for CommandSender {
    fn describe_route(route: &mut RouteDescription) {
        Idempotency::describe_route(route);
    }
}

impl FromRequestParts<Service> for CommandSender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let token = bearer_token(&parts.headers).unwrap_or_default().to_owned();
        let idempotency = Idempotency::from_request_parts(parts, service).await?;
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        let language = accepted.map(Language::from_accept).unwrap_or_default();
        Ok(Self {
            caller,
            token,
            idempotency,
            language,
        })
    }
}

/// A list without pages.
#[derive(Serialize, ToSchema)]
pub(crate) struct WholeList<T> {
    items: Vec<T>,
}

/// The response to a command that was not refused.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum CommandReply {
    Done {
        order_id: OrderId,
        status: OrderStatus,
        #[schema(required)]
        provider_id: Option<UserId>,
        message: &'static str,
        order: OrderView,
    },
    /// The region's holder has to decide this accept. The order's page, the inbox and a repeat of
    /// the same request show the decision.
    Waiting {
        order_id: OrderId,
        command_id: CommandId,
        state: &'static str,
        message: &'static str,
    },
}

impl RouteAnswer for CommandReply {
    fn describe_route(route: &mut RouteDescription) {
        route.answers_json::<Self>(StatusCode::OK);
        route.answers_json::<Self>(StatusCode::ACCEPTED);
    }
}

impl IntoResponse for CommandReply {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Done { .. } => StatusCode::OK,
            Self::Waiting { .. } => StatusCode::ACCEPTED,
        };
        (status, Json(self)).into_response()
    }
}

/// The parts of the order its sender may read; if another provider has it, only where it went.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum OrderView {
    Whole(Box<Order>),
    /// Without the parts reserved for the order's own people.
    Outline {
        id: OrderId,
        code: OrderCode,
        location: Region,
        status: OrderStatus,
        #[schema(required)]
        provider_id: Option<UserId>,
        version: u64,
        updated_at: UnixMillis,
    },
}

impl OrderView {
    pub(crate) fn for_reader(order: Order, reader: Actor) -> Self {
        if let Some(readable) = order_visible_to(&order, reader) {
            return Self::Whole(Box::new(readable));
        }
        let Order {
            id,
            code,
            location,
            status,
            provider_id,
            version,
            updated_at,
            ..
        } = order;
        Self::Outline {
            id,
            code,
            location,
            status,
            provider_id,
            version,
            updated_at,
        }
    }
}

/// The whole order if the command succeeded, else the problem.
pub(crate) fn require_success(decision: OpDecision, actor: Actor) -> Result<Order, Problem> {
    let mut outcome = match decision {
        OpDecision::Decided(outcome) => outcome,
        // The region's holder decides it and is unreachable; nothing was stored.
        OpDecision::Held(_) => return Err(Code::RegionAssigningOffline.into()),
    };
    match (outcome.has_succeeded(), outcome.order.take()) {
        (true, Some(order)) => Ok(order),
        (_, order) => Err(refusal_to_problem(
            outcome,
            order.map(|order| OrderView::for_reader(order, actor)),
        )),
    }
}

fn refusal_to_problem(outcome: Outcome, view: Option<OrderView>) -> Problem {
    let first = outcome.first.and_then(|first| first.code);
    // A success without its order, and a refusal without a code, are our faults.
    let mut problem = Problem::new(outcome.code.or(first).unwrap_or(Code::Internal));
    if let Some(view) = view {
        problem = problem.with_member("order", view);
    }
    if let Some(limit) = outcome.limit {
        if limit.limit == ShareKind::OpenOrders {
            problem = problem.with_detail(say::too_many_open_orders {
                most: limit.most.into(),
            });
        }
        problem = problem.with_member("limit", limit);
    }
    match outcome.lost {
        Some(lost) => problem.with_member("lost", lost),
        None => problem,
    }
}
