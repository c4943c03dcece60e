//! Work goes on while RabbitMQ is away: orders are taken, approved and accepted at once. Everybody
//! concerned hears of it once, when the broker is back.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, time::Duration};

use stack::{Layout, Part, Server, Stack, Stores, Wishes};
use support::{Api, Person, eventually};
use wire::{OrderId, OrderStatus, Region, Role};

const ORDERS: usize = 10;
const TOLD_WITHIN: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_taken_while_the_broker_is_away_and_told_when_it_is_back() {
    let layout = Layout::temporary(Stores::Real).unwrap();
    let stack = Stack::start(layout, &Wishes::of_few_people()).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let admin = stack.sign_ins().into_iter().find(|person| person.role == Role::Admin).unwrap();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let provider = api.newcomer(Role::Provider).await.unwrap();

    stack.kill9(Part::Server(Server::RabbitMq)).await.unwrap();
    let mut orders = Vec::new();
    for n in 0..ORDERS {
        let published = api.publish(&customer, Region::South, &format!("Job {n}")).await.unwrap();
        api.act(&admin, published.order_id, "approve").await.unwrap();
        let accepted = api.act(&provider, published.order_id, "accept").await.unwrap();
        assert_eq!(accepted.status, OrderStatus::Accepted);
        orders.push(published.order_id);
    }
    assert_eq!(told(&api, &customer).await.unwrap(), BTreeMap::new(), "nobody could be told yet");

    stack.restart(Part::Server(Server::RabbitMq)).await.unwrap();
    let kinds = ["order.accepted", "order.approved", "order.created"];
    let expected: BTreeMap<_, _> =
        orders.iter().flat_map(|order| kinds.map(|kind| ((*order, kind.to_owned()), 1))).collect();
    let lines = eventually("everything is told", TOLD_WITHIN, async || {
        let lines = told(&api, &customer).await?;
        (lines.len() >= expected.len()).then_some(lines)
    })
    .await;
    assert_eq!(lines, expected, "each once");
    stack.stop().await.unwrap();
}

/// How many lines of each kind the person has about each order.
async fn told(api: &Api, person: &Person) -> Option<BTreeMap<(OrderId, String), usize>> {
    let mut lines = BTreeMap::new();
    for line in api.inbox(person).await.ok()? {
        *lines.entry((line.order_id?, line.kind)).or_default() += 1;
    }
    Some(lines)
}
