//! Accepts decided by the holder of a region: from the portal, and from another edge.

mod retries;

use http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use support::eventually;
use uuid::Uuid;
use wire::{
    Command, CommandBody, CommandId, EventType, FeedChange, Op, OrderId, Region, Role, Source,
    UnixMillis,
};

use crate::stage::{Edge, PATIENCE, Replica, Stage, accept, accept_on, asked, token};

pub(crate) const ASKS: &str = "/internal/asks";

/// A provider's accept of order `n` at the portal, with the command id `n`.
pub(crate) fn at_portal(n: u128, user: u128, token: &str) -> Value {
    let command = Command {
        id: CommandId(Uuid::from_u128(n)),
        body: CommandBody::AcceptOrder {
            order_id: OrderId(Uuid::from_u128(n)),
        },
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: None,
    };
    let actor = json!({"user_id": Uuid::from_u128(user), "role": "provider"});
    json!({"region": "NORTH", "command": command, "actor": actor, "token": token})
}

pub(crate) async fn enrol_holder(stage: &Stage, hub: &Replica) -> Edge {
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
    let (status, body) = stage
        .as_order(&hub, Method::POST, ASKS, Some(ask.clone()))
        .await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &json!("region_assigning_offline"))
    );

    let mut holder = enrol_holder(&stage, &hub).await;
    for _ in 0..2 {
        let (status, body) = stage
            .as_order(&hub, Method::POST, ASKS, Some(ask.clone()))
            .await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    let mut reused = ask.clone();
    reused["command"]["body"]["order_id"] = json!(Uuid::from_u128(70));
    let (_, body) = stage.as_order(&hub, Method::POST, ASKS, Some(reused)).await;
    assert_eq!(body["code"], json!("command_id_reused"));
    holder.until(|edge| !edge.asks.is_empty()).await;
    let put = holder.asks[0].clone();
    assert_eq!(
        (put.command.id.0, put.actor.user_id.0),
        (Uuid::from_u128(7), Uuid::from_u128(5))
    );
    assert_eq!(put.link_session, holder.link_session());
    assert_ne!(
        put.token, provider,
        "the person's own token goes to no edge"
    );

    holder.log = vec![token(&put.token), asked(&holder.asks[0], 1)];
    holder.up(1, 2).await;
    holder.until_outcomes(2).await;
    let decided = stage.owner.script().decided.clone();
    assert_eq!(
        decided[0].1.unwrap().user_id.0,
        Uuid::from_u128(5),
        "its token is its own"
    );
    assert_eq!(stage.owner.script().made_at, [(2, Some(Source::Portal))]);
    assert_eq!(holder.asks.len(), 1, "an accept is put once");
    stage.assign_north(&hub, 2, None).await;
    assert!(
        stage.owner.script().waited.is_empty(),
        "nothing of it waits any more"
    );
}

