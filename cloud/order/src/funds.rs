//! Queries the payment service before an edge's start is refused for funds [ASK_BEFORE_REFUSING]:
//! the customer may have paid while the edge was disconnected, and the event may still be in
//! transit or the payment adapter not yet polled.
//!
//! Invariant: while the payment service is unreachable, the batch stays undecided. The edge's log
//! waits, as it does when this service is down.

use axum::http::Method;
use custody::{FundsQuery, FundsReply};
use process::{
    parts::CloudPart,
    problem::{Problem, format_error_chain, log_fault},
};
use wire::{Code, OrderId, PaymentEvent};

use crate::service::Service;

const PATH: &str = "/internal/funds";
/// Orders per request.
const BATCH: usize = 50;

/// Applies the latest payment state of each order as if it had arrived by event.
pub async fn pull_payment_events(service: &Service, orders: &[OrderId]) -> Result<(), Problem> {
    let token = service.verifier.token_for(CloudPart::Payment.name());
    for orders in orders.chunks(BATCH) {
        let asked = FundsQuery {
            orders: orders.to_vec(),
        };
        let answer = service
            .payment
            .call_json(Method::POST, PATH, Some(&token), Some(&asked))
            .await;
        let FundsReply { words } = answer.map_err(|error| {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not reach the payment service; the start is refused and can be retried"
            );
            Problem::new(Code::Unavailable).retry_after(1)
        })?;
        for word in words {
            let event: PaymentEvent =
                serde_json::from_value(word.body.clone()).map_err(|error| {
                    log_fault("Could not read an event of the payment service", error)
                })?;
            service.store.take_money(&word, &event).await?;
        }
    }
    Ok(())
}
