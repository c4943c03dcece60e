//! Asks the payment service before an edge's start is refused for funds [ASK_BEFORE_REFUSING]: the
//! customer may have paid while the edge was cut off, and the word of it may be on its way, or the
//! adapter may not have been asked since.
//!
//! Invariant: while the payment service cannot be asked, nothing of that run is decided. Its edge's
//! log waits with it, as it waits for this service.

use axum::http::Method;
use custody::{FundsAnswer, FundsQuestion};
use process::{
    parts::CloudPart,
    problem::{Problem, chain, fault},
};
use wire::{Code, OrderId, PaymentEvent};

use crate::service::Service;

const PATH: &str = "/internal/funds";
/// Orders of one question.
const BATCH: usize = 50;

/// Takes the last word about the money of each, as though it had come by event.
pub async fn ask(service: &Service, orders: &[OrderId]) -> Result<(), Problem> {
    let token = service.verifier.token_for(CloudPart::Payment.name());
    for orders in orders.chunks(BATCH) {
        let asked = FundsQuestion { orders: orders.to_vec() };
        let answer = service.payment.json(Method::POST, PATH, Some(&token), Some(&asked)).await;
        let FundsAnswer { words } = answer.map_err(|error| {
            tracing::warn!(
                cause = chain(&error),
                "The payment service cannot be asked; a start waits"
            );
            Problem::new(Code::Unavailable).retry_after(1)
        })?;
        for word in words {
            let told: PaymentEvent = serde_json::from_value(word.body.clone())
                .map_err(|error| fault("Could not read a word about money", error))?;
            service.store.take_money(&word, &told).await?;
        }
    }
    Ok(())
}
