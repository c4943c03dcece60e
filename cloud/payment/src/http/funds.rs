//! The order service's check before it refuses an edge's start for lack of funds
//! [ASK_BEFORE_REFUSING].

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use custody::{FundsQuery, FundsReply};
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::ServiceCaller,
};
use wire::Code;

use crate::service::Service;

/// Each order may need an adapter query; the order service sends fewer at a time.
const ORDERS_MAX: usize = 200;

/// Proves that the caller is the order service.
pub struct OrderServiceCaller;

impl FromRequestParts<Service> for OrderServiceCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let ServiceCaller(from) = ServiceCaller::from_request_parts(parts, service).await?;
        if from == CloudPart::Order.name() {
            Ok(Self)
        } else {
            Err(Code::RoleForbidden.into())
        }
    }
}

/// Returns the latest event about each order's money, after querying the adapter about open
/// payments.
pub async fn answer_funds_query(
    State(service): State<Service>,
    _: OrderServiceCaller,
    Json(FundsQuery { orders }): Json<FundsQuery>,
) -> Result<Json<FundsReply>, Problem> {
    if orders.len() > ORDERS_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    let mut words = Vec::with_capacity(orders.len());
    for order in orders {
        words.extend(service.last_word(order).await?);
    }
    Ok(Json(FundsReply { words }))
}
