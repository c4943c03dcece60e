//! A database that has changed by itself on the disk.

use std::path::{Path, PathBuf};

use wire::{Role, Verdict};

use crate::{
    Edge, command, free, refusal, report, settings,
    world::{accept, cloud::Cloud, frame, id, order, tablet::Tablet, until},
};

/// Changes one letter of an order's title, as a failing disk does.
fn change_one_letter(data: &Path) {
    let path = holdfast_edge::path_in(data);
    // Otherwise the letter may lie in the write-ahead log.
    let file = rusqlite::Connection::open(&path).unwrap();
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(file);
    let mut bytes = std::fs::read(&path).unwrap();
    let title = order(1, 1).title.into_bytes();
    let at = bytes
        .windows(title.len())
        .position(|window| window == title)
        .unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
}

fn find_file(data: &Path, begin: &str) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(data).unwrap().flatten();
    let found = entries.find(|entry| entry.file_name().to_string_lossy().starts_with(begin));
    found.map(|entry| entry.path())
}

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
    let saved = std::fs::read_to_string(find_file(data.path(), "undecided-").unwrap()).unwrap();
    assert!(saved.contains(&id(1_002).to_string()), "{saved}");
    let copy = find_file(data.path(), "db.damaged-").unwrap();
    assert!(copy.join("edge.db").exists());
}
