//! The link against a cloud that uses the real frames: enrolment, an outage and its end, and a
//! cloud that is unreachable from the start.

use std::time::Duration;

use holdfast_edge::{Config, RunningEdge, path_in, read_report, start};
use http::Method;
use process::clock::Clock;
use serde_json::Value;
use wire::{
    Action, Code, CommandBody, CommandId, FeedChange, OfflineRules, Op, OrderId, RegionAssignment,
    Role,
};

use crate::world::{
    accept, await_link, call,
    cloud::{Cloud, GENERATION},
    config, cut_off, edge, frame, get, id, order,
    tablet::Tablet,
    until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_during_an_outage_goes_up_once_and_in_order_when_it_ends() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=40).for_each(|n| cloud.put(order(n, 1)));
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 40)
    })
    .await;
    cut_off(&cloud, edge.http).await;
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt.unwrap(), "t-1", &token, 20).await;
    for n in 1..=40 {
        tablet.send(frame(100 + n, &token, &accept(n))).await;
        assert_eq!(
            tablet.reply().await.command_id,
            Some(CommandId(id(100 + n)))
        );
    }
    assert!(cloud.commands().is_empty());
    assert_eq!(read_report(&path_in(data.path())).unwrap().pending, 40);

    // Meanwhile one of them was accepted in the cloud.
    let mut taken = order(7, 2);
    taken.status = wire::OrderStatus::Accepted;
    taken.provider_id = Some(wire::UserId(id(99)));
    cloud.put(taken);
    cloud.heal();
    let mut lost = Vec::new();
    for _ in 0..40 {
        let reply = tablet.reply().await;
        if !reply.outcome.unwrap().has_succeeded() {
            lost.push(reply.order.unwrap().id);
        }
    }
    assert_eq!(lost, [wire::OrderId(id(7))]);
    let ids: Vec<_> = cloud.commands().iter().map(|op| op.command.id).collect();
    let sent: Vec<_> = (101..=140).map(|n| CommandId(id(n))).collect();
    assert_eq!(ids, sent);
    until("equal views", || async {
        let ack = cloud.last_ack()?;
        (ack.ahead == 0 && ack.pending == 0 && ack.digest == cloud.digest()).then_some(())
    })
    .await;
    assert_eq!(read_report(&path_in(data.path())).unwrap().pending, 0);
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_resumes_where_the_file_stands() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.put(order(1, 1));
    let data = tempfile::tempdir().unwrap();
    let gateway = format!("http://{gateway}");
    let first = edge(data.path(), &gateway).await;
    until("the feed", || async {
        cloud
            .last_ack()
            .filter(|ack| ack.feed_cursor == 1 && ack.outcome_cursor >= 1)
    })
    .await;
    first.stop().await;
    cloud.put(order(2, 1));
    let second = edge(data.path(), &gateway).await;
    until("the rest of the feed", || async {
        cloud
            .last_ack()
            .filter(|ack| ack.feed_cursor == 2 && ack.digest == cloud.digest())
    })
    .await;
    let hellos = cloud.hellos();
    let before = &hellos[0];
    let after = hellos.last().unwrap();
    assert_ne!(before.nonce, after.nonce);
    assert_eq!((after.feed_generation, after.feed_cursor), (GENERATION, 1));
    assert!(after.outcome_cursor >= 1 && !after.suspect);
    until("both boots in the cloud", || async {
        let boots = |op: &&Op| matches!(op, Op::Boot { .. });
        (cloud.ops().iter().filter(boots).count() == 2).then_some(())
    })
    .await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unpaid_work_starts_by_the_rule_for_a_cut_off_edge_once_the_link_is_down() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=2).for_each(|n| cloud.put(order(n, 1)));
    let rules = OfflineRules {
        unpaid_start: true,
        ..OfflineRules::default()
    };
    cloud.tell(FeedChange::Assignment(RegionAssignment {
        policy_version: 1,
        rules,
        ..RegionAssignment::default()
    }));
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 3)
    })
    .await;
    let token = cloud.people().token(Role::Provider, 20);
    let sends = async |command: u128, body: &CommandBody| {
        let body = serde_json::from_slice(&frame(command, &token, body)).unwrap();
        call(edge.http, Method::POST, "/commands", None, Some(&body))
            .await
            .unwrap()
    };
    for (n, up) in [(1, true), (2, false)] {
        if !up {
            cloud.cut();
        }
        await_link(edge.http, up).await;
        sends(100 + n, &accept(n)).await;
        let start = CommandBody::StartOrder {
            order_id: OrderId(id(n)),
            start_code: None,
            photos: Vec::new(),
        };
        let started = sends(200 + n, &start).await;
        let doubt = up.then_some(Code::LooksUnpaid.as_str());
        assert_eq!(started["code"].as_str(), doubt, "up {up}: {started}");
    }
    cloud.heal();
    let told = until("the cloud hears of both", || async {
        let ops = cloud.commands();
        let starts = ops
            .iter()
            .filter(|op| op.command.body.order_action() == Some(Action::Start));
        let told: Vec<_> = starts.map(|op| op.cut_off).collect();
        (told.len() == 2).then_some(told)
    })
    .await;
    assert_eq!(
        told,
        [Some(false), Some(true)],
        "the cloud judges by what the edge judged by"
    );
    edge.stop().await;
}

