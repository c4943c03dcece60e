//! Damage that only the nightly check of a running edge can find.

use holdfast_edge::{Config, path_in, read_report, start};
use process::clock::Clock;
use serde_json::json;
use tokio::time::timeout;
use wire::{CommandId, Role, UnixMillis, Verdict};

use crate::world::{
    PATIENCE, accept,
    cloud::Cloud,
    config, cut_off,
    failing_disk::{change_one_letter, find_by_prefix, read_saved_commands},
    frame, get, id, order,
    tablet::Tablet,
    until,
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The next time at 41 minutes past an hour.
fn next_check_after(now: UnixMillis) -> UnixMillis {
    let of_this_hour = now.0 - now.0.rem_euclid(HOUR_MS) + 41 * MINUTE_MS;
    let is_over = of_this_hour <= now.0;
    UnixMillis(of_this_hour + if is_over { HOUR_MS } else { 0 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nightly_check_finds_damage_and_the_next_start_saves_what_only_the_edge_has() {
    let clock = Clock::fixed_at(Clock::system().now());
    let (cloud, gateway) = Cloud::start_at(clock.clone()).await;
    (1..=9).for_each(|n| cloud.put(order(n, 1)));
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let now = clock.now();
    let check_at = next_check_after(now);
    let hour = check_at.0 / HOUR_MS % 24;
    let settings = Config {
        check_hour: hour.try_into().unwrap(),
        // The next start checks the whole database because damage was met, and for nothing else.
        start_check_seconds: 0,
        ..config(data, &format!("http://{gateway}"))
    };
    let edge = start(settings.clone(), clock.clone()).await.unwrap();
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 9)
    })
    .await;
    cut_off(&cloud, edge.http).await;
    let token = cloud.people().token_until(Role::Provider, 20, 2 * 3_600);
    let mut tablet = Tablet::of(edge.mqtt.unwrap(), "t-1", &token, 20).await;
    tablet.send(frame(1_002, &token, &accept(2))).await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    change_one_letter(data);

    let damage = edge.watch_damage();
    clock.advance(check_at.0 - now.0);
    let found = timeout(PATIENCE, damage).await;
    let found = found.expect("the check does not find it").to_string();
    assert!(found.contains("the orders differ"), "{found}");
    edge.stop().await;

    let sessions = cloud.hellos().len();
    let edge = start(settings, clock).await.unwrap();
    assert!(read_saved_commands(data).contains(&id(1_002).to_string()));
    let copy = find_by_prefix(data, "db.damaged-").unwrap();
    assert!(copy.join("edge.db").exists());
    let told = read_report(&path_in(data)).unwrap();
    assert_eq!(told.alarm.unwrap().why, "damaged");
    assert_eq!(told.items[0].command_id, CommandId(id(1_002)));
    let standing = get(&edge, "/standing", None).await.unwrap();
    assert_eq!(standing["suspect"], json!(true));
    assert_eq!(standing["firm"], json!(false));
    let board = get(&edge, "/board", Some(&token)).await.unwrap();
    assert_eq!(board["items"], json!([]), "the damaged order among them");

    cloud.heal();
    let hello = until("a session", || async {
        cloud.hellos().get(sessions).cloned()
    })
    .await;
    assert!(hello.suspect, "the cloud gives a new epoch");
    let items = until("the orders again", || async {
        let board = get(&edge, "/board", Some(&token)).await.unwrap();
        let items = board["items"].as_array().unwrap().clone();
        (items.len() == 9).then_some(items)
    })
    .await;
    let title = order(1, 1).title;
    assert!(items.iter().all(|item| item["title"] == title), "{items:?}");
    until("the command in the cloud", || async {
        let commands = cloud.commands();
        let is_there = commands
            .iter()
            .any(|op| op.command.id == CommandId(id(1_002)));
        is_there.then_some(())
    })
    .await;
    edge.stop().await;
}
