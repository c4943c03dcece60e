//! `GET /api/v1/admin/cases`: what a person has to look at.

use axum::extract::State;
use process::{
    problem::{Json, Problem, Query},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use wire::Role;

use super::{answer::field, page::limit};
use crate::{service::Service, store::Case};

#[derive(Deserialize)]
pub struct Wanted {
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Serialize)]
pub struct Cases {
    items: Vec<Case>,
    next: Option<String>,
}

pub async fn all(
    State(service): State<Service>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Cases>, Problem> {
    caller.require(Role::Admin)?;
    let before = wanted.cursor.as_deref().map(|text| text.parse::<u64>()).transpose();
    let before = before.map_err(|_| {
        field("cursor", "The `next` of an earlier page.", "请填写上一页返回的 `next`。")
    })?;
    let limit = limit(wanted.limit);
    let items = service.store.cases(before, limit).await?;
    let next = items.last().filter(|_| items.len() == limit).map(|case| case.id.to_string());
    Ok(Json(Cases { items, next }))
}
