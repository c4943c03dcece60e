//! The disk fills up level by level, on a small file system of its own.

use wire::{Code, Hop, Order, OrderStatus, Role, Verdict};

use crate::{
    full_disk::where_provider_is_known,
    small_disk::EdgeOnDisk,
    world::{accept, cloud::Cloud, frame, order, tablet::Tablet, until},
};

/// A closed order of long ago.
fn closed(n: u128) -> Order {
    Order {
        status: OrderStatus::Cancelled,
        ..order(n, 1)
    }
}

/// The hourly cleanup, which may begin at any moment here, drops none of the closed orders.
const KEPT_BEYOND_ALL: &str = "edge.closed_orders_days=40000";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_warns_then_drops_copies_then_refuses_and_takes_commands_again_by_itself() {
    let (cloud, gateway) = Cloud::start().await;
    (1..=9).for_each(|n| cloud.put(order(n, 1)));
    (100..=400).for_each(|n| cloud.put(closed(n)));
    let from = where_provider_is_known(&cloud, gateway).await;
    let on_disk = EdgeOnDisk::start_with(gateway, from.path(), &[KEPT_BEYOND_ALL]).await;
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
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(on_disk.mqtt, "t-1", &token, 20).await;
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

    on_disk.end_process("-TERM").await;
    let mut tablet = Tablet::of(on_disk.mqtt, "t-1", &token, 20).await;
    tablet.send(new.clone()).await;
    assert_eq!(tablet.reply().await.code, Some(Code::StorageFull));
    // The log follows a moment later; a disk that is free by then was never reported as full.
    on_disk.until_logged_times(2, "refusing new commands").await;

    on_disk.empty();
    tablet.send(new).await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    on_disk.until_level("normal").await;
    on_disk.until_logged("has free space again").await;
    let refusals = on_disk.log_text().matches("refusing new commands").count();
    assert_eq!(refusals, 2, "once in each run");
}
