//! An event is dropped between the order service and the hub, separate processes with RabbitMQ
//! between them: the comparison finds, repairs and counts it, and the operator can read about it.

use std::time::Duration;

use chaos::operator;
use platform::bus::Bus;
use process::parts::CloudPart;
use serde_json::Value;
use stack::{Layout, Part, Stack, Stores, Wishes};
use support::{Api, Operator, Person, eventually, test_servers};
use wire::{EventType, OrderId, OrderStatus, Region, Role};

const REGION: Region = Region::North;
const QUEUE: &str = "hub_feed";
/// The keys are the first change of every feed.
const ONLY_KEYS: u64 = 1;
/// An open order makes two changes: published and approved.
const UNTIL_OPEN: u64 = 2;
const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn an_event_thrown_away_before_the_hub_is_found_repaired_counted_and_named_by_status() {
    let layout = Layout::temporary(Stores::Real).unwrap();
    let wishes = Wishes::of_few_people().on(test_servers());
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let operator = operator(&stack).await;
    // The hub retries fetching the token keys until auth is up, and they make a change, too.
    let empty = eventually("the keys are the feed's only change", LIMIT, async || {
        let (_, report) = operator.gets("status").ok()?;
        (feed_seq(&report) == ONLY_KEYS).then_some(report)
    })
    .await;
    let (order, provider) = open_order(&stack, &api).await;
    // Otherwise the hub might receive the rest while it stops, which changes the count.
    eventually("the hub has heard of the order", LIMIT, async || {
        let heard = feed_seq(&operator.gets("status").ok()?.1) - feed_seq(&empty);
        (heard == UNTIL_OPEN).then_some(())
    })
    .await;
    stack.healthy(LIMIT).await.unwrap();
    assert_eq!(status(&operator, "status"), Some(0));
    let (_, before) = operator.gets("status").unwrap();
    assert_eq!(repaired(&before), 0, "nothing was lost yet");

    stack.terminate(Part::Alone(CloudPart::Hub)).await.unwrap();
    let accepted = api.act(&provider, order, "accept").await.unwrap();
    assert_eq!(accepted.status, OrderStatus::Accepted);
    throw_away(&stack, EventType::OrderAccepted).await;
    stack.restart(Part::Alone(CloudPart::Hub)).await.unwrap();
    // Edge and hub agree: neither received the event.
    stack.healthy(LIMIT).await.unwrap();
    let (_, unaware) = operator.gets("status").unwrap();
    let heard = feed_seq(&unaware) - feed_seq(&before);
    assert_eq!(
        heard,
        repaired(&unaware),
        "only a comparison by the clock could have told them"
    );

    let path = format!("/api/v1/admin/regions/{REGION}/comparison");
    let admin = stack.admin().await.unwrap();
    eventually("the event is found missing", LIMIT, async || {
        // An order is compared only after some seconds without a change.
        let _found: Value = admin.post(&path, &Value::Null).await.ok()?;
        (repaired(&operator.gets("status").ok()?.1) == 1).then_some(())
    })
    .await;
    stack.healthy(LIMIT).await.unwrap();
    let again: Value = admin.post(&path, &Value::Null).await.unwrap();
    assert_eq!(
        (&again["repaired"], &again["contradictions"]),
        (&0.into(), &0.into())
    );

    let (exit, after) = operator.gets("status").unwrap();
    assert_eq!(
        (exit, repaired(&after)),
        (0, 1),
        "what is repaired is no complaint"
    );
    assert!(
        north(&after)["repairs"]["repaired_at"].is_string(),
        "{after}"
    );
    let heard = feed_seq(&after) - feed_seq(&before);
    assert_eq!(heard, 1, "the edges hear of it as of any change");
    named(
        &operator,
        "status",
        "~ NORTH: 1 change had not arrived and was repaired from the order service, last at 20",
        "+ All is well.",
    );
    named(
        &operator,
        "status --lang zh",
        "~ NORTH：1 项变更未送达，已从订单服务修复，最近一次 20",
        "+ 一切正常。",
    );
    stack.stop().await.unwrap();
}

fn north(report: &Value) -> &Value {
    &report["regions"][usize::from(REGION.index())]
}

fn feed_seq(report: &Value) -> u64 {
    north(report)["feed_seq"].as_u64().unwrap()
}

/// The number of repaired changes; a region that was never compared reports none.
fn repaired(report: &Value) -> u64 {
    north(report)["repairs"]["repaired"]
        .as_u64()
        .unwrap_or_default()
}

fn status(operator: &Operator, line: &str) -> Option<i32> {
    operator.reads(line).unwrap().exit
}

#[track_caller]
fn named(operator: &Operator, line: &str, repair: &str, verdict: &str) {
    let said = operator.reads(line).unwrap();
    assert!(
        said.text.contains(repair) && said.text.contains(verdict),
        "{}",
        said.text
    );
    assert_eq!(said.exit, Some(0), "{}", said.text);
}

/// An open order, and a provider for it.
async fn open_order(stack: &Stack, api: &Api) -> (OrderId, Person) {
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let provider = api.newcomer(Role::Provider).await.unwrap();
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let order = api
        .publish_approved(&customer, &admin, REGION, "Mend the tap")
        .await
        .unwrap();
    (order, provider)
}

/// Drops the event, and all before it, from the hub's own queue while the hub is away.
async fn throw_away(stack: &Stack, kind: EventType) {
    let bus = Bus::open(&stack.stores().unwrap().bus_url()).await.unwrap();
    let mut deliveries = bus.subscribe(QUEUE, 1).await.unwrap();
    let thrown_away = async {
        loop {
            let delivery = deliveries.next().await;
            let is_it = delivery.event().kind == kind;
            delivery.ack().await.unwrap();
            if is_it {
                break;
            }
        }
    };
    tokio::time::timeout(LIMIT, thrown_away).await.unwrap();
    deliveries.close().await;
    bus.close().await;
}
