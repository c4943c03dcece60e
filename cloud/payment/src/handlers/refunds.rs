//! Customers' refund requests, and admins' decisions on them.

use axum::extract::State;
use custody::{MoneyStep, MovementId, RequestState};
use process::{
    problem::{self, CreatedJson, ItemList, Json, MaybeJson, Path, Problem, Query, TimeCursor},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Amount, Code, Currency, OrderId, UnixMillis, UserId};

use super::{
    KeyedAdmin, KeyedCaller, MoneyId, WholeList,
    payments::{OfOrder, check_payer},
    to_amount,
};
use crate::{
    actions::Service,
    say,
    store::{KeyedRequest, RefundRequestRow, StepMetadata, parse_column},
};

type Page = problem::Page<TimeCursor>;

#[derive(Serialize, ToSchema)]
#[schema(as = RefundRequest)]
pub(crate) struct RequestView {
    id: Uuid,
    order_id: OrderId,
    customer_id: UserId,
    amount: Amount,
    currency: Currency,
    status: RequestState,
    reason: String,
    #[schema(required)]
    granted: Option<Amount>,
    created_at: UnixMillis,
    #[schema(required)]
    decided_at: Option<UnixMillis>,
}

impl RequestView {
    pub(crate) fn from_row(row: RefundRequestRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            order_id: row.order_id,
            customer_id: row.customer_id,
            amount: to_amount(row.amount_minor)?,
            currency: row.currency,
            status: parse_column(&row.status, "refund_requests.status", row.id)?,
            reason: row.reason,
            granted: row.granted_minor.map(to_amount).transpose()?,
            created_at: row.created_at,
            decided_at: row.decided_at,
        })
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = RefundForm)]
pub(crate) struct RefundForm {
    #[serde(default)]
    order_id: Option<OrderId>,
    /// Instead of the order.
    #[serde(default)]
    payment_id: Option<Uuid>,
    amount: Amount,
    reason: String,
}

/// `POST /api/v1/refunds`.
pub(crate) async fn ask(
    State(service): State<Service>,
    sender: KeyedCaller,
    Json(form): Json<RefundForm>,
) -> Result<CreatedJson<RequestView>, Problem> {
    let by = sender.caller.actor.user_id;
    let RefundForm {
        order_id,
        payment_id,
        amount,
        reason,
    } = form;
    let reason = wire::check_reason(&reason)?;
    if !amount.is_positive() {
        return Err(Problem::wrong_field("amount", say::amount_not_positive));
    }
    let order_id = match (order_id, payment_id) {
        (Some(order), _) => order,
        (None, Some(payment)) => {
            let row = service.store.find_payment(payment).await?;
            let row = row
                .filter(|row| row.customer_id == by)
                .ok_or(Code::OrderNotFound)?;
            row.order_id
        }
        (None, None) => return Err(Problem::wrong_field("order_id", say::refund_of_nothing)),
    };
    let order = service.refresh_order(order_id).await?;
    if order.customer_id != by {
        return Err(Code::OrderNotFound.into());
    }
    let step = MoneyStep::RequestRefund {
        by,
        amount_minor: amount.minor_units(),
    };
    let key = sender.keyed_request("ask_back", amount);
    let note = StepMetadata {
        reason: Some(reason),
        request: key,
        ..StepMetadata::default()
    };
    let movement = service.apply_step(order_id, &step, &note).await?;
    let row = match movement {
        Some(id) => service.store.find_request(id.0).await?,
        None => None,
    };
    Ok(CreatedJson(RequestView::from_row(
        row.ok_or(Code::Internal)?,
    )?))
}

/// `GET /api/v1/refunds?order_id=`.
pub(crate) async fn refund_requests(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(OfOrder { order_id }): Query<OfOrder>,
) -> Result<Json<WholeList<RequestView>>, Problem> {
    check_payer(&service, actor, order_id).await?;
    let rows = service.store.requests_of(order_id).await?;
    let items = rows
        .into_iter()
        .map(RequestView::from_row)
        .collect::<Result<_, _>>()?;
    Ok(Json(WholeList { items }))
}

#[derive(Deserialize, Default, ToSchema)]
#[schema(as = GrantForm)]
pub(crate) struct Grant {
    #[serde(default)]
    amount: Option<Amount>,
}

/// `GET /api/v1/admin/refunds`.
pub(crate) async fn open_requests(
    State(service): State<Service>,
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
pub(crate) async fn grant(
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
pub(crate) async fn refuse(
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
    asked: &RefundRequestRow,
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
