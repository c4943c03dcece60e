//! Firm answers of a region's holder, attacked by a person with no orders there.

use attack::{AttackedPlatform, HttpCall, PATIENCE, Somebody};
use serde_json::json;
use support::eventually;
use tokio::task::JoinSet;
use wire::{CommandBody, EdgeId, OrderId, Region, Role, Verdict};

const REGION: Region = Region::North;
/// The most commands an edge takes from one person at once.
const FLOOD: u64 = 1_200;
const AT_ONCE: u64 = 24;

/// Assigns the region to its edge, and waits until the edge has synced the assignment.
async fn grant(platform: &AttackedPlatform, admin: &Somebody) {
    let edge = platform.edge().edge.clone();
    let asked = json!({"policy": "exclusive", "holder": edge, "epoch": 1});
    let path = format!("/api/v1/admin/assignments/{REGION}");
    admin.done(HttpCall::new("PUT", &path).json(&asked)).await;
    eventually("the edge holds its region", PATIENCE, async || {
        let report = platform.stack.status().await.ok()?;
        let region = report
            .regions
            .into_iter()
            .find(|report| report.region == REGION)?;
        let edge = region.edges.first()?;
        let even = edge.lag_down_changes == 0 && edge.undecided == 0;
        let held = region.holder.as_ref().map(EdgeId::as_str) == Some(edge.edge.as_str());
        (even && held).then_some(())
    })
    .await;
}

/// Publishes and approves two orders, and waits for both on the edge's board.
async fn two_open_orders(
    platform: &AttackedPlatform,
    admin: &Somebody,
    customer: &Somebody,
) -> [OrderId; 2] {
    let orders = [
        customer.publish_approved(admin, REGION, "Job 1").await,
        customer.publish_approved(admin, REGION, "Job 2").await,
    ];
    for order in orders {
        platform.until_on_board(admin, order).await;
    }
    orders
}

/// Starts one order once and floods the other. These commands can never change an order.
async fn starts_others_orders(stranger: &Somebody, port: u16, once: OrderId, flooded: OrderId) {
    let start = |order_id| CommandBody::StartOrder {
        order_id,
        start_code: None,
        photos: Vec::new(),
    };
    let reply = stranger.send_and_read_reply(port, 1, start(once)).await;
    assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");
    let mut sending = JoinSet::new();
    for lane in 0..AT_ONCE {
        let stranger = stranger.clone();
        sending.spawn(async move {
            for n in (2..=FLOOD).filter(|n| n % AT_ONCE == lane) {
                // The edge may refuse some of them.
                let answer = stranger.send_command(port, n, start(flooded)).await;
                answer.expect("an answer");
            }
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent.expect("a lane of the flood");
    }
}

#[tokio::test]
async fn a_stranger_makes_the_holders_answers_provisional() {
    let platform = AttackedPlatform::on_any_stores().await;
    let admin = platform.admin().await;
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    let stranger = platform.provider().await;
    let port = platform.edge().http;
    grant(&platform, &admin).await;
    let orders = two_open_orders(&platform, &admin, &customer).await;
    // The stranger's commands wait in the log from here on.
    platform.stack.cut(REGION).await.unwrap();
    starts_others_orders(&stranger, port, orders[0], orders[1]).await;
    for (order_id, n) in orders.into_iter().zip(1..) {
        let accept = CommandBody::AcceptOrder { order_id };
        let reply = provider.send_and_read_reply(port, n, accept).await;
        assert_eq!(reply.verdict, Verdict::Firm, "order {n}: {reply:?}");
    }
    platform.stack.heal(REGION).await.unwrap();
    for order in orders {
        eventually(
            "the acceptance is decided as it was promised",
            PATIENCE,
            async || {
                let path = format!("/api/v1/orders/{order}");
                let answer = customer.ask(HttpCall::get(&path)).await.ok()?.json();
                (answer["provider_id"] == json!(provider.person.user_id)).then_some(())
            },
        )
        .await;
    }
}
