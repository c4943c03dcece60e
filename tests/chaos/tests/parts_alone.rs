//! Stops and restarts each part in a seeded order: with its stores up, and with a required server
//! away. `/health/ready` is right at each moment, and every part recovers without help.

mod parts_away;
mod scene;
mod servers_away;

use std::time::Duration;

use scene::Scene;
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Draws};
use wire::{OrderStatus, Region, Role};

/// All servers and parts that start together after a power cut share a busy machine's two
/// processors, and RabbitMQ alone then takes most of a minute.
const SOON: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn each_part_alone_goes_and_comes_back_and_the_others_tell_so() {
    let layout = Layout::temporary(Stores::Real).unwrap();
    let scene = Scene::of(Stack::start(layout, &Wishes::default()).await.unwrap());
    let seed = Draws::seed();
    println!("HOLDFAST_CHAOS_SEED={seed}");
    let mut draws = Draws::of(seed);
    parts_away::one_after_the_other(&scene, &mut draws).await;
    servers_away::one_after_the_other(&scene, &mut draws).await;
    servers_away::all_with_all_parts(&scene, &mut draws).await;

    scene.stack.healthy(SOON).await.unwrap();
    let api = Api::new(scene.stack.layout().gateway_url());
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let published = api
        .publish(&customer, Region::Mid, "After the power cut")
        .await
        .unwrap();
    assert_eq!(published.status, OrderStatus::PendingReview);
    scene.stack.stop().await.unwrap();
}

fn shuffled<T: Copy>(these: &[T], draws: &mut Draws) -> Vec<T> {
    let mut rest = these.to_vec();
    std::iter::from_fn(|| (!rest.is_empty()).then(|| rest.swap_remove(draws.below(rest.len()))))
        .collect()
}
