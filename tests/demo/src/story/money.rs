//! The first job from payment to payout.

use anyhow::{Context, Result};
use process::clock::Clock;
use serde_json::{Value, json};
use support::{Person, within};
use wire::{CommandId, OrderId, OrderStatus, PaymentStatus};

use super::{SOON, Story};
use crate::fact::{Fact, fact};

/// The provider's share of the price, after the platform's tenth.
const REST: &str = "180.00";
const NOTHING: &str = "0.00";

impl Story {
    pub(super) async fn pay(&mut self) -> Result<Vec<Fact>> {
        let order = self.order()?.id;
        let form = json!({ "order_id": order, "amount": "200.00" });
        let key = CommandId(Clock::system().new_id());
        let click = async || {
            self.api
                .keyed::<Value>(key, &self.customer, "/api/v1/payments", &form)
                .await
        };
        let (first, second) = tokio::try_join!(click(), click())?;
        let is_held = |order: &wire::Order| order.payment_status == PaymentStatus::Held;
        let held = self
            .becomes(order, "the order shows its payment", is_held)
            .await?;
        let customer = self
            .told(&self.customer, order, "payment.completed")
            .await?;
        let provider = self
            .told(&self.online, order, "order.status_changed")
            .await?;
        let (unread, lines) = self.unread(&self.online).await?;
        Ok(vec![
            fact("it is paid", "completed", &first["status"]),
            fact("both clicks are one payment", &first["id"], &second["id"]),
            fact(
                "the money is held",
                PaymentStatus::Held,
                held.payment_status,
            ),
            fact(
                "charged once",
                json!([["charge", "200.00"]]),
                self.charges(order).await?,
            ),
            fact("lines: customer, provider", (1, 1), (customer, provider)),
            fact("the provider's counter", lines, unread),
        ])
    }

    pub(super) async fn work(&mut self) -> Result<Vec<Fact>> {
        let order = self.order()?.id;
        let started = self.api.act(&self.online, order, "start").await?;
        let done = self.api.act(&self.online, order, "complete").await?;
        let customer = self.told(&self.customer, order, "order.completed").await?;
        let provider = self.told(&self.online, order, "order.completed").await?;
        let jobs = self
            .shown(&self.online, "completed_orders", &json!(1))
            .await?;
        Ok(vec![
            fact("it begins", OrderStatus::InProgress, started.status),
            fact("it is done", OrderStatus::Completed, done.status),
            fact("lines: customer, provider", (1, 1), (customer, provider)),
            fact("the profile counts the job", 1, jobs),
        ])
    }

    pub(super) async fn review(&mut self) -> Result<Vec<Fact>> {
        let order = self.order()?.id;
        let provider = self.online.clone();
        self.reviewed(order, &provider, 4).await
    }

    pub(super) async fn pay_out(&mut self) -> Result<Vec<Fact>> {
        let first = self.order()?.id;
        let second = self.second()?;
        let mut facts = Vec::new();
        for (order, provider) in [(first, &self.online), (second, &self.offline)] {
            let is_paid = |order: &wire::Order| order.payment_status == PaymentStatus::Paid;
            let paid = self
                .becomes(order, "the order is paid for good", is_paid)
                .await?;
            let lines = self.paid_out(provider).await?;
            let told = self.told(provider, order, "payment.released").await?;
            facts.extend([
                fact(
                    "the order is paid",
                    PaymentStatus::Paid,
                    paid.payment_status,
                ),
                fact(
                    "released and sent",
                    [["payout", REST], ["release", "-180.00"]],
                    lines,
                ),
                fact(
                    "the balance",
                    [NOTHING, NOTHING],
                    self.balance(provider).await?,
                ),
                fact("the provider is told", 1, told),
                fact("the order's postings add up", 0, self.sum(order).await?),
            ]);
        }
        let differences = within("orders, books and adapter agree", SOON, async || {
            let path = "/api/v1/payments/reconciliation";
            let report: Value = self.get(&self.admin, path).await.ok()?;
            let about = |item: &Value| {
                let text = item.to_string();
                text.contains(&first.to_string()) || text.contains(&second.to_string())
            };
            let found = report["differences"]
                .as_array()?
                .iter()
                .filter(|item| about(item))
                .count();
            let waits = report["waiting"].as_array()?.iter().any(about);
            (!waits).then_some(found)
        });
        facts.push(fact(
            "differences of orders, books and adapter",
            0,
            differences.await?,
        ));
        Ok(facts)
    }

