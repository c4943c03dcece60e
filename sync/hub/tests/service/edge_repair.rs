//! Edges are repaired even while the owner of another region's orders is silent.

use support::eventually;
use wire::{Hash, Region};

use crate::stage::{PATIENCE, Stage};

#[tokio::test]
async fn an_owner_that_keeps_silent_of_one_region_keeps_no_image_of_another_waiting() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    stage.owner.script().hanging = true;
    let mut north = stage.enrol(&hub, "north-1", Region::North).await;
    north.open(&hub).await;
    north.until(|edge| edge.feed_cursor == 1).await;
    // Only the owner can resolve an order that is ahead of the feed.
    north.acks(Hash::ZERO, 1).await;
    let mut south = stage.enrol(&hub, "south-1", Region::South).await;
    south.open(&hub).await;
    south.until(|edge| edge.feed_cursor == 1).await;
    south.ack(Hash::digest_bytes(b"something else")).await;

    eventually(
        "an image is on its way to the other",
        PATIENCE,
        async || {
            let report = stage.status(&hub).await;
            let south = &report.regions[usize::from(Region::South.index())].edges[0];
            south.repair_asked_at
        },
    )
    .await;
    eventually("the owner is asked", PATIENCE, async || {
        (stage.owner.script().asked_more > 0).then_some(())
    })
    .await;
}
