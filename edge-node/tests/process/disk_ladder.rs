//! The disk fills up level by level, on a small file system of its own.

use std::{fs::File, io::Write, net::SocketAddr, path::PathBuf, process::Command};

use serde_json::Value;
use wire::{Code, Hop, Order, OrderStatus, Verdict};

use crate::{
    Edge, command, free,
    full_disk::{SmallDisk, where_provider_is_known},
    settings,
    world::{PATIENCE, accept, cloud::Cloud, frame, order, tablet::Tablet, until},
};

/// The edge on its disk. Its parent, a shell, starts it again whenever it ends.
struct EdgeOnDisk {
    edge: Edge,
    folder: PathBuf,
    /// The folder as seen from outside its mounts.
    data: PathBuf,
    log: PathBuf,
    http: SocketAddr,
}

impl EdgeOnDisk {
    async fn level(&self) -> Option<String> {
        let url = format!("http://{}/standing", self.http);
        let client = process::client::Client::new();
        let answer: Result<Value, _> = client
            .send_json(http::Method::GET, &url, None, None::<&()>, PATIENCE)
            .await;
        Some(answer.ok()?["disk"]["level"].as_str()?.to_owned())
    }

    async fn until_level(&self, level: &str) {
        until(level, || async {
            (self.level().await.as_deref() == Some(level)).then_some(())
        })
        .await;
    }

    async fn until_logged(&self, words: &str) {
        self.until_logged_times(1, words).await;
    }

    async fn until_logged_times(&self, times: usize, words: &str) {
        until(words, || async {
            (self.log_text().matches(words).count() >= times).then_some(())
        })
        .await;
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Other files fill the disk up to this share.
    fn fill(&self, percent: u64) {
        let stat = || rustix::fs::statvfs(&self.data).unwrap();
        let rest = self.data.join("rest");
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(rest)
            .unwrap();
        while (stat().f_blocks - stat().f_bavail) * 100 < stat().f_blocks * percent {
            file.write_all(&[0; 4096]).unwrap();
        }
    }

    /// The report of the edge's file, from within its mounts.
    fn report(&self) -> Value {
        let sets = ["edge.disk_floor_mib=1".to_owned()];
        let report = command(&self.folder, &sets, &["report", "--json"]);
        let mut within = Command::new("nsenter");
        within.args(["--mount", "--target", &self.edge.child.id().to_string()]);
        if !rustix::process::geteuid().is_root() {
            within.args(["--user", "--preserve-credentials"]);
        }
        within.arg(report.get_program()).args(report.get_args());
        let output = within.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn stop_process(&self) {
        let shell = self.edge.child.id();
        let children = format!("/proc/{shell}/task/{shell}/children");
        let child = std::fs::read_to_string(children).unwrap();
        let status = Command::new("kill").args(["-TERM", child.trim()]).status();
        assert!(status.unwrap().success());
    }
}

/// A closed order of long ago.
fn closed(n: u128) -> Order {
    Order {
        status: OrderStatus::Cancelled,
        ..order(n, 1)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_warns_then_drops_copies_then_refuses_and_takes_commands_again_by_itself() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=9).for_each(|n| cloud.put(order(n, 1)));
    (100..=400).for_each(|n| cloud.put(closed(n)));
    let from = where_provider_is_known(&cloud, gateway).await;
    let folder = tempfile::tempdir().unwrap();
    let logs = tempfile::tempdir().unwrap();
    let mqtt = free();
    let http = free();
    let mut sets = settings(gateway, mqtt, free());
    sets.push(format!("edge.http_bind={http}"));
    let disk = SmallDisk::restarting(folder.path(), from.path());
    let log = logs.path().join("log");
    let edge = Edge::run(disk.command(&sets), &log, mqtt).await;
    let data = format!("/proc/{}/root{}", edge.child.id(), folder.path().display());
    let on_disk = EdgeOnDisk {
        edge,
        folder: folder.path().to_owned(),
        data: data.into(),
        log,
        http,
    };
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.digest == cloud.digest())
    })
    .await;
    on_disk.until_level("normal").await;
    cloud.cut();

    on_disk.fill(75);
    on_disk.until_level("warn").await;
    on_disk.until_logged("% full. Free some space").await;
    assert_eq!(on_disk.report()["disk"]["level"], "warn");
    assert!(!on_disk.log_text().contains("dropped="));

    on_disk.fill(90);
    on_disk.until_logged("dropped=301").await;
    // The relief has emptied the write-ahead log, too.
    on_disk.fill(90);
    on_disk.until_level("shed").await;

    on_disk.fill(96);
    let token = cloud.people().token(wire::Role::Provider, 20);
    let mut tablet = Tablet::of(mqtt, "t-1", &token, 20).await;
    let new = frame(1_000, &token, &accept(2));
    tablet.send(new.clone()).await;
    let refused = tablet.reply().await;
    assert_eq!(refused.code, Some(Code::StorageFull));
    assert!(refused.receipt.is_none());
    tablet.send(frame(1, &token, &accept(1))).await;
    assert_eq!(tablet.reply().await.hop, Hop::Decided, "a repeat");
    on_disk.until_level("refuse").await;
    on_disk.until_logged("refusing new commands").await;
    let told = on_disk.report();
    assert_eq!(
        (&told["pending"], &told["disk"]["level"]),
        (&0.into(), &"refuse".into())
    );

    on_disk.stop_process();
    on_disk.until_logged("Stopped").await;
    until("it runs again", || async {
        tokio::net::TcpStream::connect(mqtt).await.ok()
    })
    .await;
    let mut tablet = Tablet::of(mqtt, "t-1", &token, 20).await;
    tablet.send(new.clone()).await;
    assert_eq!(tablet.reply().await.code, Some(Code::StorageFull));
    // The log follows a moment later; a disk that is free by then was never reported as full.
    on_disk.until_logged_times(2, "refusing new commands").await;

    File::create(on_disk.data.join("rest")).unwrap();
    tablet.send(new).await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    on_disk.until_level("normal").await;
    on_disk.until_logged("has free space again").await;
    let refusals = on_disk.log_text().matches("refusing new commands").count();
    assert_eq!(refusals, 2, "once in each run");
}
