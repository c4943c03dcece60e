//! The order service's check before it refuses an edge's start for lack of funds
//! [ASK_BEFORE_REFUSING].

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use custody::{FundsAnswer, FundsQuestion};
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::FromService,
};
use wire::Code;

use crate::service::Service;

/// Each order may need an adapter query; the order service sends fewer at a time.
const ORDERS_MAX: usize = 200;

/// Proves that the caller is the order service.
pub struct FromOrders;

impl FromRequestParts<Service> for FromOrders {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let FromService(from) = FromService::from_request_parts(parts, service).await?;
        if from == CloudPart::Order.name() { Ok(Self) } else { Err(Code::RoleForbidden.into()) }
    }
}

/// Returns the latest event about each order's money, after querying the adapter about open
/// payments.
pub async fn funds(
    State(service): State<Service>,
    _: FromOrders,
    Json(FundsQuestion { orders }): Json<FundsQuestion>,
) -> Result<Json<FundsAnswer>, Problem> {
    if orders.len() > ORDERS_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    let mut words = Vec::with_capacity(orders.len());
    for order in orders {
        words.extend(service.last_word(order).await?);
    }
    Ok(Json(FundsAnswer { words }))
}
