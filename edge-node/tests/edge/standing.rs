//! What an edge tells of itself without a sign-in.

use holdfast_edge::{Config, start};
use process::clock::Clock;

use crate::world::{cloud::Cloud, config, get};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standing_says_how_many_days_closed_orders_are_kept() {
    let (_cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let settings = Config {
        closed_orders_days: 30,
        ..config(data.path(), &format!("http://{gateway}"))
    };
    let edge = start(settings, Clock::system()).await.unwrap();
    let standing = get(&edge, "/standing", None).await.unwrap();
    assert_eq!(standing["closed_orders_days"], 30);
    edge.stop().await;
}
