//! Payments of customers.

use axum::{
    extract::State,
    http::{HeaderName, header},
};
use custody::PaymentRequest;
use process::{
    problem::{CreatedJson, Json, Path, Problem, Query},
    tokens::Caller,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Actor, Amount, Code, Currency, OrderId, Role, UserId};

use super::{
    KeyedCaller, WholeList, methods,
    views::{MoneyId, PaymentView},
};
use crate::{say, service::Service, store::StepMetadata};

#[derive(Deserialize, ToSchema)]
#[schema(as = PaymentForm)]
pub struct PaymentForm {
    order_id: OrderId,
    amount: Amount,
    /// Defaults to the order's currency.
    #[serde(default)]
    currency: Option<Currency>,
    /// The adapter's token of the payment method. Defaults to the customer's default, else to the
    /// adapter's usual one.
    #[serde(default)]
    payment_method: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct OfOrder {
    pub order_id: OrderId,
}

/// `POST /api/v1/payments`.
pub async fn pay(
    State(service): State<Service>,
    sender: KeyedCaller,
    Json(form): Json<PaymentForm>,
) -> Result<([(HeaderName, String); 1], CreatedJson<PaymentView>), Problem> {
    sender.caller.require_role(Role::Customer)?;
    let by = sender.caller.actor.user_id;
    let PaymentForm {
        order_id,
        amount,
        currency,
        payment_method,
    } = form;
    let adapter = &service.worker.adapter;
    let method = match payment_method {
        Some(named) => named,
        None => methods::choose_default_method(&service, by).await?,
    };
    if !adapter.accepts_method(&method) {
        return Err(Problem::wrong_field("payment_method", say::method_unknown));
    }
    let order = service.fetch_order(order_id).await?;
    if order.customer_id != by {
        return Err(Code::OrderNotFound.into());
    }
    let currency = currency.unwrap_or(order.currency);
    if !adapter.takes_currency(currency) {
        return Err(Problem::wrong_field(
            "payment_method",
            say::currency_unpayable,
        ));
    }
    let wish = PaymentRequest {
        by,
        amount_minor: amount.minor_units(),
        currency,
    };
    let key = sender.keyed_request("pay", amount);
    let note = StepMetadata {
        method: Some(method),
        request: key,
        ..StepMetadata::default()
    };
    let movement = service.pay_order(order_id, wish, &note).await?;
    let row = match movement {
        Some(id) => service.store.find_payment(id.0).await?,
        None => None,
    };
    let view = PaymentView::from_row(row.ok_or(Code::Internal)?, adapter)?;
    let place = [(header::LOCATION, format!("/api/v1/payments/{}", view.id()))];
    Ok((place, CreatedJson(view)))
}

/// `GET /api/v1/payments?order_id=`.
pub async fn payments(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(OfOrder { order_id }): Query<OfOrder>,
) -> Result<Json<WholeList<PaymentView>>, Problem> {
    check_payer(&service, actor, order_id).await?;
    let adapter = &service.worker.adapter;
    let rows = service.store.payments_of(order_id).await?;
    let items = rows
        .into_iter()
        .map(|row| PaymentView::from_row(row, adapter))
        .collect::<Result<_, _>>()?;
    Ok(Json(WholeList { items }))
}

/// `GET /api/v1/payments/{id}`.
pub async fn payment(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Path(MoneyId(id)): Path<MoneyId>,
) -> Result<Json<PaymentView>, Problem> {
    let row = service.store.find_payment(id).await?;
    let row = row
        .filter(|row| is_payer(actor, row.customer_id))
        .ok_or(Code::NotFound)?;
    Ok(Json(PaymentView::from_row(row, &service.worker.adapter)?))
}

/// Only the order's customer and admins can see payments.
pub async fn check_payer(service: &Service, actor: Actor, order: OrderId) -> Result<(), Problem> {
    let parties = service.find_parties(order).await?;
    if is_payer(actor, parties.customer) {
        Ok(())
    } else {
        Err(Code::OrderNotFound.into())
    }
}

fn is_payer(actor: Actor, customer: UserId) -> bool {
    match actor.role {
        Role::Admin => true,
        Role::Customer => customer == actor.user_id,
        Role::Provider => false,
    }
}
