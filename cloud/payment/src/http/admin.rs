//! Admins' decisions on customers' refund requests.

use axum::extract::State;
use custody::{MoneyStep, MovementId};
use process::{
    problem::{self, ItemList, Json, MaybeJson, Path, Problem, TimeCursor},
    tokens::AdminCaller,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Amount, Code};

use super::{
    KeyedAdmin,
    views::{MoneyId, RequestView},
};
use crate::{
    service::Service,
    store::{KeyedRequest, RequestRecord, StepMetadata},
};

type Page = problem::Page<TimeCursor>;

#[derive(Deserialize, Default, ToSchema)]
#[schema(as = GrantForm)]
pub struct Grant {
    #[serde(default)]
    amount: Option<Amount>,
}

/// `GET /api/v1/admin/refunds`.
pub async fn open_requests(
    State(service): State<Service>,
    _: AdminCaller,
    page: Page,
) -> Result<ItemList<RequestView>, Problem> {
    let rows = service
        .store
        .open_requests(page.rows_to_read(), page.after)
        .await?;
    let ItemList { items, next } = page.build_page(rows, |row| TimeCursor {
        at: row.created_at,
        id: row.id,
    });
    let items = items
        .into_iter()
        .map(RequestView::from_row)
        .collect::<Result<_, _>>()?;
    Ok(ItemList { items, next })
}

/// `POST /api/v1/admin/refunds/{id}/grant`.
pub async fn grant(
    State(service): State<Service>,
    admin: KeyedAdmin,
    Path(MoneyId(id)): Path<MoneyId>,
    MaybeJson(Grant { amount }): MaybeJson<Grant>,
) -> Result<Json<RequestView>, Problem> {
    let asked = service
        .store
        .find_request(id)
        .await?
        .ok_or(Code::NotFound)?;
    let granted = amount.map_or(asked.amount_minor, Amount::minor_units);
    let key = admin.keyed_request("grant", Some(id), granted);
    decide_request(&service, &asked, Some(granted), key).await
}

/// `POST /api/v1/admin/refunds/{id}/refuse`.
pub async fn refuse(
    State(service): State<Service>,
    admin: KeyedAdmin,
    Path(MoneyId(id)): Path<MoneyId>,
) -> Result<Json<RequestView>, Problem> {
    let asked = service
        .store
        .find_request(id)
        .await?
        .ok_or(Code::NotFound)?;
    let key = admin.keyed_request("refuse", Some(id), 0);
    decide_request(&service, &asked, None, key).await
}

async fn decide_request(
    service: &Service,
    asked: &RequestRecord,
    granted_minor: Option<i64>,
    request: KeyedRequest,
) -> Result<Json<RequestView>, Problem> {
    let step = MoneyStep::DecideRefund {
        request: MovementId(asked.id),
        granted_minor,
    };
    let note = StepMetadata {
        by: Some(request.user),
        request: Some(request),
        ..StepMetadata::default()
    };
    service.apply_step(asked.order_id, &step, &note).await?;
    let row = service
        .store
        .find_request(asked.id)
        .await?
        .ok_or(Code::Internal)?;
    Ok(Json(RequestView::from_row(row)?))
}
