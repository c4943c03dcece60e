//! Other people's orders, addresses and jobs.

#![allow(clippy::unwrap_used)]

use attack::{AttackedPlatform, HttpCall, MqttGreeting, MqttLine, Somebody};
use serde_json::{Value, json};
use support::{eventually, samples::order_form};
use wire::{CommandId, OrderId, Region, Role, topics};

/// The address that `Somebody::publish` gives every order.
const ADDRESS: &str = "1 Harbour Road";
/// More orders than one provider may take.
const MANY: usize = 12;

fn new_id() -> CommandId {
    CommandId(process::clock::Clock::system().new_id())
}

async fn open_orders(platform: &AttackedPlatform, count: usize) -> Vec<OrderId> {
    let customer = platform.somebody(Role::Customer).await;
    let admin = platform.admin().await;
    let mut orders = Vec::new();
    for n in 0..count {
        let order = customer
            .publish_approved(&admin, Region::North, &format!("Mend tap {n}"))
            .await;
        orders.push(order);
    }
    orders
}

/// Sends a command as a tablet without MQTT does. Returns the edge's reply.
async fn at_edge(platform: &AttackedPlatform, thief: &Somebody, body: Value) -> Value {
    let frame = json!({
        "v": 1, "id": new_id(), "device_seq": 1, "tapped_at": "2026-11-21T12:00:00Z",
        "token": thief.edge_token, "body": body,
    });
    let call = HttpCall::post("/commands")
        .bearer(&thief.edge_token)
        .json(&frame);
    thief
        .station
        .ask(platform.edge().http, &call)
        .await
        .unwrap()
        .json()
}

fn accept(order: OrderId) -> Value {
    json!({"type": "accept_order", "order_id": order})
}

async fn board(platform: &AttackedPlatform, thief: &Somebody) -> Vec<Value> {
    let call = HttpCall::get("/board").bearer(&thief.edge_token);
    let board = thief
        .station
        .ask(platform.edge().http, &call)
        .await
        .unwrap()
        .json();
    board["items"].as_array().cloned().unwrap_or_default()
}

