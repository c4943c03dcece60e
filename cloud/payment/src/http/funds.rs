//! The question of the order service before it refuses an edge's start for funds
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

/// Each may be asked about at the adapter; the order service asks for fewer at a time.
const ORDERS_MAX: usize = 200;

/// The caller is the order service.
pub struct FromOrders;

impl FromRequestParts<Service> for FromOrders {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let FromService(from) = FromService::from_request_parts(parts, service).await?;
        if from == CloudPart::Order.name() { Ok(Self) } else { Err(Code::RoleForbidden.into()) }
    }
}

/// The last words about the money of these orders; an open payment is asked about first.
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
