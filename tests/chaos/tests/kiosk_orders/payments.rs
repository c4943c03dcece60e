//! The payments after healing: who can still pay, what was charged and given back, and whether the
//! books agree. Work that the cloud refused goes on once it is paid.

use http::Method;
use serde_json::{Value, json};
use support::eventually;
use wire::{Code, OrderStatus};

use crate::{LIMIT, order::KioskOrder, plan::Path, scene::Scene};

impl Scene {
    /// Finished work can be paid for once, and a cancelled order not at all.
    pub(crate) async fn check_payments(&self, orders: &[KioskOrder]) {
        let each: Vec<_> = orders.iter().collect();
        self.in_parallel(each, async |order| {
            let path = order.plan.path;
            let form = json!({ "order_id": order.id, "amount": order.plan.price });
            let refused = match (path.status_in_cloud(), path.is_paid()) {
                (_, true) if path == Path::PaidAndWorked => Some(Code::AlreadyPaid),
                (OrderStatus::Cancelled, _) => Some(Code::OrderNotPayable),
                _ => None,
            };
            if refused.is_some() {
                let code = self
                    .refused(self.customer(), "/api/v1/payments", form)
                    .await;
                assert_eq!(code, refused, "{}", order.describe());
            } else {
                self.pay_for(order).await;
            }
        })
        .await;
    }

    /// The work that lacked its payment is done again, at the portal.
    pub(crate) async fn end_unpaid_orders(&self, orders: &[KioskOrder]) {
        let unpaid = orders
            .iter()
            .filter(|order| order.plan.path.waits_for_payment());
        for order in unpaid {
            let provider = self.provider_of(order);
            for action in ["start", "complete"] {
                self.api.act(provider, order.id, action).await.unwrap();
            }
            let seen = self.api.order(&self.admin, order.id).await.unwrap();
            assert_eq!(seen.status, OrderStatus::Completed, "{}", order.describe());
        }
    }

    /// Each order was charged at most once, refunded if it was cancelled, and all books agree.
    pub(crate) async fn check_books(&self, orders: &[KioskOrder]) {
        for order in orders {
            let price = order.plan.price;
            let expected = match order.plan.path {
                Path::PaidAndCancelled => vec![json!(price), json!(format!("-{price}"))],
                path if path.status_in_cloud() == OrderStatus::Cancelled => Vec::new(),
                _ => vec![json!(price)],
            };
            let path = format!("/api/v1/orders/{}/statement", order.id);
            let customer = Some(self.customer());
            let statement: Value = self
                .api
                .call(Method::GET, &path, customer, None)
                .await
                .unwrap();
            let lines = statement["items"].as_array().unwrap().iter();
            let amounts: Vec<Value> = lines.map(|line| line["amount"].clone()).collect();
            assert_eq!(amounts, expected, "{}: {statement}", order.describe());
        }
        eventually("orders, payments and books agree", LIMIT, async || {
            let path = "/api/v1/payments/reconciliation";
            let report: Value = self
                .api
                .call(Method::GET, path, Some(&self.admin), None)
                .await
                .ok()?;
            (report["differences"] == json!([]) && report["waiting"] == json!([])).then_some(())
        })
        .await;
    }
}