    /// Reviews the work. Returns facts on the review and the resulting rating.
    pub(super) async fn reviewed(
        &self,
        order: OrderId,
        provider: &Person,
        stars: i64,
    ) -> Result<Vec<Fact>> {
        let form = json!({ "order_id": order, "rating": stars, "comment": "很准时, and tidy" });
        let review = self.post(&self.customer, "/api/v1/reviews", form).await?;
        let is_reviewed = |order: &wire::Order| order.status == OrderStatus::Reviewed;
        let done = self
            .becomes(order, "the order is reviewed", is_reviewed)
            .await?;
        let told = self.told(provider, order, "review.created").await?;
        let hundredths = self
            .shown(provider, "rating_hundredths", &json!(stars * 100))
            .await?;
        let path = format!("/api/v1/providers/{}/rating", provider.user_id);
        let rating: Value = self.get(&self.customer, &path).await?;
        Ok(vec![
            fact("its stars", stars, &review["rating"]),
            fact("the order is reviewed", OrderStatus::Reviewed, done.status),
            fact("the provider is told", 1, told),
            fact("the profile's rating", stars * 100, hundredths),
            fact(
                "the average",
                f64::from(i32::try_from(stars)?),
                &rating["average_rating"],
            ),
        ])
    }

    /// The charges in the customer's statement for an order. A release may follow at once.
    pub(super) async fn charges(&self, order: OrderId) -> Result<Vec<Value>> {
        let path = format!("/api/v1/orders/{order}/statement");
        let statement: Value = self.get(&self.customer, &path).await?;
        let mut lines = lines(&statement);
        lines.retain(|line| line[0] == "charge");
        Ok(lines)
    }

    /// Waits until a number in the person's profile is as expected. Returns it.
    async fn shown(&self, person: &Person, field: &str, expected: &Value) -> Result<Value> {
        let seen = within("the profile follows", SOON, async || {
            let profile: Value = self.get(person, "/api/v1/users/me/profile").await.ok()?;
            (&profile[field] == expected).then(|| profile[field].clone())
        });
        Ok(seen.await?)
    }

    /// Waits until the whole balance is sent. Returns the provider's statement, newest line first.
    async fn paid_out(&self, provider: &Person) -> Result<Vec<Value>> {
        let seen = within("the payout is sent", SOON, async || {
            let statement: Value = self.get(provider, "/api/v1/statements").await.ok()?;
            let lines = lines(&statement);
            (lines.len() > 1 && self.balance(provider).await.ok()?[1] == NOTHING).then_some(lines)
        });
        Ok(seen.await?)
    }

    /// The amounts available for a payout and in transit.
    async fn balance(&self, provider: &Person) -> Result<[Value; 2]> {
        let earnings: Value = self.get(provider, "/api/v1/earnings").await?;
        let own = earnings["items"].get(0).context("no earnings")?;
        Ok([own["available"].clone(), own["sending"].clone()])
    }

    /// The sum of an order's postings, in hundredths.
    async fn sum(&self, order: OrderId) -> Result<i64> {
        let path = format!("/api/v1/orders/{order}/statement");
        let statement: Value = self.get(&self.admin, &path).await?;
        let items = statement["items"]
            .as_array()
            .context("a statement has lines")?;
        let amounts = items.iter().filter_map(|line| line["amount"].as_str());
        amounts
            .map(|amount| Ok(amount.replace('.', "").parse::<i64>()?))
            .sum()
    }
}

fn lines(statement: &Value) -> Vec<Value> {
    let items = statement["items"].as_array().into_iter().flatten();
    items
        .map(|line| json!([line["action"], line["amount"]]))
        .collect()
}
