//! The disk becomes full at any moment of an edge's work, and has space again.

use std::{collections::BTreeSet, time::Duration};

use support::is_deep_run;
use tokio::time::timeout;
use wire::{Code, CommandId, Reply, Role, Verdict};

use crate::{
    full_disk::where_provider_is_known,
    small_disk::EdgeOnDisk,
    world::{accept, cloud::Cloud, frame, id, order, tablet::Tablet, until},
};

/// Commands under way at a point.
const BURST: u128 = 8;
const POINT_ORDERS: u128 = BURST + 1;
/// At every so many points the edge is killed while its disk is full.
const KILLED_EVERY: u128 = 10;
const RESUMES_WITHIN: Duration = Duration::from_secs(5);

fn points() -> u128 {
    if is_deep_run() { 200 } else { 20 }
}

/// Every other command is refused by this one code, without a receipt.
fn is_taken(reply: &Reply) -> bool {
    if reply.verdict == Verdict::NotTaken {
        assert_eq!(reply.code, Some(Code::StorageFull), "{reply:?}");
        assert!(reply.receipt.is_none());
        return false;
    }
    assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");
    assert!(reply.receipt.is_some());
    true
}

fn ids_in(cloud: &Cloud) -> Vec<CommandId> {
    let commands = cloud.commands();
    commands.iter().map(|op| op.command.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_its_disk_becomes_full_an_edge_refuses_keeps_what_it_took_and_resumes() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=1 + points() * POINT_ORDERS).for_each(|n| cloud.put(order(n, 1)));
    let from = where_provider_is_known(&cloud, gateway).await;
    let on_disk = EdgeOnDisk::start(gateway, from.path()).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.digest == cloud.digest())
    })
    .await;
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(on_disk.mqtt, "t-1", &token, 20).await;
    let mut taken = BTreeSet::new();
    for point in 0..points() {
        let is_killed = point % KILLED_EVERY == KILLED_EVERY - 1;
        if is_killed {
            // Then the room for a start on a full disk is there again.
            on_disk.until_level("normal").await;
        }
        let first = 2 + point * POINT_ORDERS;
        for n in first..first + BURST {
            tablet.send(frame(1_000 + n, &token, &accept(n))).await;
        }
        for n in 0..BURST {
            if n == point % BURST {
                on_disk.fill_but(u64::try_from(point % 17).unwrap());
            }
            let reply = tablet.reply().await;
            if is_taken(&reply) {
                taken.extend(reply.command_id);
            }
        }
        let n = first + BURST;
        let last = frame(1_000 + n, &token, &accept(n));
        // The edge itself may have freed some space meanwhile.
        on_disk.fill_but(0);
        tablet.send(last.clone()).await;
        let reply = tablet.reply().await;
        assert!(!is_taken(&reply), "at point {point} the disk is full");
        if is_killed {
            on_disk.end_process("-KILL").await;
            // The start has emptied the write-ahead log.
            on_disk.fill_but(0);
            tablet = Tablet::of(on_disk.mqtt, "t-1", &token, 20).await;
            tablet.send(last.clone()).await;
            assert!(!is_taken(&tablet.reply().await), "after a start, too");
        }
        on_disk.empty();
        let resumed = timeout(RESUMES_WITHIN, async {
            loop {
                tablet.send(last.clone()).await;
                if is_taken(&tablet.reply().await) {
                    return;
                }
            }
        });
        resumed.await.expect("it takes commands again");
        taken.insert(CommandId(id(1_000 + n)));
    }
    // The command of the first run.
    taken.insert(CommandId(id(1)));
    cloud.heal();
    let known = until("all that was taken is in the cloud", || async {
        let known: BTreeSet<CommandId> = ids_in(&cloud).into_iter().collect();
        taken.is_subset(&known).then_some(known)
    })
    .await;
    assert_eq!(known, taken, "a refused command left a trace");
    assert_eq!(ids_in(&cloud).len(), known.len(), "a command came twice");
}
