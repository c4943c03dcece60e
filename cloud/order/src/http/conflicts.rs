//! `GET /api/v1/admin/lost-acceptances` and `GET /api/v1/admin/commands/{id}`: what an operator reads
//! of a collision.

use axum::extract::State;
use process::{
    problem::{Json, Page, Path, Problem},
    tokens::Caller,
};
use serde::Serialize;
use wire::{CommandAnswer, CommandId, LostAcceptance, Role};

use crate::service::Service;

#[derive(Serialize)]
pub struct Lost {
    items: Vec<LostAcceptance>,
    next: Option<String>,
}

/// Newest first. A page may hold fewer than asked for and still have a next one: it ends where enough
/// of the history was looked through.
pub async fn lost(
    State(service): State<Service>,
    caller: Caller,
    page: Page<u64>,
) -> Result<Json<Lost>, Problem> {
    caller.require(Role::Admin)?;
    let (items, next) = service.store.lost_acceptances(page.after, page.limit).await?;
    Ok(Json(Lost { items, next: next.map(|id| id.to_string()) }))
}

#[derive(Serialize)]
pub struct Answers {
    items: Vec<CommandAnswer>,
}

/// Every answer under the id: it is each person's own.
pub async fn answers(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<CommandId>,
) -> Result<Json<Answers>, Problem> {
    caller.require(Role::Admin)?;
    Ok(Json(Answers { items: service.store.answers_of(id).await? }))
}
