//! Follows an order by its receipt: a kiosk publishes for many people under one account, so the
//! secret on the receipt decides which of the account's orders is shown.
//!
//! Invariant: a wrong secret, a wrong code and a missing order get the same response, and no
//! response has an address.

use axum::extract::State;
use http::HeaderMap;
use process::problem::{Json, Problem, log_fault};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Code, Order, OrderCode, ReceiptSecret};

use super::{EdgeApiState, admit_reader};
use crate::store::BoardItem;

#[derive(Deserialize, ToSchema)]
pub(super) struct ReceiptQuestion {
    code: String,
    secret: String,
}

pub(super) async fn follow(
    State(state): State<EdgeApiState>,
    headers: HeaderMap,
    Json(ReceiptQuestion { code, secret }): Json<ReceiptQuestion>,
) -> Result<Json<BoardItem>, Problem> {
    let reader = admit_reader(&state, &headers)?;
    let code = OrderCode::parse(&code).ok_or(Code::OrderNotFound)?;
    let secret = ReceiptSecret::parse(&secret).ok_or(Code::OrderNotFound)?;
    let found = state
        .boards
        .find_order(reader, &code, &secret)
        .await
        .map_err(|error| log_fault("Could not read the board", error))?;
    let BoardItem { order, pending } = found.ok_or(Code::OrderNotFound)?;
    let order = Order {
        address: String::new(),
        ..order
    };
    Ok(Json(BoardItem { order, pending }))
}
