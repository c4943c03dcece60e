//! The commit that stores an outcome also retires its op: a reader of the file never finds a
//! command that is neither pending nor decided. A kill between two commits would leave one.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use holdfast_edge::path_in;
use rusqlite::{Connection, OpenFlags};
use wire::Role;

use crate::world::{accept, cloud::Cloud, edge, frame, order, tablet::Tablet, until};

const COMMANDS: u128 = 50;
const LOST: &str = "SELECT count(*) FROM commands c WHERE c.outcome IS NULL AND NOT EXISTS \
                    (SELECT 1 FROM pending p WHERE p.epoch = c.epoch AND p.seq = c.seq)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_ever_finds_a_command_that_neither_waits_nor_is_decided() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=COMMANDS).for_each(|n| cloud.put(order(n, 1)));
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    let fed = u64::try_from(COMMANDS).unwrap();
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == fed)
    })
    .await;
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt.unwrap(), "t-1", &token, 20).await;

    let watcher = Watcher::of(data.path());
    for n in 1..=COMMANDS {
        tablet.send(frame(1_000 + n, &token, &accept(n))).await;
        // Two replies per command: stored at the edge, then decided in the cloud.
        for _ in 0..2 {
            tablet.reply().await;
        }
    }
    let (looks, lost) = watcher.end();
    assert!(looks > fed, "it looked {looks} times only");
    assert_eq!(lost, 0, "lost at {lost} of {looks} looks");
    edge.stop().await;
}

/// Polls the file, like another process.
struct Watcher {
    over: Arc<AtomicBool>,
    watching: JoinHandle<(u64, u64)>,
}

impl Watcher {
    fn of(data: &Path) -> Self {
        let file = Connection::open_with_flags(path_in(data), OpenFlags::SQLITE_OPEN_READ_ONLY);
        let file = file.unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let end = over.clone();
        let watching = thread::spawn(move || {
            let mut looks = 0;
            let mut lost = 0;
            let mut look = file.prepare(LOST).unwrap();
            while !end.load(Ordering::Relaxed) {
                let found: i64 = look.query_row([], |row| row.get(0)).unwrap();
                looks += 1;
                lost += u64::from(found > 0);
            }
            (looks, lost)
        });
        Self { over, watching }
    }

    fn end(self) -> (u64, u64) {
        self.over.store(true, Ordering::Relaxed);
        self.watching.join().unwrap()
    }
}
