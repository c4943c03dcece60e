//! Copies of an edge, and what comes of them.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    process::Output,
};

use serde_json::json;
use wire::{Role, Verdict};

use crate::{
    Edge, command, report,
    world::{accept, cloud::Cloud, frame, order, tablet::Tablet, until},
};

fn holdfast_edge(data: &Path, words: &[&str]) -> Output {
    let mut command = command(data, &[], words);
    command.current_dir("/").output().unwrap()
}

fn refusal(data: &Path, words: &[&str]) -> String {
    let output = holdfast_edge(data, words);
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn succeed(data: &Path, words: &[&str]) {
    let output = holdfast_edge(data, words);
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_commands_come_starts_as_a_restored_edge() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=200).for_each(|n| cloud.put(order(n, 1)));
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    fs::create_dir(&data).unwrap();
    let mut edge = Edge::start(&data, gateway).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 200)
    })
    .await;
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    for n in 1..=200 {
        tablet.send(frame(1_000 + n, &token, &accept(n))).await;
    }
    for _ in 0..100 {
        assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    }
    let copy = place.path().join("copy");
    let copy_name = copy.display().to_string();
    succeed(&data, &["backup", &copy_name]);
    let secret = fs::metadata(copy.join("edge.key")).unwrap();
    assert_eq!(
        secret.permissions().mode() & 0o077,
        0,
        "others could read the key"
    );
    assert!(refusal(&data, &["backup", &copy_name]).contains("exists already"));
    assert!(refusal(&data, &["restore", &copy_name]).contains("has an edge already"));
    edge.signal("-KILL");
    edge.child.wait().unwrap();

    let restored = place.path().join("restored");
    succeed(&restored, &["restore", &copy_name]);
    let copied = report(&restored);
    assert!(copied["pending"].as_u64().unwrap() >= 100, "{copied}");
    assert_eq!(copied["suspect"], json!(false), "it has not run yet");
    let _edge = Edge::start(&restored, gateway).await;
    let alarm = until("the edge notices", || async {
        Some(report(&restored)["alarm"].clone()).filter(|alarm| !alarm.is_null())
    });
    assert_eq!(alarm.await["why"], "no_mark");
}

#[test]
fn only_a_whole_backup_of_an_edge_is_restored() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let copy = place.path().join("copy");
    let copy_name = copy.display().to_string();
    assert!(refusal(&data, &["backup", &copy_name]).contains("there is no edge in"));
    assert!(!copy.exists(), "a refused backup leaves nothing");

    fs::create_dir_all(copy.join("db")).unwrap();
    assert!(refusal(&data, &["restore", &copy_name]).contains("has no backup of an edge"));
    fs::write(copy.join("db/edge.db"), "not a database").unwrap();
    assert!(refusal(&data, &["restore", &copy_name]).contains("could not read"));
    assert!(!data.exists(), "a refused restore leaves nothing");
}

/// As root only, because nobody else can give a folder to another user.
#[test]
fn another_users_edge_is_opened_by_that_user_alone() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    fs::create_dir_all(data.join("db")).unwrap();
    fs::write(data.join("db/edge.db"), "").unwrap();
    if fs::metadata(&data).unwrap().uid() != 0 {
        return;
    }
    chown(&data, Some(1), None).unwrap();
    let copy = place.path().join("copy").display().to_string();
    for words in [&["report"][..], &["backup", &copy]] {
        let said = refusal(&data, words);
        assert!(said.contains("sudo -u 'daemon'"), "{said}");
    }
}