#[tokio::test]
async fn an_accept_that_the_holder_never_logged_is_decided_when_the_right_ends() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    let ask = at_portal(7, 5, &stage.token(Role::Provider, 5));
    stage
        .as_order(&hub, Method::POST, ASKS, Some(ask.clone()))
        .await;
    let strangers = at_portal(7, 6, &stage.token(Role::Provider, 6));
    stage
        .as_order(&hub, Method::POST, ASKS, Some(strangers))
        .await;
    holder.until(|edge| edge.asks.len() == 2).await;
    holder.vanish();
    stage
        .north_until(&hub, |edge| edge.link == wire::LinkState::Down)
        .await;
    let (status, _) = stage.as_order(&hub, Method::POST, ASKS, Some(ask)).await;
    assert_eq!(status, StatusCode::OK, "it waits already");
    let late = at_portal(8, 5, &stage.token(Role::Provider, 5));
    let (status, _) = stage.as_order(&hub, Method::POST, ASKS, Some(late)).await;
    assert_eq!(status, StatusCode::CONFLICT, "the holder is away");

    stage.assign_north(&hub, 2, None).await;
    eventually("it is decided", PATIENCE, async || {
        // Command ids are unique per user, so two accepts wait under one id.
        (stage.owner.script().waited == [CommandId(Uuid::from_u128(7)); 2]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_was_revoked_while_an_accept_waited_is_handed_in_as_revoked() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    for (n, user) in [(7, 5), (8, 6)] {
        let ask = at_portal(n, user, &stage.token(Role::Provider, user));
        stage.as_order(&hub, Method::POST, ASKS, Some(ask)).await;
    }
    let body = json!({"user_id": Uuid::from_u128(6), "role": "provider"});
    stage.publish(EventType::UserRevoked, body).await;
    holder
        .until(|edge| {
            edge.changes
                .iter()
                .any(|c| matches!(c, FeedChange::Revoked { .. }))
        })
        .await;
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
    let _holder = enrol_holder(&stage, &hub).await;
    for n in [7, 8, 9] {
        let ask = at_portal(n, 5, &stage.token(Role::Provider, 5));
        stage.as_order(&hub, Method::POST, ASKS, Some(ask)).await;
    }
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

fn id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

#[tokio::test]
async fn held_approvals_keep_no_held_accept_from_the_holder() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    let mut other = stage.enrol(&hub, "north-2", Region::North).await;
    let provider = stage.edge_token(Role::Provider, 6);
    let now = stage.clock.now();
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
    let Ok(Op::Command(mut op)) = Op::from_bytes(&accept(n, 1, now)) else {
        unreachable!()
    };
    op.command.body = CommandBody::ApproveOrder {
        order_id: op.command.body.order_id(),
    };
    Op::Command(op).to_bytes()
}

#[tokio::test]
async fn another_edges_held_accept_is_settled_as_soon_as_its_holder_has_decided() {
    let mut stage = Stage::new(false).await;
    // Longer than the test waits, so only a signal can cause the retry.
    stage.hands_in_again_every(3_600_000);
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    let mut other = stage.enrol(&hub, "north-2", Region::North).await;
    let provider = stage.edge_token(Role::Provider, 6);
    let now = stage.clock.now();
    let taken_at = now.plus_ms(-60_000);
    other.log = vec![token(&provider), accept(9, 1, taken_at)];
    other.open(&hub).await;
    other.up(1, 2).await;
    other.until(|edge| !edge.held.is_empty()).await;
    holder.until(|edge| !edge.asks.is_empty()).await;
    let ask = holder.asks[0].clone();
    assert_eq!(
        (ask.command.id.0, ask.taken_at),
        (Uuid::from_u128(9), taken_at)
    );
    assert_eq!(ask.token, provider);

    holder.log = vec![token(&provider), asked(&ask, 1)];
    holder.up(1, 2).await;
    other.until_outcomes(2).await;
    assert_eq!(other.outcomes[1].seq, 2);
}

/// The origin survives even though the holder's log lacks it; a command sent to the holder directly
/// originates there.
#[tokio::test]
async fn an_accept_that_was_put_keeps_the_place_where_it_was_made() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    stage.owner.script().holder = Some(wire::EdgeId::new("north-1").unwrap());
    let mut other = stage.enrol(&hub, "north-2", Region::North).await;
    let provider = stage.edge_token(Role::Provider, 99);
    let now = stage.clock.now();
    other.log = vec![token(&provider), accept(9, 1, now), accept(11, 1, now)];
    other.open(&hub).await;
    other.up(1, 3).await;
    holder.until(|edge| edge.asks.len() == 2).await;
    let [one, _] = &holder.asks[..] else {
        unreachable!()
    };
    let itself = accept(11, 1, now.plus_ms(5_000));
    holder.log = vec![token(&one.token), asked(one, 1), itself];
    holder.up(1, 3).await;
    holder.until_outcomes(3).await;
    let told: Vec<_> = stage
        .owner
        .script()
        .made_at
        .iter()
        .map(|(_, at)| at.clone())
        .collect();
    let north = Source::Edge(wire::EdgeId::new("north-2").unwrap());
    assert!(told.contains(&Some(north.clone())), "{told:?}");
    let place = |seq: u64| format!("/api/v1/admin/ops/north-1/1/{seq}");
    for (seq, made_at) in [(2, Some(json!(north))), (3, None)] {
        let (_, op) = stage.admin(&hub, Method::GET, &place(seq), None).await;
        assert_eq!(op["command"].get("made_at"), made_at.as_ref(), "{op}");
    }
}

#[tokio::test]
async fn an_accept_behind_another_that_is_held_is_not_put_to_the_holder_before_it() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    let mut other = stage.enrol(&hub, "north-2", Region::North).await;
    let provider = stage.edge_token(Role::Provider, 6);
    let now = stage.clock.now();
    let behind = accept_on(10, 9, 1, now);
    other.log = vec![
        token(&provider),
        accept(9, 1, now),
        behind,
        accept(11, 1, now),
    ];
    other.open(&hub).await;
    other.up(1, 4).await;
    other.until(|edge| edge.held.len() == 3).await;
    holder.until(|edge| edge.asks.len() == 2).await;
    let put: Vec<u128> = holder
        .asks
        .iter()
        .map(|ask| ask.command.id.0.as_u128())
        .collect();
    assert_eq!(put, [9, 11]);
}

