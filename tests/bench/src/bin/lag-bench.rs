//! Measures two lags while orders arrive at a steady pace: from `payment.completed` to an order
//! that shows its money as held, and from `order.approved` to the live stream of a matched
//! provider.
//!
//! Both ends of a lag come from the same machine clock: the event's timestamp, and the time in the
//! order's history or at the reader of the stream.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use http::Method;
use process::{client::Client, clock::Clock, sse::EventReader};
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Person};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};
use wire::{OrderId, PaymentStatus, Region, Role, ServiceType, UnixMillis};

/// Customers take turns, to stay below the per-person limits.
const CUSTOMERS: usize = 16;
/// Approvals and payments per second, each for a prepared order.
const PROBES_PER_SECOND: u32 = 10;
/// Limit on concurrent requests. At the limit the pace drops, and the result reports it.
const UNDER_WAY_MAX: usize = 256;
const PREPARED_AT_ONCE: usize = 8;
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);
const PROFILE: &str = "/api/v1/users/me/profile";

#[derive(Parser)]
#[command(
    name = "lag-bench",
    about = "Measure what people wait for while orders come"
)]
struct Arguments {
    /// Orders published per second
    #[arg(long, default_value_t = 200)]
    per_second: u32,
    #[arg(long, default_value_t = 30)]
    seconds: u32,
}

struct Scene {
    api: Api,
    admin: Person,
    customers: Vec<Person>,
    provider: Person,
}

/// Orders prepared for their measurement.
struct Prepared {
    to_approve: Vec<OrderId>,
    to_pay: Vec<OrderId>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let stack = Stack::start(Layout::temporary(Stores::Real)?, &Wishes::of_few_people()).await?;
    let measured = measure(&stack, &arguments).await;
    stack.stop().await?;
    measured
}

async fn measure(stack: &Stack, arguments: &Arguments) -> Result<()> {
    let scene = Scene::new(stack).await?;
    let prepared = scene
        .prepared(PROBES_PER_SECOND * arguments.seconds)
        .await?;
    let expected = prepared.to_approve.len();
    let stream = scene.stream(stack).await?;
    let mut reading = JoinSet::new();
    reading.spawn(lags_of_stream(stream, prepared.to_approve.clone()));
    let (load, (), payments) = tokio::try_join!(
        scene.publishes(arguments),
        scene.approves(&prepared.to_approve),
        scene.pays(&prepared.to_pay),
    )?;
    let streamed = reading
        .join_next()
        .await
        .context("the stream is read")???;
    ensure!(
        streamed.len() == expected,
        "{} of {expected} notices came",
        streamed.len()
    );
    let held = scene.lags_of_custody(&payments).await?;
    println!("load:                               {load:>7.1} orders/s published");
    told("payment.completed to held", held);
    told("order.approved to the live stream", streamed);
    Ok(())
}

fn told(what: &str, mut lags_ms: Vec<i64>) {
    lags_ms.sort_unstable();
    let at = |percent: usize| lags_ms[(lags_ms.len() * percent / 100).min(lags_ms.len() - 1)];
    println!(
        "{what:<35} p50 {:>6} ms, p99 {:>6} ms, most {:>6} ms, of {}",
        at(50),
        at(99),
        at(100),
        lags_ms.len()
    );
}

impl Scene {
    async fn new(stack: &Stack) -> Result<Self> {
        let api = Api::new(stack.layout().gateway_url());
        let admin = stack
            .sign_ins()
            .into_iter()
            .find(|person| person.role == Role::Admin);
        let admin = admin.context("there is an admin")?;
        let admin = api.sign_in(&admin.username, &admin.password).await?;
        let mut customers = Vec::new();
        for _ in 0..CUSTOMERS {
            customers.push(api.newcomer(Role::Customer).await?);
        }
        let provider = api.provider(&admin).await?;
        let own: Value = api
            .call(Method::GET, PROFILE, Some(&provider), None)
            .await?;
        let form = json!({
            "version": own["version"], "full_name": "Li Si", "phone_number": "+8613800138000",
            "service_areas": [Region::North], "service_categories": ServiceType::ALL,
        });
        let _: Value = api
            .call(Method::PUT, PROFILE, Some(&provider), Some(form))
            .await?;
        Ok(Self {
            api,
            admin,
            customers,
            provider,
        })
    }

    fn customer(&self, n: usize) -> &Person {
        &self.customers[n % self.customers.len()]
    }

    /// Prepares orders with a provider in a region without streams, so they disturb none, and
    /// orders of NORTH that wait for approval.
    async fn prepared(&self, count: u32) -> Result<Prepared> {
        let mut to_approve = Vec::new();
        let mut to_pay = Vec::new();
        let mut making = JoinSet::new();
        for n in 0..count.try_into()? {
            while making.len() >= PREPARED_AT_ONCE {
                take(&mut making, &mut to_approve, &mut to_pay).await?;
            }
            let api = self.api.clone();
            let customer = self.customer(n).clone();
            let admin = self.admin.clone();
            let provider = self.provider.clone();
            making.spawn(async move {
                let open = api
                    .publish(&customer, Region::North, "Mend the tap")
                    .await?
                    .order_id;
                let due = api
                    .publish(&customer, Region::West, "Mend the lamp")
                    .await?
                    .order_id;
                api.act(&admin, due, "approve").await?;
                api.act(&provider, due, "accept").await?;
                anyhow::Ok((n, open, due))
            });
        }
        while !making.is_empty() {
            take(&mut making, &mut to_approve, &mut to_pay).await?;
        }
        // Each customer must pay for their order, so restore the sequence.
        to_pay.sort_unstable();
        let to_approve = to_approve.into_iter().map(|(_, order)| order).collect();
        Ok(Prepared {
            to_approve,
            to_pay: to_pay.into_iter().map(|(_, order)| order).collect(),
        })
    }

