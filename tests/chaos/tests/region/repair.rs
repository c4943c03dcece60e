//! Events dropped on purpose between the order service and the hub.

use axum::http::Method;
use serde_json::{Value, json};
use support::eventually;
use wire::{EventType, Role};

use super::{
    stage::{PATIENCE, ask},
    world::World,
};

const NOTHING: (u64, u64, bool) = (0, 0, false);

fn found(answer: &Value) -> (u64, u64, bool) {
    let number = |name: &str| answer[name].as_u64().unwrap();
    (
        number("repaired"),
        number("contradictions"),
        answer["unsettled"].as_bool().unwrap(),
    )
}

/// Waits until the hub has every event: one in transit would repair the damage that a test makes.
async fn all_has_arrived(world: &World) {
    eventually("all has arrived", PATIENCE, async || {
        (found(&world.compare().await) == NOTHING).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_lost_is_found_repaired_counted_and_named() {
    let world = World::start(false).await;
    let ids = [world.published().await, world.published().await];
    world.agreed(2).await;
    all_has_arrived(&world).await;
    let before = world.cloud.north().await;
    world
        .lose(EventType::OrderAccepted, async || {
            world.accept(&ids[0]).await
        })
        .await;
    assert_eq!(
        world.cloud.north().await.feed_seq,
        before.feed_seq,
        "the hub has not heard of it"
    );

    assert_eq!(found(&world.compare().await), (1, 0, false));
    world.agreed(2).await;
    let north = world.cloud.north().await;
    assert_eq!(
        north.feed_seq,
        before.feed_seq + 1,
        "the edges hear of it as of any change"
    );
    let repairs = north.repairs.unwrap();
    assert_eq!((repairs.repaired, repairs.contradictions), (1, 0));
    assert!(repairs.repaired_at.is_some());
    assert_eq!(found(&world.compare().await), NOTHING);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_a_region_assigns_is_repaired_too() {
    let world = World::start(false).await;
    world.published().await;
    world.agreed(1).await;
    world
        .lose(EventType::RegionAssigned, async || {
            world.grant_north().await
        })
        .await;
    assert_eq!(world.cloud.north().await.holder, None);
    eventually("the hub knows who holds the region", PATIENCE, async || {
        world.compare().await;
        world.cloud.north().await.holder
    })
    .await;
    world.agreed(1).await;
    assert_eq!(world.cloud.north().await.edges[0].unproven, None);
    world.stop().await;
}

/// An edge skips a change of a version it already has, so only a snapshot repairs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_say_differently_of_one_version_is_an_alarm_and_the_owner_is_right() {
    let world = World::start(false).await;
    world.published().await;
    world.agreed(1).await;
    all_has_arrived(&world).await;
    const TWICE: &str = "UPDATE orders SET title = 'Fix another tap'";
    assert_eq!(world.order_db.exec(TWICE, Vec::new()).await.unwrap(), 1);
    assert_eq!(found(&world.compare().await), (1, 1, false));
    eventually("the edge has got an image", PATIENCE, async || {
        (world.cloud.north().await.edges[0].repairs == 1).then_some(())
    })
    .await;
    world.agreed(1).await;
    let north = world.cloud.north().await;
    assert_eq!(north.repairs.unwrap().contradictions, 1);
    assert!(north.repairs.unwrap().contradicted_at.is_some());
    world.stop().await;
}

/// The digests agree, and no later change will deliver the order: only a snapshot repairs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_is_ahead_of_a_feed_which_has_all_gets_an_image_and_agrees_with_a_grant() {
    const FORGOTTEN: [&str; 2] = [
        "UPDATE orders SET feed_version = 0, feed_open = NULL",
        "UPDATE edge SET ahead = 1",
    ];
    let world = World::start(false).await;
    world.published().await;
    all_has_arrived(&world).await;
    world.agreed(1).await;
    let world = world.with_file_changed(&FORGOTTEN).await;
    eventually("the edge has got an image", PATIENCE, async || {
        (world.cloud.north().await.edges[0].repairs == 1).then_some(())
    })
    .await;
    world.agreed(1).await;
    world.grant_north().await;
    eventually("the edge has heard of the grant", PATIENCE, async || {
        let north = world.cloud.north().await;
        (north.holder.is_some() && north.edges[0].lag_down_changes == 0).then_some(())
    })
    .await;
    assert_eq!(world.cloud.north().await.edges[0].unproven, None);
    world.stop().await;
}

/// The grant's digest covers an order that the feed never delivered: the edge promises nothing
/// firmly. The region is repaired, and the same edge gets a new grant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_the_view_does_not_agree_with_is_put_right_and_given_anew() {
    let world = World::start(false).await;
    let id = world.published().await;
    world.agreed(1).await;
    world
        .lose(EventType::OrderAccepted, async || world.accept(&id).await)
        .await;
    world.grant_north().await;
    eventually(
        "the edge says that it does not agree",
        PATIENCE,
        async || (world.cloud.north().await.edges[0].unproven == Some(1)).then_some(()),
    )
    .await;
    eventually("it agrees", PATIENCE, async || {
        let north = world.cloud.north().await;
        let proven = north.edges[0].unproven.is_none();
        (proven && north.repairs?.repaired == 1).then_some(())
    })
    .await;
    let token = world.cloud.people.token(Role::Admin, 1);
    let path = "/api/v1/admin/assignments/NORTH";
    let (_, record) = ask(&world.order, &token, Method::GET, path, None).await;
    assert_eq!(
        (
            &record["assignment"]["fence"],
            &record["assignment"]["holder"]
        ),
        (&json!(2), &json!("north-1")),
        "{record}"
    );
    assert_eq!(record["fences"][1]["end"]["how"], "renewed", "{record}");
    world.stop().await;
}
