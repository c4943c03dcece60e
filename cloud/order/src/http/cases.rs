//! `GET /api/v1/admin/cases`: what a person has to look at.

use axum::extract::State;
use process::{
    problem::{Json, Page, Problem},
    tokens::Caller,
};
use serde::Serialize;
use wire::{CaseItem, Role};

use crate::service::Service;

#[derive(Serialize)]
pub struct Cases {
    items: Vec<CaseItem>,
    next: Option<String>,
}

pub async fn all(
    State(service): State<Service>,
    caller: Caller,
    page: Page<u64>,
) -> Result<Json<Cases>, Problem> {
    caller.require(Role::Admin)?;
    let items = service.store.cases(page.after, page.limit).await?;
    let next = items.last().filter(|_| items.len() == page.limit).map(|case| case.id.to_string());
    Ok(Json(Cases { items, next }))
}
