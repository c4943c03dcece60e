//! The disk becomes full at any moment of an edge's work, and has space again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use process::tokens::Signer;
use support::{files::name_photo, is_deep_run};
use tokio::time::timeout;
use wire::{Code, CommandId, Reply, Role, Verdict};

use crate::{
    full_disk::where_provider_is_known,
    photos::{PART_BYTES, PhotoTablet, START, have_of},
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

/// The edge is killed at this point while its disk is full.
fn is_killed_at(point: u128) -> bool {
    point % KILLED_EVERY == KILLED_EVERY - 1
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
        let is_killed = is_killed_at(point);
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

/// Orders that the cloud changes again and again.
const CHANGED_ORDERS: u128 = 100;

/// Changes in the cloud come until the edge cannot store one: it has no space left.
async fn change_orders_until_disk_is_full(cloud: &Cloud, on_disk: &EdgeOnDisk, version: &mut u64) {
    const FAILED: &str = "the edge's database failed";
    let failed_before = on_disk.log_text().matches(FAILED).count();
    loop {
        *version += 1;
        (1..=CHANGED_ORDERS).for_each(|n| cloud.put(order(n, *version)));
        // The edge frees some space while it runs short.
        on_disk.fill_but(0);
        let stored = until("the changes are stored, or cannot be", || async {
            let has_failed = on_disk.log_text().matches(FAILED).count() > failed_before;
            let is_stored = cloud.last_ack()?.digest == cloud.digest();
            (has_failed || is_stored).then_some(is_stored && !has_failed)
        });
        if !stored.await {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_whose_disk_becomes_full_under_the_feed_has_all_of_it_once_there_is_space() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=CHANGED_ORDERS).for_each(|n| cloud.put(order(n, 1)));
    let from = where_provider_is_known(&cloud, gateway).await;
    let on_disk = EdgeOnDisk::start(gateway, from.path()).await;
    let mut version = 2;
    for point in 0..points() {
        if is_killed_at(point) {
            on_disk.until_level("normal").await;
        }
        on_disk.fill_but(u64::try_from(point % 17).unwrap());
        change_orders_until_disk_is_full(&cloud, &on_disk, &mut version).await;
        if is_killed_at(point) {
            on_disk.end_process("-KILL").await;
        }
        on_disk.empty();
        let applied = until("the feed is stored", || async {
            cloud.last_ack().filter(|ack| ack.digest == cloud.digest())
        });
        let applied = timeout(RESUMES_WITHIN, applied);
        applied.await.expect("it stores the feed again");
    }
}

/// Of points with one free block: the next part needs two.
const PHOTO_KILLED_EVERY: u128 = 3;

/// The edge takes photos until the disk itself has no space.
const UNTIL_FULL: [&str; 4] = [
    "edge.disk_warn_percent=100",
    "edge.disk_shed_percent=100",
    "edge.disk_refuse_percent=100",
    "edge.disk_floor_mib=0",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_its_disk_becomes_full_a_photo_goes_on_where_its_tablet_was_told() {
    let (cloud, gateway) = Cloud::start().await;
    let key = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    cloud.seal_with(Some(&key));
    cloud.take_photos();
    cloud.put(order(1, 1));
    let from = where_provider_is_known(&cloud, gateway).await;
    let on_disk = EdgeOnDisk::start_with(gateway, from.path(), &UNTIL_FULL).await;
    let token = cloud.people().token(Role::Provider, 20);
    let parts = usize::try_from(points()).unwrap() * 4;
    let picture = (0..=250).cycle().take(parts * PART_BYTES).collect();
    let tablet = PhotoTablet::new(on_disk.http, &token, picture);
    let (command, start) = tablet.start_order();
    let reply = tablet.send_command(command, &start).await.unwrap();
    assert_eq!(reply["verdict"], "provisional");
    cloud.cut();
    let mut confirmed = 0;
    for point in 0..points() {
        if point % PHOTO_KILLED_EVERY == 0 {
            on_disk.until_level("normal").await;
        }
        let blocks = u64::try_from(1 + point % 3).unwrap();
        let filling = async { on_disk.fill_but(blocks) };
        (confirmed, ()) = tokio::join!(upload_until_disk_is_full(&tablet, confirmed), filling);
        if point % PHOTO_KILLED_EVERY == 0 {
            on_disk.end_process("-KILL").await;
        }
        let have = tablet.find_standing().await.unwrap().unwrap();
        assert_eq!(have_of(&have), confirmed, "at point {point}");
        on_disk.empty();
        let resumed = timeout(RESUMES_WITHIN, async {
            loop {
                match tablet.send_next_part(confirmed).await.unwrap() {
                    Ok(standing) => return have_of(&standing),
                    Err(code) => assert_eq!(code, Code::StorageFull),
                }
            }
        });
        confirmed = resumed.await.expect("it takes photos again");
    }
    tablet.upload_while_it_lives(confirmed).await;
    cloud.heal();
    until("the photo is in the cloud", || async {
        let standing = tablet.find_standing().await?.ok()?;
        (standing["state"] == "sent").then_some(())
    })
    .await;
    let staged = cloud.staged_photos();
    let name = (CommandId(id(START)), name_photo(&tablet.picture).hash);
    assert!(staged == BTreeMap::from([(name, tablet.picture)]));
}

/// Returns how many bytes the edge has confirmed.
async fn upload_until_disk_is_full(tablet: &PhotoTablet, mut confirmed: usize) -> usize {
    loop {
        match tablet.send_next_part(confirmed).await.unwrap() {
            Ok(standing) => confirmed = have_of(&standing),
            Err(code) => {
                assert_eq!(code, Code::StorageFull);
                return confirmed;
            }
        }
    }
}
