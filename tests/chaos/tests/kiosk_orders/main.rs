//! Fifty kiosk orders with photos live and end in a cut-off region under its rules. The region has
//! contact once, and some of the orders that the cloud knows from then collide with cancels there.
//! Some cost more than a rule allows. After healing, every order, payment, photo and history is
//! right. Each firm answer of the edge is listed, and what it decided under a rule is a case until
//! an admin closes it.
//!
//! `HOLDFAST_CHAOS_SEED=N` repeats a plan.

#![allow(clippy::unwrap_used)]

mod cancels;
mod cases;
mod order;
mod payments;
mod pictures;
mod plan;
mod promises;
mod scene;
mod truth;

use std::time::Duration;

use cancels::CloudCancel;
use order::KioskOrder;
use plan::{ORDERS, Plan};
use process::clock::Clock;
use scene::Scene;
use stack::Stores;
use support::{Draws, is_deep_run};
use wire::Region;

const REGION: Region = Region::South;
const PROVIDERS: usize = 4;
/// Long enough for a busy machine, on which a photo may have to wait for its check several times.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn kiosk_orders_of_a_cut_off_region_are_right_after_healing_and_its_decisions_can_be_closed()
{
    let seed = Draws::seed();
    for stores in Stores::for_test_run(is_deep_run()) {
        println!("HOLDFAST_CHAOS_SEED={seed} on {stores:?} stores");
        Box::pin(live_through_outage(stores, seed)).await;
    }
}

async fn live_through_outage(stores: Stores, seed: u64) {
    let clock = Clock::system();
    let begun = clock.elapsed();
    let print_time = |what: &str| {
        let seconds = clock.elapsed().saturating_sub(begun).as_secs_f64();
        println!("{seconds:.1} s: {what}");
    };
    let scene = Scene::open(stores).await;
    let Plan {
        before_contact,
        after_contact,
    } = Plan::draw(seed);
    assert_eq!(before_contact.len() + after_contact.len(), ORDERS);
    print_time("the platform runs");
    scene.cut_wire().await;
    let known = scene.publish_before_contact(before_contact).await;
    scene.check_cloud_knows_only(&[]).await;
    scene.heal_wire();
    let known = scene.settle_during_contact(known).await;
    let cancels = CloudCancel::list(&known);
    print_time("the cloud knows some orders");

    scene.cut_wire().await;
    let (mut orders, known, ()) = tokio::join!(
        scene.publish_after_contact(after_contact),
        scene.work_on_known(known),
        scene.cancel_in_cloud(cancels),
    );
    scene.check_region_alone(&orders, &known).await;
    let last_published = orders.len() - 1;
    orders.extend(known);
    print_time("fifty orders have lived and ended while the region was cut off");

    let healed_at = scene.heal_wire();
    if is_deep_run() {
        scene
            .break_wire_among_commands(&orders[0], &orders[last_published])
            .await;
        scene.break_wire_among_photos().await;
    }
    scene.check_decisions(&orders).await;
    print_time("everything is decided");
    scene.until_photos_sent().await;
    print_time("the photos have arrived");
    scene.check_orders(&orders).await;
    scene.check_histories(&orders, healed_at).await;
    check_all_photos(&scene, &orders).await;
    scene.check_inboxes(&orders).await;
    scene.check_promises(&orders, healed_at).await;
    scene.check_cases(&orders).await;
    print_time("orders, histories, photos, inboxes, promises and cases are right");
    scene.check_payments(&orders).await;
    scene.end_unpaid_orders(&orders).await;
    scene.check_books(&orders).await;
    scene.stack.healthy(LIMIT).await.unwrap();
    print_time("payments are right, and work goes on once it is paid");
    scene.stop().await;
}

/// Each order has its own photos, and none of its neighbour's.
async fn check_all_photos(scene: &Scene, orders: &[KioskOrder]) {
    let neighbours = orders.iter().cycle().skip(1);
    let pairs: Vec<_> = orders.iter().zip(neighbours).collect();
    scene
        .in_parallel(pairs, async |(order, neighbour)| {
            scene.check_photos(order, neighbour).await;
        })
        .await;
}
