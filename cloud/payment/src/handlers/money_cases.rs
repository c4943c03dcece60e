//! Cases about money that a person must review.

use axum::extract::State;
use process::{
    problem::{self, ItemList, Json, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Code, MoneyCaseKind, OrderId, UnixMillis, UserId};

use crate::{
    actions::Service,
    store::{MoneyCaseRow, parse_column},
};

type CasePage = problem::Page<u64>;

#[derive(Serialize, ToSchema)]
#[schema(as = MoneyCase)]
pub(crate) struct CaseView {
    id: u64,
    /// Null for a payout, which belongs to no order.
    #[schema(required)]
    order_id: Option<OrderId>,
    /// The payee, for a payout.
    #[schema(required)]
    provider_id: Option<UserId>,
    kind: MoneyCaseKind,
    movement_id: Uuid,
    opened_at: UnixMillis,
    #[schema(required)]
    closed_at: Option<UnixMillis>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CaseClosingForm)]
pub(crate) struct CaseClosing {
    reason: String,
}

/// `GET /api/v1/admin/money-cases`.
pub(crate) async fn cases(
    State(service): State<Service>,
    page: CasePage,
) -> Result<ItemList<CaseView>, Problem> {
    let rows = service
        .store
        .list_open_cases(page.rows_to_read(), page.after)
        .await?;
    let ItemList { items, next } = page.build_page(rows, |row| row.id);
    let items = items
        .into_iter()
        .map(CaseView::from_row)
        .collect::<Result<_, _>>()?;
    Ok(ItemList { items, next })
}

/// `POST /api/v1/admin/money-cases/{id}/close`. A closed case is returned unchanged.
pub(crate) async fn close_case(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<u64>,
    Json(CaseClosing { reason }): Json<CaseClosing>,
) -> Result<Json<CaseView>, Problem> {
    let reason = wire::check_reason(&reason)?;
    let closed = service
        .store
        .close_case(id, caller.actor.user_id, &reason)
        .await?;
    Ok(Json(CaseView::from_row(closed.ok_or(Code::NotFound)?)?))
}

impl CaseView {
    pub(super) fn from_row(row: MoneyCaseRow) -> Result<Self, Problem> {
        let order_id = Some(row.order_id).filter(|order| !order.0.is_nil());
        Ok(Self {
            id: row.id,
            order_id,
            provider_id: row.provider_id,
            kind: parse_column(&row.kind, "money_cases.kind", row.id)?,
            movement_id: row.movement_id,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
        })
    }
}
