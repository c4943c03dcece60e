//! Accepts that the holder of a region decides: a person's at the portal, and another edge's.

#![allow(clippy::unwrap_used)]

mod stage;

use http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use stage::{Edge, PATIENCE, Replica, Stage, accept, accept_on, asked, token};
use support::eventually;
use uuid::Uuid;
use wire::{
    Change, Command, CommandBody, CommandId, EventType, Op, OrderId, Region, Role, UnixMillis,
};

const ASKS: &str = "/internal/asks";

/// A provider's accept of order `n` at the portal, under the command id `n`.
fn at_portal(n: u128, user: u128, token: &str) -> Value {
    let command = Command {
        id: CommandId(Uuid::from_u128(n)),
        body: CommandBody::AcceptOrder { order_id: OrderId(Uuid::from_u128(n)) },
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: None,
    };
    let actor = json!({"user_id": Uuid::from_u128(user), "role": "provider"});
    json!({"region": "NORTH", "command": command, "actor": actor, "token": token})
}

async fn holder(stage: &Stage, hub: &Replica) -> Edge {
    let mut holder = stage.enrol(hub, "north-1", Region::North).await;
    holder.open(hub).await;
    stage.assign_north(hub, 1, Some("north-1")).await;
    holder
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn an_accept_at_the_portal_is_put_to_the_holder_and_settled_by_its_log(#[case] mysql: bool) {
    let stage = Stage::new(mysql).await;
    let hub = stage.replica().await;
    let provider = stage.token(Role::Provider, 5);
    let ask = at_portal(7, 5, &provider);
    let (status, body) = stage.as_order(&hub, Method::POST, ASKS, Some(ask.clone())).await;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("region_assigning_offline")));

    let mut holder = holder(&stage, &hub).await;
    for _ in 0..2 {
        let (status, body) = stage.as_order(&hub, Method::POST, ASKS, Some(ask.clone())).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    let mut reused = ask.clone();
    reused["command"]["body"]["order_id"] = json!(Uuid::from_u128(70));
    let (_, body) = stage.as_order(&hub, Method::POST, ASKS, Some(reused)).await;
    assert_eq!(body["code"], json!("command_id_reused"));
    holder.until(|edge| !edge.asks.is_empty()).await;
    let put = holder.asks[0].clone();
    assert_eq!((put.command.id.0, put.actor.user_id.0), (Uuid::from_u128(7), Uuid::from_u128(5)));
    assert_eq!((put.token, put.standing), (provider.clone(), holder.standing()));

    holder.log = vec![token(&provider), asked(&holder.asks[0], 1)];
    holder.up(1, 2).await;
    holder.until_outcomes(2).await;
    let decided = stage.owner.script().decided.clone();
    assert_eq!(decided[0].1.unwrap().user_id.0, Uuid::from_u128(5), "its token is its own");
    assert_eq!(holder.asks.len(), 1, "an accept is put once");
    stage.assign_north(&hub, 2, None).await;
    assert!(stage.owner.script().waited.is_empty(), "nothing of it waits any more");
}