async fn until_on_board(platform: &AttackedPlatform, thief: &Somebody, orders: &[OrderId]) {
    eventually(
        "the orders are on the edge's board",
        attack::PATIENCE,
        async || {
            let shown = board(platform, thief).await;
            let there = |order| shown.iter().any(|item| item["id"] == json!(order));
            orders.iter().all(there).then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn a_provider_accepts_reads_the_address_gives_back_and_takes_the_next() {
    let platform = AttackedPlatform::shared().await;
    let orders = open_orders(platform, MANY).await;
    let thief = platform.provider().await;
    let mut read = 0;
    let mut refusals = Vec::new();
    for order in orders {
        thief.act(order, "accept").await.unwrap();
        let seen = thief
            .ask(HttpCall::get(&format!("/api/v1/orders/{order}")))
            .await
            .unwrap();
        read += usize::from(seen.text().contains(ADDRESS));
        let given_back = thief.act(order, "withdraw").await.unwrap();
        refusals.push(given_back.code());
    }
    assert!(read <= 10, "{read} addresses of {MANY}");
    assert!(
        refusals.iter().any(|code| code == "too_many_withdrawals"),
        "{refusals:?}"
    );
}

#[tokio::test]
async fn a_fresh_account_takes_every_order_of_a_region() {
    let platform = AttackedPlatform::shared().await;
    let orders = open_orders(platform, MANY).await;
    let thief = platform.provider().await;
    let mut answers = Vec::new();
    for order in &orders {
        answers.push(thief.act(*order, "accept").await.unwrap());
    }
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(taken, 5, "of {MANY}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.code(), "too_many_open_jobs", "{}", refused.text());
        assert_eq!(refused.json()["limit"]["most"], 5);
    }
    let honest = platform.provider().await;
    let left = orders
        .iter()
        .zip(&answers)
        .find(|(_, answer)| answer.status != 200)
        .unwrap();
    assert_eq!(
        honest.act(*left.0, "accept").await.unwrap().status,
        200,
        "the rest is for others"
    );
}

#[tokio::test]
async fn a_provider_reads_an_address_at_an_edge_before_anybody_has_decided() {
    let platform = AttackedPlatform::on_any_stores().await;
    let orders = open_orders(&platform, 1).await;
    let thief = platform.provider().await;
    until_on_board(&platform, &thief, &orders).await;
    platform.stack.cut(Region::North).await.unwrap();
    let start = json!({"type": "start_order", "order_id": orders[0]});
    for body in [accept(orders[0]), start] {
        let reply = at_edge(&platform, &thief, body).await;
        assert_eq!(reply["verdict"], "provisional", "{reply}");
        assert!(!reply.to_string().contains(ADDRESS), "{reply}");
        let shown = Value::from(board(&platform, &thief).await).to_string();
        assert!(!shown.contains(ADDRESS), "{shown}");
    }
    platform.stack.heal(Region::North).await.unwrap();
    eventually(
        "the job is surely his, and shows where it is",
        attack::PATIENCE,
        async || {
            let shown = Value::from(board(&platform, &thief).await).to_string();
            shown.contains(ADDRESS).then_some(())
        },
    )
    .await;
    let admin = platform.admin().await;
    let path = format!("/api/v1/orders/{}/timeline", orders[0]);
    let history = admin.done(HttpCall::get(&path)).await;
    let lines = history["items"].as_array().unwrap();
    assert!(
        lines.iter().any(|line| line["address_shown"] == "decided"),
        "on record: {history}"
    );
}

#[tokio::test]
async fn a_provider_takes_every_job_of_a_region_that_is_cut_off() {
    let platform = AttackedPlatform::on_any_stores().await;
    let orders = open_orders(&platform, 8).await;
    let thief = platform.provider().await;
    until_on_board(&platform, &thief, &orders).await;
    platform.stack.cut(Region::North).await.unwrap();
    let mut replies = Vec::new();
    for order in &orders {
        replies.push(at_edge(&platform, &thief, accept(*order)).await);
    }
    let taken = replies
        .iter()
        .filter(|reply| reply["verdict"] == "provisional")
        .count();
    assert_eq!(taken, 5, "{replies:?}");
    assert!(
        replies[5..]
            .iter()
            .all(|reply| reply["code"] == "too_many_open_jobs"),
        "{replies:?}"
    );
}

#[tokio::test]
async fn a_provider_collects_customers_from_boards_lists_and_news() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let admin = platform.admin().await;
    let thief = platform.provider().await;
    let greeting = MqttGreeting::of("collector", &thief.edge_token);
    let opened = MqttLine::open(thief.station, platform.edge().mqtt, &greeting).await;
    let (code, mut line) = opened.unwrap();
    assert_eq!(code, 0);
    let edge = wire::EdgeId::new(&platform.edge().edge).unwrap();
    line.subscribe(&topics::changes_topic(Region::North, &edge))
        .await
        .unwrap();
    let mut form = order_form(Region::North, "Mend the gate");
    form["description"] = json!("Call 138 1234 5678 or gate@mail.example.");
    form["address"] = json!(ADDRESS);
    let published = customer
        .done(HttpCall::post("/api/v1/orders").json(&form))
        .await;
    let order: OrderId = serde_json::from_value(published["order_id"].clone()).unwrap();
    admin.act(order, "approve").await.unwrap();
    let order = order.to_string();

    let mut heard = String::new();
    while !heard.contains("Mend the gate") {
        let (_, message) = line.packet().await.unwrap();
        heard = String::from_utf8_lossy(&message).into_owned();
    }
    let mut seen = vec![("the change stream", heard)];
    let paths = [
        "/api/v1/orders/available?limit=100",
        &format!("/api/v1/orders/{order}"),
    ];
    for path in paths {
        seen.push((
            "the gateway",
            thief.ask(HttpCall::get(path)).await.unwrap().text(),
        ));
    }
    seen.push((
        "the board",
        Value::from(board(platform, &thief).await).to_string(),
    ));
    for (place, text) in seen {
        assert!(text.contains(&order), "{place} shows the job");
        for secret in [
            ADDRESS,
            "1234 5678",
            "mail.example",
            &customer.person.user_id.to_string(),
        ] {
            assert!(!text.contains(secret), "{place} tells `{secret}`: {text}");
        }
    }
}

#[tokio::test]
async fn a_provider_keeps_the_address_of_a_job_that_is_no_longer_his() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let admin = platform.admin().await;
    let order = customer
        .publish_approved(&admin, Region::North, "Mend the fence")
        .await;
    let thief = platform.provider().await;
    assert_eq!(thief.act(order, "accept").await.unwrap().status, 200);
    assert_eq!(customer.act(order, "cancel").await.unwrap().status, 200);
    for path in [&format!("/api/v1/orders/{order}"), "/api/v1/orders"] {
        let seen = thief.ask(HttpCall::get(path)).await.unwrap().text();
        assert!(seen.contains(&order.to_string()), "{seen}");
        assert!(!seen.contains(ADDRESS), "{seen}");
    }
}

#[tokio::test]
async fn a_provider_wants_the_number_of_a_customer_whose_job_he_gave_back() {
    const PHONE: &str = "13812341000";
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let admin = platform.admin().await;
    let thief = platform.provider().await;
    let own = HttpCall::get("/api/v1/users/me/profile");
    let version = customer.done(own).await["version"].clone();
    let form = json!({"version": version, "full_name": "Li Si", "phone_number": PHONE});
    let write = HttpCall::new("PUT", "/api/v1/users/me/profile").json(&form);
    customer.done(write).await;
    let order = customer
        .publish_approved(&admin, Region::North, "Mend the stove")
        .await;
    let contact = format!("/api/v1/orders/{order}/contact");
    let refused = async |when: &str| {
        for call in [
            HttpCall::get(&contact),
            HttpCall::post(&format!("{contact}/call")),
        ] {
            let answer = thief.ask(call).await.unwrap();
            assert_eq!(answer.status, 404, "{when}: {}", answer.text());
            assert!(!answer.text().contains(PHONE), "{when}");
        }
    };
    refused("the order is open").await;
    assert_eq!(thief.act(order, "accept").await.unwrap().status, 200);
    let seen = thief.done(HttpCall::get(&contact)).await;
    assert_eq!(seen["masked_phone"], "138****1000");
    assert!(!seen.to_string().contains(PHONE), "{seen}");
    let call = HttpCall::post(&format!("{contact}/call"));
    assert_eq!(thief.done(call).await["phone_number"], PHONE);
    assert_eq!(thief.act(order, "withdraw").await.unwrap().status, 200);
    refused("he gave it back").await;
    let record = HttpCall::get(&format!("{contact}/showings"));
    for reader in [&customer, &admin] {
        let shown = reader.done(record.clone()).await;
        let to = &shown["items"][0]["shown_to"]["user_id"];
        assert_eq!(to, &json!(thief.person.user_id), "on record: {shown}");
    }
    let list = thief.ask(record).await.unwrap();
    assert_eq!(list.status, 404, "{}", list.text());
}

#[tokio::test]
async fn a_hoarder_keeps_his_jobs_after_his_account_was_closed() {
    let platform = AttackedPlatform::on_any_stores().await;
    let orders = open_orders(&platform, 3).await;
    let thief = platform.provider().await;
    let admin = platform.admin().await;
    for order in &orders {
        assert_eq!(thief.act(*order, "accept").await.unwrap().status, 200);
    }
    let person = thief.person.user_id;
    let revoke = HttpCall::post(&format!("/api/v1/admin/users/{person}/revoke"));
    admin
        .done(revoke.json(&json!({"reason": "He sells addresses."})))
        .await;
    eventually("the admin finds his jobs", attack::PATIENCE, async || {
        let cases = admin.done(HttpCall::get("/api/v1/admin/cases")).await;
        let cases = cases["items"].as_array().cloned().unwrap_or_default();
        let his = cases
            .iter()
            .filter(|case| case["kind"] == "revoked_holder")
            .count();
        (his == orders.len()).then_some(())
    })
    .await;
    let withdraw = HttpCall::post(&format!("/api/v1/admin/providers/{person}/withdrawals"));
    let done = admin
        .done(withdraw.json(&json!({"reason": "He sells addresses."})))
        .await;
    assert_eq!(
        done["items"].as_array().map(Vec::len),
        Some(orders.len()),
        "{done}"
    );
    let honest = platform.provider().await;
    for order in orders {
        assert_eq!(
            honest.act(order, "accept").await.unwrap().status,
            200,
            "it is open again"
        );
    }
}