async fn head(edge: &RunningEdge) -> Option<Value> {
    get(edge, "/api/head", None).await.ok()
}

/// The start of the outage as published to tablets.
async fn outage(edge: &RunningEdge) -> Option<String> {
    head(edge).await?["cut_off_since"]
        .as_str()
        .map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_as_old_after_a_restart_as_before() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let gateway = format!("http://{gateway}");
    let first = edge(data.path(), &gateway).await;
    until("the link", || async {
        (head(&first).await?["cut_off_since"].is_null()).then_some(())
    })
    .await;
    cloud.cut();
    let since = until("the outage", || outage(&first)).await;
    first.stop().await;
    let second = edge(data.path(), &gateway).await;
    assert_eq!(until("the outage", || outage(&second)).await, since);
    let standing = get(&second, "/standing", None).await.unwrap();
    assert_eq!(standing["link"]["since"], since.as_str());
    cloud.heal();
    until("its end", || async {
        outage(&second).await.is_none().then_some(())
    })
    .await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_goes_up_packed_to_a_cloud_that_asks_for_it_and_is_the_same_log() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=40).for_each(|n| cloud.put(order(n, 1)));
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 40)
    })
    .await;
    cut_off(&cloud, edge.http).await;
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt.unwrap(), "t-1", &token, 20).await;
    for n in 1..=40 {
        tablet.send(frame(100 + n, &token, &accept(n))).await;
        tablet.reply().await;
    }
    cloud.ask_for_packed();
    cloud.heal();
    until("all of them", || async {
        (cloud.commands().len() == 40).then_some(())
    })
    .await;
    let ids: Vec<_> = cloud.commands().iter().map(|op| op.command.id).collect();
    assert_eq!(
        ids,
        (101..=140).map(|n| CommandId(id(n))).collect::<Vec<_>>()
    );
    assert!(cloud.packed() > 0);
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_of_a_newer_cloud_are_passed_over_and_what_follows_them_arrives() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    until("a session", || async { cloud.last_ack() }).await;
    cloud.put(order(1, 1));
    cloud.tell(wire::FeedChange::Unknown);
    cloud.interject(wire::Frame::Unknown(900));
    cloud.put(order(2, 1));
    until("what came around them", || async {
        cloud
            .last_ack()
            .filter(|ack| ack.feed_cursor == 3 && ack.digest == cloud.digest())
    })
    .await;
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt.unwrap(), "t-1", &token, 20).await;
    tablet.send(frame(101, &token, &accept(2))).await;
    assert_eq!(tablet.reply().await.command_id, Some(CommandId(id(101))));
    until("the command in the cloud", || async {
        cloud.commands().first().cloned()
    })
    .await;
    assert_eq!(cloud.hellos().len(), 1, "the session went on");
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_waits_for_the_cloud_to_enrol_and_needs_it_only_once() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = taken.local_addr().unwrap();
    drop(taken);
    let data = tempfile::tempdir().unwrap();
    let waiting = edge(data.path(), &format!("http://{nowhere}")).await;
    assert_eq!(get(&waiting, "/health/ready", None).await, Err(503));
    assert_eq!(get(&waiting, "/metrics", None).await, Err(404));
    assert!(get(&waiting, "/health", None).await.is_ok());
    waiting.stop().await;

    let (cloud, gateway) = Cloud::start().await;
    let enrolled = edge(data.path(), &format!("http://{gateway}")).await;
    until("a session", || async { cloud.hellos().first().cloned() }).await;
    enrolled.stop().await;

    let alone = edge(data.path(), &format!("http://{nowhere}")).await;
    assert!(get(&alone, "/health/ready", None).await.is_ok());
    let token = cloud.people().token(Role::Provider, 20);
    assert!(
        Tablet::connect(alone.mqtt.unwrap(), "t-1", "t-1", &token)
            .await
            .is_ok()
    );
    alone.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_is_started_with_another_code_gets_another_key() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let key = || std::fs::read(data.path().join("edge.key")).unwrap();
    // A used code changes nothing, and neither does a repeated one.
    let mut keys = Vec::new();
    for (n, code) in ["a-code", "another-code", "another-code", "spent-code"]
        .into_iter()
        .enumerate()
    {
        let config = Config {
            enrolment_code: code.into(),
            ..config(data.path(), &format!("http://{gateway}"))
        };
        let edge = start(config, Clock::system()).await.unwrap();
        until("a session by that key", || async {
            cloud.hellos().get(n).cloned()
        })
        .await;
        keys.push(key());
        edge.stop().await;
        assert!(!data.path().join("edge.key.new").exists(), "{code}");
    }
    assert_ne!(keys[0], keys[1]);
    assert_eq!((&keys[1], &keys[1]), (&keys[2], &keys[3]));
    let names: Vec<_> = cloud
        .hellos()
        .into_iter()
        .map(|hello| (hello.edge, hello.epoch))
        .collect();
    assert!(
        names.iter().all(|name| *name == names[0]),
        "its name and its log stay"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healed_link_is_up_within_two_seconds() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    await_link(edge.http, true).await;
    cut_off(&cloud, edge.http).await;
    cloud.heal();
    let healing = tokio::time::timeout(Duration::from_secs(3), await_link(edge.http, true));
    assert!(healing.await.is_ok());
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_only_looks_open_is_given_up() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::fixed_at(Clock::system().now());
    let config = crate::world::config(data.path(), &format!("http://{gateway}"));
    let edge = start(config, clock.clone()).await.unwrap();
    until("an acknowledgement", || async { cloud.last_ack() }).await;
    for ping in 1..=4 {
        clock.advance(6_000);
        until("a ping", || async { (cloud.pings() >= ping).then_some(()) }).await;
    }
    assert_eq!(
        cloud.hellos().len(),
        1,
        "a silent link with a sign of life stays"
    );
    // This ack follows the last pong: once it has arrived, no sign of life is in flight.
    cloud.put(order(1, 1));
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 1)
    })
    .await;
    cloud.freeze();
    clock.advance(20_000);
    until("a second session", || async {
        cloud.hellos().get(1).cloned()
    })
    .await;
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stands_still_keeps_no_probe_waiting() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    until("an acknowledgement", || async { cloud.last_ack() }).await;
    // An open write transaction blocks the edge's writer.
    let stalls = rusqlite::Connection::open(path_in(data.path())).unwrap();
    stalls.execute_batch("BEGIN IMMEDIATE").unwrap();
    cloud.put(order(1, 1));
    cloud.probe(7);
    let answered = until("a sign of life", || async {
        cloud.alive().contains(&7).then_some(())
    });
    // The hub's limit for an answer; the writer's timeout is longer.
    let in_time = tokio::time::timeout(Duration::from_secs(2), answered).await;
    assert!(in_time.is_ok(), "the probe waits behind the write");
    assert_eq!(
        cloud.last_ack().unwrap().feed_cursor,
        0,
        "which is still under way"
    );
    stalls.execute_batch("ROLLBACK").unwrap();
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 1)
    })
    .await;
    assert_eq!(cloud.hellos().len(), 1, "the session goes on");
    edge.stop().await;
}
