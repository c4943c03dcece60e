//! Customers' refund requests.

use axum::extract::State;
use custody::MoneyStep;
use process::{
    problem::{CreatedJson, Json, Problem, Query},
    tokens::Caller,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Amount, Code, OrderId, Role};

use super::{
    KeyedCaller, WholeList,
    payments::{OfOrder, check_payer},
    views::RequestView,
};
use crate::{say, service::Service, store::StepMetadata};

#[derive(Deserialize, ToSchema)]
#[schema(as = RefundForm)]
pub struct RefundForm {
    #[serde(default)]
    order_id: Option<OrderId>,
    /// Instead of the order.
    #[serde(default)]
    payment_id: Option<Uuid>,
    amount: Amount,
    reason: String,
}

/// `POST /api/v1/refunds`.
pub async fn ask(
    State(service): State<Service>,
    sender: KeyedCaller,
    Json(form): Json<RefundForm>,
) -> Result<CreatedJson<RequestView>, Problem> {
    sender.caller.require_role(Role::Customer)?;
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
    let order = service.fetch_order(order_id).await?;
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
pub async fn refund_requests(
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
