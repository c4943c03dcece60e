//! The second job: accepted, started and completed at an edge without a link.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use wire::{
    ChecksumState, Code, CommandBody, LinkState, OrderId, OrderStatus, OutcomeKind, PaymentStatus,
    Verdict,
};

use super::{REGION, SOON, Story};
use crate::fact::{Fact, fact};

impl Story {
    pub(super) async fn publish_again(&mut self) -> Result<Vec<Fact>> {
        let path = format!("/api/v1/admin/assignments/{REGION}");
        let record: Value = self.get(&self.admin, &path).await?;
        self.rules = Some(record["rules"].clone());
        let mut rules = record["rules"].clone();
        // The job's price.
        rules["unpaid_start_max"] = json!({ "price_max": "200.00" });
        self.set_rules(rules).await?;
        let order = self
            .api
            .publish(&self.customer, REGION, "Broken lamp 灯坏了")
            .await?
            .order_id;
        self.second = Some(order);
        let done = self.api.act(&self.admin, order, "approve").await?;
        // The feed delivers the rules before the order.
        let on_board = self.open_on_board(order).await?;
        Ok(vec![
            fact("it is open", OrderStatus::Pending, done.status),
            fact(
                "the edge's board shows it open",
                OrderStatus::Pending,
                on_board,
            ),
        ])
    }

    pub(super) async fn work_offline(&mut self) -> Result<Vec<Fact>> {
        let order_id = self.second()?;
        let mut facts = vec![fact(
            "the link is down",
            LinkState::Down,
            self.set_line(false).await?,
        )];
        for (body, status) in [
            (CommandBody::AcceptOrder { order_id }, OrderStatus::Accepted),
            (
                CommandBody::StartOrder {
                    order_id,
                    start_code: None,
                    photos: Vec::new(),
                },
                OrderStatus::InProgress,
            ),
            (
                CommandBody::CompleteOrder {
                    order_id,
                    note: None,
                    evidence: None,
                },
                OrderStatus::Completed,
            ),
        ] {
            let command = self.tablet.prepare(body);
            self.work.push(command);
            let reply = self.tablet.until_stored(command, SOON).await?;
            let shown = reply.order.as_ref().map(|order| order.status);
            facts.extend([
                fact("the verdict", Verdict::Provisional, reply.verdict),
                fact("no doubt", None::<Code>, reply.code),
                fact(
                    "a receipt for it",
                    command,
                    reply.receipt.map(|r| r.command_id),
                ),
                fact("the order at the edge", status, shown),
            ]);
        }
        let there = self.api.order(&self.customer, order_id).await?;
        facts.push(fact(
            "the cloud has heard nothing",
            OrderStatus::Pending,
            there.status,
        ));
        Ok(facts)
    }

    pub(super) async fn heal_again(&mut self) -> Result<Vec<Fact>> {
        let order = self.second()?;
        let mut facts = vec![fact(
            "the link is up",
            LinkState::Up,
            self.set_line(true).await?,
        )];
        for command in &self.work {
            let reply = self.tablet.until_decided(*command, SOON).await?;
            let outcome = reply
                .outcome
                .context("a decided reply carries its outcome")?;
            facts.push(fact("decided", OutcomeKind::Applied, outcome.kind));
        }
        let now = self.api.order(&self.customer, order).await?;
        facts.extend([
            fact("the work is done", OrderStatus::Completed, now.status),
            fact(
                "by the tablet's provider",
                self.offline.user_id,
                now.provider_id,
            ),
            fact(
                "nobody has paid yet",
                PaymentStatus::Unpaid,
                now.payment_status,
            ),
        ]);
        for kind in ["order.accepted", "order.completed"] {
            let customer = self.told(&self.customer, order, kind).await?;
            let provider = self.told(&self.offline, order, kind).await?;
            facts.push(fact(
                "lines: customer, provider",
                (1, 1),
                (customer, provider),
            ));
        }
        facts.push(fact(
            "checksums",
            ChecksumState::Match,
            self.agreed().await?,
        ));
        Ok(facts)
    }

    pub(super) async fn pay_afterwards(&mut self) -> Result<Vec<Fact>> {
        let order = self.second()?;
        let provider = self.offline.clone();
        let form = json!({ "order_id": order, "amount": "200.00" });
        let paid = self.post(&self.customer, "/api/v1/payments", form).await?;
        // Held, or already released if objections have no period.
        let has_come = |order: &wire::Order| order.payment_status != PaymentStatus::Unpaid;
        self.becomes(order, "the order shows its payment", has_come)
            .await?;
        let told = self
            .told(&self.customer, order, "payment.completed")
            .await?;
        let mut facts = vec![
            fact("it is paid", "completed", &paid["status"]),
            fact(
                "charged once",
                json!([["charge", "200.00"]]),
                self.charges(order).await?,
            ),
            fact("the customer is told", 1, told),
        ];
        facts.extend(self.reviewed(order, &provider, 5).await?);
        let (unread, lines) = self.unread(&self.customer).await?;
        facts.push(fact("the customer's counter", lines, unread));
        Ok(facts)
    }

    pub(super) async fn set_rules(&self, rules: Value) -> Result<()> {
        let path = format!("/api/v1/admin/assignments/{REGION}");
        let form = json!({ "rules": rules });
        let done = self
            .api
            .call::<Value>(Method::PUT, &path, Some(&self.admin), Some(form))
            .await;
        done.map(drop)
            .with_context(|| format!("could not set the rules of {REGION}"))
    }

    pub(super) fn second(&self) -> Result<OrderId> {
        self.second.context("no second job was published")
    }
}