#[tokio::test]
async fn an_accept_waits_at_the_portal_until_auth_has_a_token_for_it() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    let ask = at_portal(7, 5, &stage.token(Role::Provider, 5));
    stage.auth.script().away = true;
    let (status, _) = stage
        .as_order(&hub, Method::POST, ASKS, Some(ask.clone()))
        .await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    stage.auth.script().away = false;
    let (_, body) = stage
        .as_order(&hub, Method::POST, ASKS, Some(at_portal(8, 5, "no token")))
        .await;
    assert_eq!(body["code"], json!("invalid_token"));
    let (status, _) = stage.as_order(&hub, Method::POST, ASKS, Some(ask)).await;
    assert_eq!(status, StatusCode::OK);
    holder.until(|edge| !edge.asks.is_empty()).await;
    assert_eq!(holder.asks.len(), 1);
}

/// The token put with an accept vouches for no other command.
#[tokio::test]
async fn a_holder_cannot_use_the_token_of_one_accept_for_another() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    let ask = at_portal(7, 5, &stage.token(Role::Provider, 5));
    stage.as_order(&hub, Method::POST, ASKS, Some(ask)).await;
    holder.until(|edge| !edge.asks.is_empty()).await;
    let put = holder.asks[0].clone();
    holder.log = vec![
        token(&put.token),
        asked(&put, 1),
        accept(8, 1, stage.clock.now()),
    ];
    holder.up(1, 3).await;
    holder.until_outcomes(3).await;
    let decided = stage.owner.script().decided.clone();
    let persons: Vec<_> = decided
        .iter()
        .map(|(_, actor)| actor.map(|a| a.user_id.0))
        .collect();
    assert_eq!(persons, [Some(Uuid::from_u128(5)), None]);
}

#[tokio::test]
async fn a_token_of_the_cloud_that_an_old_edge_sent_does_not_go_on_to_the_holder() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    let mut old = stage.enrol(&hub, "north-2", Region::North).await;
    let provider = stage.token(Role::Provider, 6);
    let now = stage.clock.now();
    old.log = vec![token(&provider), accept(9, 1, now)];
    old.open(&hub).await;
    old.up(1, 2).await;
    holder.until(|edge| !edge.asks.is_empty()).await;
    let put = holder.asks[0].clone();
    assert_ne!(put.token, provider);
    holder.log = vec![token(&put.token), asked(&put, 1)];
    holder.up(1, 2).await;
    old.until_outcomes(2).await;
}

#[tokio::test]
async fn only_the_order_service_asks_and_learns_where_an_edge_belongs() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    stage.enrol(&hub, "north-1", Region::North).await;
    let (status, seat) = stage
        .as_order(&hub, Method::GET, "/internal/seats/north-1", None)
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        seat,
        json!({"edge": "north-1", "region": "NORTH", "epoch": 1})
    );
    let (_, body) = stage
        .as_order(&hub, Method::GET, "/internal/seats/north-9", None)
        .await;
    assert_eq!(body["code"], json!("edge_unknown"));
    for (method, path) in [
        (Method::GET, "/internal/seats/north-1"),
        (Method::POST, ASKS),
    ] {
        let (status, _) = stage
            .admin(&hub, method, path, Some(at_portal(7, 5, "t")))
            .await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}
