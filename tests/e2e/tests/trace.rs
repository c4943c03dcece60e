//! `holdfast trace` follows one tap through a running platform: over MQTT to an edge that is cut
//! off, and once the line is healed to every place that learns of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stack::{Layout, Stack, Stores, Wishes, binaries};
use support::{Api, Mqtt, Operator, Tablet, eventually};
use wire::{CommandBody, CommandId, OrderId, Region, Role, UnixMillis};

use crate::operator::{Admin, SOON, link_is_down, north, shows_on_the_board};

#[tokio::test(flavor = "multi_thread")]
async fn one_tap_is_followed_from_the_tablet_to_every_place_it_reaches() {
    let layout = Layout::temporary(Stores::Embedded).unwrap().with_one_edge();
    let stack = Stack::start(layout, &Wishes::default()).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let holdfast = binaries::own("holdfast").unwrap();
    let shell = Operator::new(holdfast, stack.layout().gateway_url(), admin.token.as_str());
    let operator = Admin {
        person: &admin,
        shell,
    };
    operator.reads("wait --for links-up --for synced --timeout 60");
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let provider = api.provider(&admin).await.unwrap();
    let publish = async |title| {
        api.publish_approved(&customer, &admin, Region::North, title)
            .await
            .unwrap()
    };
    let order = publish("Mend the tap").await;
    let provider = api.at_edges(&provider, Region::North).await.unwrap();
    shows_on_the_board(&stack, &provider, order).await;
    operator.reads("link cut NORTH");
    link_is_down(&api, &operator).await;

    let tablet = Tablet::new(north(&stack), "tablet-7", &provider, Mqtt::V5);
    let accept = CommandBody::AcceptOrder { order_id: order };
    let reply = tablet.tap(accept, SOON).await.expect("an answer");
    let tap = reply.command_id.unwrap();
    let meanwhile = publish("Paint the door").await;
    names_the_edge_that_is_behind(&operator, meanwhile).await;

    operator.reads("link heal NORTH");
    tablet.until_decided(tap, SOON).await.unwrap();
    tablet.stop().await;
    let trace = settled(&operator, order).await;
    shows_every_hop_of_the_tap(&trace, tap);
    shows_no_hop_twice(&trace);
    runs_backwards_on_no_clock(&trace);
    settled(&operator, meanwhile).await;
    let code = trace["order"]["code"].as_str().unwrap();
    assert_eq!(operator.gets(&format!("trace {code}"))["id"], trace["id"]);
    stack.stop().await.unwrap();
}

/// The approval is in the feed, but cannot reach the edge.
async fn names_the_edge_that_is_behind(operator: &Admin<'_>, order: OrderId) {
    let text = eventually("the edge is named", SOON, async || {
        let trace = operator.gets(&format!("trace {order}"));
        let pending = trace["pending"].as_array().unwrap();
        // The events of the approval are still on their way at first.
        let [behind] = pending.as_slice() else {
            return None;
        };
        let is_behind = behind["what"] == "change_at_hub" && behind["edge"] == "north-1";
        let is_approved = trace["order"]["version"] == 2;
        (is_behind && is_approved).then(|| operator.reads(&format!("trace {order}")))
    })
    .await;
    assert!(text.contains("of NORTH yet: its link is down"), "{text}");
}

/// The trace once nothing is on its way any more.
async fn settled(operator: &Admin<'_>, order: OrderId) -> Value {
    eventually("nothing is on its way", SOON, async || {
        let trace = operator.gets(&format!("trace {order}"));
        assert_eq!(trace["unanswered"], Value::Array(Vec::new()), "{trace}");
        let is_done = trace["pending"].as_array().unwrap().is_empty();
        // The inboxes keep no receipts that the trace could wait for.
        let has_lines = hops(&trace).any(|hop| hop["what"] == "in_inbox");
        (is_done && has_lines).then_some(trace)
    })
    .await
}

fn hops(trace: &Value) -> impl Iterator<Item = &Value> {
    trace["hops"].as_array().unwrap().iter()
}

#[track_caller]
fn shows_every_hop_of_the_tap(trace: &Value, tap: CommandId) {
    let tap = Value::from(tap.to_string());
    let own = hops(trace).filter(|hop| hop["command_id"] == tap);
    let seen: Vec<(&str, &str, &str)> = own
        .map(|hop| {
            let word = |name: &str| hop[name].as_str().unwrap();
            (word("what"), word("clock"), word("place"))
        })
        .collect();
    let expected = [
        ("tapped", "device", "tablet-7"),
        ("logged", "north-1", "north-1"),
        ("received", "cloud", "hub"),
        ("decided", "cloud", "order"),
        ("outcome_stored", "cloud", "hub"),
        ("outcome_told", "cloud", "north-1"),
        ("event_written", "cloud", "order"),
        ("event_sent", "cloud", "bus"),
        ("event_handled", "cloud", "payment"),
    ];
    for hop in expected {
        let count = seen.iter().filter(|known| **known == hop).count();
        assert_eq!(count, 1, "{hop:?} in {trace:#}");
    }
    let inboxes = seen.iter().filter(|(what, ..)| *what == "in_inbox").count();
    assert!(inboxes >= 1, "the customer learns of it: {trace:#}");
    // The feed carries the order, not the command.
    let version = trace["order"]["version"].as_u64().unwrap();
    let fed = format!("version {version} is change ");
    let fed = hops(trace).find(|hop| hop["text"].as_str().unwrap().starts_with(&fed));
    let fed = fed.unwrap_or_else(|| panic!("the feed has the change: {trace:#}"));
    let number = fed["text"].as_str().unwrap().split(' ').nth(4).unwrap();
    let at_edge = format!("north-1 has change {number}");
    let at_edge = hops(trace).find(|hop| hop["text"] == at_edge.as_str());
    let at_edge = at_edge.unwrap_or_else(|| panic!("the edge has change {number}: {trace:#}"));
    assert!(at_edge["at"].is_string(), "{at_edge}");
}

#[track_caller]
fn shows_no_hop_twice(trace: &Value) {
    let mut seen = BTreeSet::new();
    for hop in hops(trace) {
        let id = ["what", "place", "text", "command_id", "event"].map(|name| hop[name].to_string());
        assert!(seen.insert(id), "{hop} stands twice in {trace:#}");
    }
}

#[track_caller]
fn runs_backwards_on_no_clock(trace: &Value) {
    let mut newest: BTreeMap<&str, UnixMillis> = BTreeMap::new();
    for hop in hops(trace) {
        let at: UnixMillis = serde_json::from_value(hop["at"].clone()).unwrap();
        assert_eq!(hop["clock_doubt"], false, "{hop}");
        let before = newest.insert(hop["clock"].as_str().unwrap(), at);
        assert!(
            before.is_none_or(|before| before <= at),
            "{hop} in {trace:#}"
        );
    }
}
