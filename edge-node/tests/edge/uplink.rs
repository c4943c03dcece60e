//! The link sends only committed ops: a crash must not take back an op that the cloud has.

use holdfast_edge::path_in;
use rusqlite::{Connection, OpenFlags};
use wire::{Op, Role};

use crate::world::{accept, cloud::Cloud, edge, frame, order, tablet::Tablet, until};

const COMMANDS: u128 = 50;

/// The named test for the planted defect `up_before_commit`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_up_stands_in_the_file_already() {
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
    let file = Connection::open_with_flags(path_in(data.path()), OpenFlags::SQLITE_OPEN_READ_ONLY)
        .unwrap();
    let mut stored = file
        .prepare("SELECT count(*) FROM log WHERE bytes = ?")
        .unwrap();

    for n in 1..=COMMANDS {
        let id = wire::CommandId(crate::world::id(1_000 + n));
        tablet.send(frame(1_000 + n, &token, &accept(n))).await;
        let heard = async {
            let op = until("the cloud hears it", || async {
                cloud.commands().into_iter().find(|op| op.command.id == id)
            });
            let bytes = Op::Command(op.await).to_bytes();
            stored
                .query_row([bytes], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        // The first reply comes from the edge. The tablet client only makes progress while it is
        // polled.
        let (found, _) = tokio::join!(heard, tablet.reply());
        assert_eq!(
            found, 1,
            "the cloud has heard of command {n}, the file has not"
        );
        tablet.reply().await;
    }
    edge.stop().await;
}
