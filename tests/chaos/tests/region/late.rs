//! A transaction stays open while later ones commit. Its row has a lower number and still arrives.

use platform::{outbox, sql::SqlError, transact};
use serde_json::json;
use tokio::sync::oneshot;
use wire::{Event, EventId, EventType, Order, OrderId};

use super::world::World;

/// Creation and approval.
const CHANGES_OF_A_PUBLISHED_ORDER: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_transaction_commits_late_is_passed_over_by_no_reader() {
    let world = World::start(true).await;
    let empty = world.cloud.north().await.feed_seq;
    let first = world.published().await;
    world.agreed(1).await;
    let late = late_order(&world, &first).await;
    let event = created(&world, &late);

    // Its event already has a number, but is still invisible.
    let (written, is_written) = oneshot::channel::<()>();
    let (commit, may_commit) = oneshot::channel::<()>();
    let mut channels = Some((written, may_commit));
    let db = world.order_db.clone();
    let holding = async {
        transact!(db, tx => {
            outbox::add(tx, &event).await?;
            if let Some((written, may_commit)) = channels.take() {
                written.send(()).unwrap();
                may_commit.await.unwrap();
            }
            Ok::<_, SqlError>(())
        })
        .unwrap();
    };
    let others = async {
        is_written.await.unwrap();
        for _ in 0..3 {
            world.published().await;
        }
        let expected = empty + 4 * CHANGES_OF_A_PUBLISHED_ORDER;
        world
            .feed_reached("the others pass the open transaction", expected)
            .await;
        commit.send(()).unwrap();
        expected
    };
    let ((), before) = tokio::join!(holding, others);
    world.agreed(5).await;
    world
        .feed_reached("the late change stands behind them", before + 1)
        .await;
    world.stop().await;
}

/// A new order with the content of an existing one.
async fn late_order(world: &World, like: &str) -> Order {
    let id: OrderId = like.parse().unwrap();
    let known = world.order(id).await;
    let id = OrderId(world.cloud.people.new_id());
    Order {
        id,
        code: wire::OrderCode::from_order_id(known.location, id),
        ..known
    }
}

fn created(world: &World, order: &Order) -> Event {
    let id = EventId(world.cloud.people.new_id());
    let body = json!({
        "order": order,
        "actor": {"user_id": order.customer_id, "role": "customer"},
        "command_id": world.cloud.people.new_id(),
    });
    let trace = id.0.simple().to_string();
    Event {
        id,
        kind: EventType::OrderCreated,
        version: 1,
        at: order.created_at,
        trace,
        body,
    }
}
