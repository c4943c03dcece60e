//! `POST /api/v1/orders`.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use process::{
    idempotency::Idempotency,
    problem::{Json, Problem},
};
use serde::Serialize;
use wire::{Draft, OrderCode, OrderId, OrderStatus, Role};

use super::{
    reply::{OrderView, succeeded},
    sender::CommandSender,
};
use crate::{say, service::Service, store::Publication};

#[derive(Serialize)]
struct PublishReply {
    order_id: OrderId,
    code: OrderCode,
    status: OrderStatus,
    message: &'static str,
    order: OrderView,
}

pub async fn publish(
    State(service): State<Service>,
    CommandSender { caller, idempotency, language, .. }: CommandSender,
    Json(draft): Json<Draft>,
) -> Result<impl IntoResponse, Problem> {
    caller.require(Role::Customer)?;
    // The rules check it again; only here can each field be named to the person.
    wire::check_draft(&draft)?;
    let Idempotency { command_id, trace } = idempotency;
    let publication = Publication { command_id, actor: caller.actor, draft, trace };
    let order = succeeded(service.publish(publication).await?, caller.actor)?;
    let place = [(header::LOCATION, format!("/api/v1/orders/{}", order.id))];
    let reply = PublishReply {
        order_id: order.id,
        code: order.code.clone(),
        status: order.status,
        message: say::order_published.plain(language),
        order: OrderView::of(order, caller.actor),
    };
    Ok((StatusCode::CREATED, place, Json(reply)))
}