    /// The achieved orders per second.
    async fn publishes(&self, arguments: &Arguments) -> Result<f64> {
        let clock = Clock::system();
        let mut sent = JoinSet::new();
        let started = clock.elapsed();
        let mut pace = interval(Duration::from_secs(1) / arguments.per_second.max(1));
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let count = arguments.per_second * arguments.seconds;
        for n in 0..count.try_into()? {
            pace.tick().await;
            while sent.len() >= UNDER_WAY_MAX {
                sent.join_next()
                    .await
                    .context("requests are under way")???;
            }
            let api = self.api.clone();
            let customer = self.customer(n).clone();
            sent.spawn(async move {
                api.publish(&customer, Region::South, "Paint a wall")
                    .await
                    .map(drop)
            });
        }
        while let Some(done) = sent.join_next().await {
            done??;
        }
        Ok(f64::from(count) / (clock.elapsed() - started).as_secs_f64())
    }

    async fn approves(&self, orders: &[OrderId]) -> Result<()> {
        let mut pace = interval(Duration::from_secs(1) / PROBES_PER_SECOND);
        for order in orders {
            pace.tick().await;
            self.api.act(&self.admin, *order, "approve").await?;
        }
        Ok(())
    }

    /// The completion time of each payment.
    async fn pays(&self, orders: &[OrderId]) -> Result<Vec<(usize, OrderId, UnixMillis)>> {
        let mut pace = interval(Duration::from_secs(1) / PROBES_PER_SECOND);
        let mut paid = Vec::new();
        for (n, order) in orders.iter().enumerate() {
            pace.tick().await;
            let form = json!({ "order_id": order, "amount": "200.00" });
            let customer = Some(self.customer(n));
            let path = "/api/v1/payments";
            let payment: Value = self
                .api
                .call(Method::POST, path, customer, Some(form))
                .await?;
            ensure!(payment["status"] == "completed", "{payment}");
            paid.push((
                n,
                *order,
                serde_json::from_value(payment["updated_at"].clone())?,
            ));
        }
        Ok(paid)
    }

    async fn lags_of_custody(&self, paid: &[(usize, OrderId, UnixMillis)]) -> Result<Vec<i64>> {
        let mut lags = Vec::new();
        for (n, order, completed_at) in paid {
            let shown =
                support::within("the order shows its payment", ARRIVES_WITHIN, async || {
                    let history = self.api.timeline(self.customer(*n), *order).await.ok()?;
                    let is_held = Some(PaymentStatus::Held);
                    let line = history
                        .into_iter()
                        .find(|line| line.payment_status == is_held)?;
                    line.hops.cloud_at
                });
            lags.push(shown.await?.ms_since(*completed_at));
        }
        Ok(lags)
    }

    async fn stream(&self, stack: &Stack) -> Result<EventReader> {
        let asked = http::Request::get(format!("{}/api/v1/stream", stack.layout().gateway_url()))
            .header("authorization", format!("Bearer {}", self.provider.token));
        let answer = Client::new()
            .send_request(asked.body(String::new().into())?)
            .await?;
        ensure!(
            answer.status().is_success(),
            "the stream answered {}",
            answer.status()
        );
        Ok(EventReader::new(answer.into_body()))
    }
}

type Numbered = Vec<(usize, OrderId)>;

async fn take(
    making: &mut JoinSet<Result<(usize, OrderId, OrderId)>>,
    to_approve: &mut Numbered,
    to_pay: &mut Numbered,
) -> Result<()> {
    let (n, open, due) = making.join_next().await.context("orders are made")???;
    to_approve.push((n, open));
    to_pay.push((n, due));
    Ok(())
}

/// The lag of each approval's notice, until all have arrived.
async fn lags_of_stream(mut stream: EventReader, orders: Vec<OrderId>) -> Result<Vec<i64>> {
    let clock = Clock::system();
    let mut waiting = std::collections::BTreeSet::from_iter(orders);
    let mut lags = Vec::new();
    while !waiting.is_empty() {
        let message = timeout(ARRIVES_WITHIN, stream.next())
            .await
            .context("a notice is late")?;
        let message = message.context("the stream ended")?;
        let now = clock.now();
        let text = std::str::from_utf8(&message)?;
        let Some((_, data)) = text.split_once("event: notice\ndata: ") else {
            continue;
        };
        let notice: Value = serde_json::from_str(data.trim())?;
        let order: Option<OrderId> = serde_json::from_value(notice["order_id"].clone())?;
        if notice["type"] == "order.approved" && order.is_some_and(|order| waiting.remove(&order)) {
            let approved_at: UnixMillis = serde_json::from_value(notice["created_at"].clone())?;
            lags.push(now.ms_since(approved_at));
        }
    }
    Ok(lags)
}
