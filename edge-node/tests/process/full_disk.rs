//! Starting and running on a full disk.

use std::{io::Write, net::SocketAddr, path::PathBuf};

use wire::{Code, Hop, Role, Verdict};

use crate::{
    Edge, free, settings,
    small_disk::SmallDisk,
    world::{accept, cloud::Cloud, frame, order, tablet::Tablet, until},
};

pub(crate) async fn where_provider_is_known(
    cloud: &Cloud,
    gateway: SocketAddr,
) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let mut edge = Edge::start(data.path(), gateway).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor > 0)
    })
    .await;
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    tablet.send(frame(1, &token, &accept(1))).await;
    while tablet.reply().await.hop != Hop::Decided {}
    edge.signal("-TERM");
    edge.child.wait().unwrap();
    data
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_in_words_that_it_cannot_start_on_a_full_disk() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.put(order(1, 1));
    let new = tempfile::tempdir().unwrap();
    let used = where_provider_is_known(&cloud, gateway).await;
    std::fs::remove_file(used.path().join("reserve")).unwrap();
    for from in [new.path(), used.path()] {
        let disk = tempfile::tempdir().unwrap();
        let sets = settings(gateway, free(), free());
        let output = SmallDisk::full(disk.path(), from)
            .command(&sets)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let place = disk.path().display().to_string();
        assert!(
            said.contains("is full. Free some space") && said.contains(&place),
            "{said}"
        );
        assert!(!said.contains("Error code"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_its_disk_is_full_it_takes_nothing_new_and_says_so_everywhere() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=400).for_each(|n| cloud.put(order(n, 1)));
    let from = where_provider_is_known(&cloud, gateway).await;
    let disk = tempfile::tempdir().unwrap();
    let logs = tempfile::tempdir().unwrap();
    let mqtt = free();
    let operator = free();
    let log = logs.path().join("log");
    let command =
        SmallDisk::new(disk.path(), from.path()).command(&settings(gateway, mqtt, operator));
    let edge = Edge::run(command, &log, mqtt).await;
    until("it is ready", || async {
        missing(operator).await.is_none().then_some(())
    })
    .await;
    cloud.cut();
    let rest = PathBuf::from(format!(
        "/proc/{}/root{}/rest",
        edge.child.id(),
        disk.path().display()
    ));
    let mut filling = std::fs::File::create(&rest).unwrap();
    while filling.write_all(&[0; 4096]).is_ok() {}

    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    let mut taken = 0;
    let refused = loop {
        taken += 1;
        tablet
            .send(frame(1_000 + taken, &token, &accept(1 + taken)))
            .await;
        let reply = tablet.reply().await;
        if reply.verdict == Verdict::NotTaken {
            break reply;
        }
    };
    assert_eq!(refused.code, Some(Code::StorageFull));
    let what = until("it is not ready", || missing(operator)).await;
    assert!(
        what.contains(r#""name":"disk""#) && what.contains("is full"),
        "{what}"
    );
    until("the log says it", || async {
        let log = std::fs::read_to_string(&log).unwrap();
        (log.contains("ERROR") && log.contains("is full")).then_some(())
    })
    .await;

    drop(filling);
    std::fs::remove_file(&rest).unwrap();
    tablet
        .send(frame(1_000 + taken, &token, &accept(1 + taken)))
        .await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    until("it is ready again", || async {
        missing(operator).await.is_none().then_some(())
    })
    .await;
    until("the log says that, too", || async {
        std::fs::read_to_string(&log)
            .unwrap()
            .contains("has free space again")
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_it_starts_again_in_the_room_that_it_kept_and_takes_nothing_new() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=2).for_each(|n| cloud.put(order(n, 1)));
    let from = where_provider_is_known(&cloud, gateway).await;
    let disk = tempfile::tempdir().unwrap();
    let logs = tempfile::tempdir().unwrap();
    let mqtt = free();
    let operator = free();
    let log = logs.path().join("log");
    let sessions = cloud.hellos().len();
    let command =
        SmallDisk::full(disk.path(), from.path()).command(&settings(gateway, mqtt, operator));
    let edge = Edge::run(command, &log, mqtt).await;
    until("a session", || async {
        cloud.hellos().get(sessions).cloned()
    })
    .await;
    let what = until("it is not ready", || missing(operator)).await;
    assert!(what.contains("is full"), "{what}");
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    tablet.send(frame(1, &token, &accept(1))).await;
    assert_eq!(
        tablet.reply().await.hop,
        Hop::Decided,
        "it still knows its answers"
    );
    tablet.send(frame(1_000, &token, &accept(2))).await;
    assert_eq!(tablet.reply().await.code, Some(Code::StorageFull));

    let rest = format!(
        "/proc/{}/root{}/rest",
        edge.child.id(),
        disk.path().display()
    );
    std::fs::remove_file(rest).unwrap();
    until("it is ready again", || async {
        missing(operator).await.is_none().then_some(())
    })
    .await;
    tablet.send(frame(1_000, &token, &accept(2))).await;
    assert_ne!(tablet.reply().await.verdict, Verdict::NotTaken);
}

/// The edge's readiness failures, as shown to operators.
async fn missing(operator: SocketAddr) -> Option<String> {
    let url = format!("http://{operator}/health/ready");
    let request = http::Request::get(url)
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = process::client::Client::new()
        .send_request(request)
        .await
        .unwrap();
    let is_ready = answer.status().is_success();
    let body = axum::body::to_bytes(answer.into_body(), 10_000)
        .await
        .unwrap();
    (!is_ready).then(|| String::from_utf8(body.to_vec()).unwrap())
}