#[tokio::test]
async fn an_accept_that_the_holder_never_logged_is_decided_when_the_right_ends() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = holder(&stage, &hub).await;
    let ask = at_portal(7, 5, &stage.token(Role::Provider, 5));
    stage.as_order(&hub, Method::POST, ASKS, Some(ask.clone())).await;
    let strangers = at_portal(7, 6, "t");
    stage.as_order(&hub, Method::POST, ASKS, Some(strangers)).await;
    holder.until(|edge| edge.asks.len() == 2).await;
    holder.vanish();
    stage.north_until(&hub, |edge| edge.link == wire::LinkState::Down).await;
    let (status, _) = stage.as_order(&hub, Method::POST, ASKS, Some(ask)).await;
    assert_eq!(status, StatusCode::OK, "it waits already");
    let late = at_portal(8, 5, "t");
    let (status, _) = stage.as_order(&hub, Method::POST, ASKS, Some(late)).await;
    assert_eq!(status, StatusCode::CONFLICT, "the holder is away");

    stage.assign_north(&hub, 2, None).await;
    eventually("it is decided", PATIENCE, async || {
        // An id is its user's own, so two wait under it.
        (stage.owner.script().waited == [CommandId(Uuid::from_u128(7)); 2]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_was_revoked_while_an_accept_waited_is_handed_in_as_revoked() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = holder(&stage, &hub).await;
    for (n, user) in [(7, 5), (8, 6)] {
        let ask = at_portal(n, user, &stage.token(Role::Provider, user));
        stage.as_order(&hub, Method::POST, ASKS, Some(ask)).await;
    }
    let body = json!({"user_id": Uuid::from_u128(6), "role": "provider"});
    stage.publish(EventType::UserRevoked, body).await;
    holder.until(|edge| edge.changes.iter().any(|c| matches!(c, Change::Revoked { .. }))).await;
    stage.assign_north(&hub, 2, None).await;
    eventually("both are decided", PATIENCE, async || {
        let script = stage.owner.script();
        let revoked = script.waited_revoked.clone();
        (revoked == [false, true]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_waiting_accept_that_cannot_be_decided_keeps_no_other_waiting() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let _holder = holder(&stage, &hub).await;
    for n in [7, 8, 9] {
        let ask = at_portal(n, 5, &stage.token(Role::Provider, 5));
        stage.as_order(&hub, Method::POST, ASKS, Some(ask)).await;
    }
    let id = |n| CommandId(Uuid::from_u128(n));
    stage.owner.script().bad_asks.insert(id(8));
    stage.assign_north(&hub, 2, None).await;
    let waited = async |ids: &[u128]| {
        let ids: Vec<_> = ids.iter().map(|n| id(*n)).collect();
        eventually("these are decided", PATIENCE, async || {
            (stage.owner.script().waited == ids).then_some(())
        })
        .await;
    };
    waited(&[7, 9]).await;
    stage.owner.script().bad_asks.clear();
    waited(&[7, 9, 8]).await;
}

#[tokio::test]
async fn held_approvals_keep_no_held_accept_from_the_holder() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = holder(&stage, &hub).await;
    let mut other = stage.enrol(&hub, "north-2", Region::North).await;
    let (provider, now) = (stage.token(Role::Provider, 6), stage.clock.now());
    other.log = vec![token(&provider)];
    other.log.extend((1_001..=1_250).map(|n| approve(n, now)));
    other.log.push(accept(9, 1, now));
    other.open(&hub).await;
    other.up(1, other.log.len()).await;
    holder.until(|edge| !edge.asks.is_empty()).await;
    assert_eq!(holder.asks[0].command.id.0, Uuid::from_u128(9));
}

/// An edge's approval of order `n`.
fn approve(n: u128, now: UnixMillis) -> Vec<u8> {
    let Ok(Op::Command(mut op)) = Op::from_bytes(&accept(n, 1, now)) else { unreachable!() };
    op.command.body = CommandBody::ApproveOrder { order_id: op.command.body.order_id() };
    Op::Command(op).to_bytes()
}

#[tokio::test]
async fn another_edges_held_accept_is_settled_through_the_holder_at_once() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = holder(&stage, &hub).await;
    let mut other = stage.enrol(&hub, "north-2", Region::North).await;
    let (provider, now) = (stage.token(Role::Provider, 6), stage.clock.now());
    let taken_at = now.plus_ms(-60_000);
    other.log = vec![token(&provider), accept(9, 1, taken_at)];
    other.open(&hub).await;
    other.up(1, 2).await;
    other.until(|edge| !edge.held.is_empty()).await;
    holder.until(|edge| !edge.asks.is_empty()).await;
    let ask = holder.asks[0].clone();
    assert_eq!((ask.command.id.0, ask.taken_at), (Uuid::from_u128(9), taken_at));
    assert_eq!(ask.token, provider);

    let before = stage.clock.elapsed();
    holder.log = vec![token(&provider), asked(&ask, 1)];
    holder.up(1, 2).await;
    other.until_outcomes(2).await;
    let took = stage.clock.elapsed().saturating_sub(before);
    assert!(took.as_millis() < 1_000, "it waited for the clock: {took:?}");
    assert_eq!(other.outcomes[1].seq, 2);
}

#[tokio::test]
async fn an_accept_behind_another_that_is_held_is_not_put_to_the_holder_before_it() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = holder(&stage, &hub).await;
    let mut other = stage.enrol(&hub, "north-2", Region::North).await;
    let (provider, now) = (stage.token(Role::Provider, 6), stage.clock.now());
    let behind = accept_on(10, 9, 1, now);
    other.log = vec![token(&provider), accept(9, 1, now), behind, accept(11, 1, now)];
    other.open(&hub).await;
    other.up(1, 4).await;
    other.until(|edge| edge.held.len() == 3).await;
    holder.until(|edge| edge.asks.len() == 2).await;
    let put: Vec<u128> = holder.asks.iter().map(|ask| ask.command.id.0.as_u128()).collect();
    assert_eq!(put, [9, 11]);
}

#[tokio::test]
async fn only_the_order_service_asks_and_learns_where_an_edge_belongs() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    stage.enrol(&hub, "north-1", Region::North).await;
    let (status, seat) = stage.as_order(&hub, Method::GET, "/internal/seats/north-1", None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(seat, json!({"edge": "north-1", "region": "NORTH", "epoch": 1}));
    let (_, body) = stage.as_order(&hub, Method::GET, "/internal/seats/north-9", None).await;
    assert_eq!(body["code"], json!("edge_unknown"));
    for (method, path) in [(Method::GET, "/internal/seats/north-1"), (Method::POST, ASKS)] {
        let (status, _) = stage.admin(&hub, method, path, Some(at_portal(7, 5, "t"))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}
