//! Fifty kiosk orders with photos live and end in a cut-off region under its rules. They collide
//! with cancels in the cloud, and some cost more than a rule allows. After healing, every order,
//! payment, photo and history is right, and what the edge decided is listed until an admin closes
//! it.
//!
//! `HOLDFAST_CHAOS_SEED=N` repeats a plan.

#![allow(clippy::unwrap_used)]

mod cases;
mod order;
mod payments;
mod pictures;
mod plan;
mod scene;
mod truth;

use std::time::Duration;

use order::KioskOrder;
use plan::{ORDERS, Plan};
use process::clock::Clock;
use scene::{CloudCancel, Scene};
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
    let Plan { known, cut_off } = Plan::draw(seed);
    assert_eq!(cut_off.len(), ORDERS);
    print_time("the platform runs");
    let known = scene.make_known_orders(known).await;
    let cancels = CloudCancel::list(&known);
    print_time("the cloud knows some orders");

    scene.cut_wire().await;
    let (mut orders, known, ()) = tokio::join!(
        scene.publish_cut_off(cut_off),
        scene.work_on_known(known),
        scene.cancel_in_cloud(cancels),
    );
    scene.check_region_alone(&orders, &known).await;
    print_time("fifty orders have lived while the region was cut off");

    orders.extend(known);
    let healed_at = scene.heal_wire();
    if is_deep_run() {
        scene
            .break_wire_among_commands(&orders[0], &orders[ORDERS - 1])
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
    scene.check_cases(&orders).await;
    print_time("orders, histories, photos, inboxes and cases are right");
    scene.check_payments(&orders).await;
    scene.end_waiting_orders(&orders).await;
    scene.check_books(&orders).await;
    scene.stack.healthy(LIMIT).await.unwrap();
    print_time("payments are right, and what waited goes on");
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
