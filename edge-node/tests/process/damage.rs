//! A database that has changed by itself on the disk, while its edge is stopped and while it runs.

use std::{net::SocketAddr, path::Path};

use rstest::rstest;
use serde_json::{Value, json};
use wire::{CommandId, Role, Verdict};

use crate::{
    Edge, command, free, refusal, report, settings,
    world::{
        accept, call,
        cloud::Cloud,
        failing_disk::{change_one_letter, find_by_prefix, read_saved_commands, spoil_table},
        frame, id, order,
        tablet::Tablet,
        until,
    },
};

fn read_log(data: &Path) -> String {
    std::fs::read_to_string(data.join("log")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_is_never_answered_from_and_what_only_it_has_is_saved() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=9).for_each(|n| cloud.put(order(n, 1)));
    let data = tempfile::tempdir().unwrap();
    let mut edge = Edge::start(data.path(), gateway).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 9)
    })
    .await;
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    tablet.send(frame(1_002, &token, &accept(2))).await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    edge.signal("-TERM");
    edge.child.wait().unwrap();
    let sets = settings(gateway, free(), free());
    let sound = command(data.path(), &sets, &["check"]).output().unwrap();
    assert!(sound.status.success());
    change_one_letter(data.path());
    let said = refusal(data.path(), &sets, &["check"]);
    assert!(said.contains("is damaged: the orders differ"), "{said}");

    let rescued = data.path().join("carried.json");
    let words = ["rescue", rescued.to_str().unwrap()];
    let output = command(data.path(), &sets, &words).output().unwrap();
    assert!(output.status.success());
    let carried = std::fs::read_to_string(&rescued).unwrap();
    assert!(carried.contains(&id(1_002).to_string()), "{carried}");

    let sessions = cloud.hellos().len();
    let _edge = Edge::start(data.path(), gateway).await;
    // The listeners are bound before the database is checked.
    until("the new database", || async {
        read_log(data.path())
            .contains("Made a new database from the damaged one")
            .then_some(())
    })
    .await;
    let told = report(data.path());
    assert_eq!(told["alarm"]["why"], "damaged");
    assert_eq!(told["orders"], 0, "they come from the cloud");
    assert_eq!(told["items"][0]["command_id"], serde_json::json!(id(1_002)));
    cloud.heal();
    let hello = until("a session", || async {
        cloud.hellos().get(sessions).cloned()
    })
    .await;
    assert!(
        hello.suspect,
        "nothing is firm, and the cloud gives a new epoch"
    );
    let saved = read_saved_commands(data.path());
    assert!(saved.contains(&id(1_002).to_string()), "{saved}");
    let copy = find_by_prefix(data.path(), "db.damaged-").unwrap();
    assert!(copy.join("edge.db").exists());
}

/// Starts an edge that checks its whole database only if it has met damage before.
async fn start_hasty(data: &Path, gateway: SocketAddr, http: SocketAddr) -> Edge {
    let mqtt = free();
    let mut sets = settings(gateway, mqtt, free());
    sets.push(format!("edge.http_bind={http}"));
    sets.push("edge.start_check_seconds=0".to_owned());
    let edge = command(data, &sets, &[]);
    Edge::run(edge, &data.join("log"), mqtt).await
}

async fn send_accept(http: SocketAddr, command: u128, token: &str, n: u128) -> Result<Value, u16> {
    let frame = serde_json::from_slice(&frame(command, token, &accept(n))).unwrap();
    call(http, http::Method::POST, "/commands", None, Some(&frame)).await
}

async fn read_board(http: SocketAddr, token: &str) -> Result<Value, u16> {
    call(http, http::Method::GET, "/board", Some(token), None).await
}

async fn read_open(http: SocketAddr, path: &str) -> Result<Value, u16> {
    call(http, http::Method::GET, path, None, None).await
}

#[rstest]
#[case::by_a_read("orders")]
#[case::by_a_write("commands")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_meets_damage_ends_and_starts_with_what_it_still_has(#[case] spoilt: &str) {
    let (cloud, gateway) = Cloud::start().await;
    (1..=9).for_each(|n| cloud.put(order(n, 1)));
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let http = free();
    let mut edge = start_hasty(data, gateway, http).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 9)
    })
    .await;
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let stored = send_accept(http, 1_002, &token, 2).await.unwrap();
    assert_eq!(stored["verdict"], "provisional");
    spoil_table(data, spoilt);
    let met = if spoilt == "orders" {
        read_board(http, &token).await
    } else {
        send_accept(http, 1_003, &token, 3).await
    };
    assert!(met.as_ref().is_err_and(|status| *status >= 500), "{met:?}");
    let fault = "a read or a write has met a damaged page";
    let last_line = format!("holdfast-edge: the database is damaged: {fault}");
    let log = until("the edge ends", || async {
        let log = read_log(data);
        log.contains(&last_line).then_some(log)
    })
    .await;
    assert_eq!(edge.child.wait().unwrap().code(), Some(1));
    assert!(
        log.contains("The database is damaged: this edge stops"),
        "{log}"
    );

    let sessions = cloud.hellos().len();
    let _edge = start_hasty(data, gateway, http).await;
    until("the edge is ready", || async {
        read_open(http, "/health/ready").await.ok()
    })
    .await;
    let log = read_log(data);
    assert!(
        log.contains("Made a new database from the damaged one"),
        "{log}"
    );
    assert!(read_saved_commands(data).contains(&id(1_002).to_string()));
    let told = report(data);
    assert_eq!(told["alarm"]["why"], "damaged");
    let waiting: Vec<&Value> = told["items"].as_array().unwrap().iter().collect();
    assert_eq!(waiting.len(), 1, "an unanswered command is not half stored");
    assert_eq!(waiting[0]["command_id"], json!(id(1_002)));
    let standing = read_open(http, "/standing").await.unwrap();
    assert_eq!(
        (&standing["suspect"], &standing["firm"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(read_board(http, &token).await.unwrap()["items"], json!([]));

    cloud.heal();
    let hello = until("a session", || async {
        cloud.hellos().get(sessions).cloned()
    })
    .await;
    assert!(hello.suspect, "the cloud gives a new epoch");
    until("the orders again", || async {
        let board = read_board(http, &token).await.unwrap();
        (board["items"].as_array().unwrap().len() == 9).then_some(())
    })
    .await;
    until("the command in the cloud", || async {
        let commands = cloud.commands();
        commands
            .iter()
            .any(|op| op.command.id == CommandId(id(1_002)))
            .then_some(())
    })
    .await;
}
