//! The routes of cases: an admin lists, takes and closes them.

use axum::extract::State;
use process::{
    problem::{ItemList, Json, Page, Path, Problem, Query},
    tokens::AdminCaller,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{CaseItem, CaseState, Code};

use crate::{service::Service, store::CaseUpdateResult};

#[derive(Deserialize, Default, ToSchema)]
pub struct CaseFilter {
    /// Defaults to both.
    state: Option<CaseState>,
}

#[derive(Deserialize, ToSchema)]
pub struct CaseEndForm {
    /// The result, for later readers.
    reason: String,
}

/// Newest first.
pub async fn cases(
    State(service): State<Service>,
    _: AdminCaller,
    Query(CaseFilter { state }): Query<CaseFilter>,
    page: Page<u64>,
) -> Result<ItemList<CaseItem>, Problem> {
    Ok(page.build_page(
        service
            .store
            .list_cases(state, page.after, page.rows_to_read())
            .await?,
        |case| case.id,
    ))
}

pub async fn case(
    State(service): State<Service>,
    _: AdminCaller,
    Path(id): Path<u64>,
) -> Result<Json<CaseItem>, Problem> {
    Ok(Json(
        service.store.find_case(id).await?.ok_or(Code::NotFound)?,
    ))
}

/// If two admins take a case, the later one has it, as both see in `taken_by`.
pub async fn take_case(
    State(service): State<Service>,
    AdminCaller(caller): AdminCaller,
    Path(id): Path<u64>,
) -> Result<Json<CaseItem>, Problem> {
    respond_with_case(service.store.take_case(id, caller.actor.user_id).await?)
}

/// A case closed earlier is returned unchanged.
pub async fn close_case(
    State(service): State<Service>,
    AdminCaller(caller): AdminCaller,
    Path(id): Path<u64>,
    Json(CaseEndForm { reason }): Json<CaseEndForm>,
) -> Result<Json<CaseItem>, Problem> {
    let reason = wire::check_reason(&reason)?;
    respond_with_case(
        service
            .store
            .close_case(id, caller.actor.user_id, &reason)
            .await?,
    )
}

/// A closed case shows it in its fields.
fn respond_with_case(turn: CaseUpdateResult) -> Result<Json<CaseItem>, Problem> {
    match turn {
        CaseUpdateResult::Done(case) | CaseUpdateResult::Closed(case) => Ok(Json(case)),
        CaseUpdateResult::Unknown => Err(Code::NotFound.into()),
    }
}
