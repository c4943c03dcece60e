//! What a customer and a provider do about a job that is paid in advance.

use std::time::Duration;

use anyhow::{Context, Result};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use wire::{OrderId, PaymentStatus, Region};

use super::{
    act,
    jobs::{Fate, Jobs},
};
use crate::admin::GatewaySession;

const SOON: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

pub(super) struct PaidJob {
    pub order_id: OrderId,
    pub price: Value,
    pub fate: Fate,
}

#[derive(Deserialize)]
struct PaidOrder {
    payment_status: PaymentStatus,
}

pub(super) async fn accept_and_pay(
    customer: &GatewaySession,
    provider: &GatewaySession,
    paid: &[PaidJob],
) -> Result<()> {
    for PaidJob {
        order_id, price, ..
    } in paid
    {
        act(provider, *order_id, "accept", &json!({})).await?;
        let payment = json!({ "order_id": order_id, "amount": price });
        let begun = customer.post::<Value>("/api/v1/payments", &payment).await;
        begun.context("could not pay a job")?;
    }
    for job in paid {
        wait_until_held(customer, job.order_id).await?;
    }
    Ok(())
}

pub(super) async fn do_in_portal(
    customer: &GatewaySession,
    provider: &GatewaySession,
    jobs: &Jobs,
    region: Region,
    paid: &[PaidJob],
) -> Result<()> {
    accept_and_pay(customer, provider, paid).await?;
    for PaidJob { order_id, fate, .. } in paid {
        match fate {
            Fate::Reviewed => {
                act(provider, *order_id, "start", &json!({})).await?;
                act(provider, *order_id, "complete", &json!({})).await?;
                review(customer, provider, *order_id, jobs, region).await?;
            }
            Fate::Objected => {
                act(provider, *order_id, "start", &json!({})).await?;
                object(customer, *order_id, jobs, region).await?;
                act(provider, *order_id, "complete", &json!({})).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The adapter takes a moment to collect the money.
async fn wait_until_held(customer: &GatewaySession, order: OrderId) -> Result<()> {
    let path = format!("/api/v1/orders/{order}");
    let looking = async {
        loop {
            let shown: PaidOrder = customer.get(&path).await?;
            if shown.payment_status == PaymentStatus::Held {
                return anyhow::Ok(());
            }
            sleep(BETWEEN_LOOKS).await;
        }
    };
    timeout(SOON, looking)
        .await
        .context("the money for a job was not held in time")?
}

async fn review(
    customer: &GatewaySession,
    provider: &GatewaySession,
    order: OrderId,
    jobs: &Jobs,
    region: Region,
) -> Result<()> {
    let words = jobs.review_of(region);
    let form = json!({ "order_id": order, "rating": words.rating, "comment": words.comment });
    let review: Value = customer
        .post("/api/v1/reviews", &form)
        .await
        .context("could not review a job")?;
    let id = review["id"].as_str().context("a review has an id")?;
    let reply = json!({ "text": words.reply });
    let replied = provider
        .put::<Value>(&format!("/api/v1/reviews/{id}/reply"), &reply)
        .await;
    replied.context("could not reply to a review").map(drop)
}

/// Before the completion: the money may be the provider's at once after it. The payment service
/// learns of the start by an event.
async fn object(
    customer: &GatewaySession,
    order: OrderId,
    jobs: &Jobs,
    region: Region,
) -> Result<()> {
    let words = jobs.objection_of(region);
    let form = json!({ "order_id": order, "amount": words.refund, "reason": words.reason });
    let asking = async {
        loop {
            let asked = customer.post::<Value>("/api/v1/refunds", &form).await;
            match asked {
                Err(error) if error.status == Some(StatusCode::CONFLICT.as_u16()) => {
                    sleep(BETWEEN_LOOKS).await;
                }
                asked => return asked.map(drop),
            }
        }
    };
    timeout(SOON, asking)
        .await
        .context("a refund could not be asked for in time")?
        .context("could not ask for a refund")
}
