//! Cancels in the cloud while the region is cut off.

use http::Method;
use serde_json::{Value, json};
use wire::{OrderCode, OrderId, OrderStatus};

use crate::{order::KioskOrder, scene::Scene};

/// A cancel in the cloud: with the receipt's secret, or else in the name of the account.
pub(crate) struct CloudCancel {
    order: OrderId,
    code: OrderCode,
    secret: Option<String>,
}

impl CloudCancel {
    /// The cancels of these orders that the plan wants.
    pub(crate) fn list(known: &[KioskOrder]) -> Vec<Self> {
        let cancelled = known
            .iter()
            .filter(|order| order.plan.path.is_cancelled_in_cloud());
        cancelled
            .map(|order| Self {
                order: order.id,
                code: order.code.clone(),
                secret: Some(order.plan.secret.clone()).filter(|_| order.plan.number % 2 == 0),
            })
            .collect()
    }
}

impl Scene {
    /// The customers of these orders cancel them in the cloud, by their receipt or by the account.
    pub(crate) async fn cancel_in_cloud(&self, cancels: Vec<CloudCancel>) {
        self.in_parallel(cancels, async |cancel| {
            let CloudCancel {
                order,
                code,
                secret,
            } = cancel;
            match secret {
                Some(secret) => {
                    let path = format!("/api/v1/track/{code}/cancel");
                    let form = Some(json!({ "secret": secret }));
                    let shown: Value = self
                        .api
                        .call(Method::POST, &path, None, form)
                        .await
                        .unwrap();
                    assert_eq!(shown["status"], "cancelled", "{shown}");
                }
                None => {
                    let customer = self.customer();
                    let done = self.api.act(customer, order, "cancel").await.unwrap();
                    assert_eq!(done.status, OrderStatus::Cancelled);
                }
            }
        })
        .await;
    }
}
