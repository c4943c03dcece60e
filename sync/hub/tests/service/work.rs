//! Working the logs: in order, exactly once, with any service away, and past undecidable ops.

mod tokens;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use process::tokens::Claims;
use rstest::rstest;
use serde_json::json;
use support::eventually;
use uuid::Uuid;
use wire::{
    ChainHead, Code, CommandId, EarlierReceipt, EventType, FeedChange, Hash, HeldReason, Op,
    Policy, ProviderVerification, QuarantineWhy, Region, Role, UserId, Verdict,
};

use crate::stage::{Edge, PATIENCE, Replica, Stage, accept, accept_on, boot, token};

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_long_log_is_decided_once_each_and_in_order(#[case] mysql: bool) {
    const COUNT: u64 = 2_500;
    let stage = Stage::new(mysql).await;
    let hub = stage.replica().await;
    let _other = stage.replica().await;
    let mut edge = stage.enrol(&hub, "north-1", Region::North).await;
    let now = stage.clock.now();
    edge.log = vec![boot(), token(&stage.edge_token(Role::Provider, 5))];
    edge.log
        .extend((3..=COUNT).map(|n| accept(n.into(), 2, now)));
    edge.open(&hub).await;
    for first in (1..2_500).step_by(500) {
        edge.up(first, 500).await;
    }
    edge.until_outcomes(2_500).await;
    assert!(edge.outcome_seqs().into_iter().eq(1..=COUNT));
    let script = stage.owner.script();
    assert!(script.decided.iter().map(|(seq, _)| *seq).eq(3..=COUNT));
    assert!(
        script.batches.iter().all(|batch| *batch <= 1_000),
        "{:?}",
        script.batches
    );
}

#[tokio::test]
async fn an_edge_beyond_the_first_thousand_that_have_work_is_decided_too() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    stage.worked_elsewhere(1_000).await;
    let mut edge = stage.enrol(&hub, "north-1", Region::North).await;
    edge.log = vec![boot()];
    edge.open(&hub).await;
    edge.up(1, 1).await;
    edge.until_outcomes(1).await;
    hub.stop().await;
}

#[tokio::test]
async fn ops_are_decided_while_their_edge_is_away_and_by_the_next_hub() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    edge.log = vec![
        boot(),
        token(&stage.edge_token(Role::Provider, 5)),
        accept(1, 2, now),
    ];
    stage.owner.script().away = true;
    edge.open(&hub).await;
    edge.up(1, 3).await;
    edge.until(|edge| edge.cursor == 3).await;
    edge.vanish();
    stage.north_until(&hub, |edge| edge.parked == 1).await;
    hub.stop().await;

    stage.owner.script().away = false;
    let hub = stage.replica().await;
    stage.north_until(&hub, |edge| edge.undecided == 0).await;
    assert_eq!(stage.owner.script().decided.len(), 1);
    assert_eq!(stage.north(&hub).await.lag_down_outcomes, 3);
    edge.open(&hub).await;
    edge.until_outcomes(3).await;
}

#[tokio::test]
async fn a_hub_that_stops_waits_for_no_owner_that_keeps_silent() {
    // Below the task timeout of the tests, which would abort it, and far below the owner's limit.
    const ENDS_WITHIN: Duration = Duration::from_secs(4);
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    edge.log = vec![
        boot(),
        token(&stage.edge_token(Role::Provider, 5)),
        accept(1, 2, now),
    ];
    stage.owner.script().hanging = true;
    edge.open(&hub).await;
    edge.up(1, 3).await;
    eventually("the owner is asked", PATIENCE, async || {
        (stage.owner.script().turned_away > 0).then_some(())
    })
    .await;
    edge.vanish();
    let stopped = tokio::time::timeout(ENDS_WITHIN, hub.stop()).await;
    assert!(stopped.is_ok(), "it waited for its owner");
    assert_eq!(
        stage.claims().await,
        0,
        "it let go, so that the next one waits for nothing"
    );

    stage.owner.script().hanging = false;
    let hub = stage.replica().await;
    stage.north_until(&hub, |edge| edge.undecided == 0).await;
}

#[tokio::test]
async fn an_owner_that_is_away_parks_only_what_needs_it() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    stage.owner.script().away = true;
    edge.log = vec![
        boot(),
        token(&stage.edge_token(Role::Provider, 5)),
        accept(1, 2, now),
        boot(),
    ];
    edge.open(&hub).await;
    edge.up(1, 4).await;
    edge.until_outcomes(3).await;
    assert_eq!(edge.outcome_seqs(), [1, 2, 4]);
    stage
        .north_until(&hub, |edge| (edge.undecided, edge.parked) == (1, 1))
        .await;

    stage.owner.script().away = false;
    edge.until_outcomes(4).await;
    assert_eq!(edge.outcomes[3].seq, 3);
}

#[tokio::test]
async fn what_needs_no_owner_is_answered_behind_more_than_a_batch_that_is_parked() {
    const COUNT: u64 = 1_500;
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    stage.owner.script().away = true;
    edge.log = vec![token(&stage.edge_token(Role::Provider, 5))];
    edge.log
        .extend((1..=COUNT).map(|n| accept(n.into(), 1, now)));
    edge.log.push(boot());
    edge.open(&hub).await;
    edge.up(1, edge.log.len()).await;
    edge.until_outcomes(2).await;
    assert_eq!(edge.outcome_seqs(), [1, COUNT + 2]);
    stage.north_until(&hub, |edge| edge.parked == COUNT).await;
    edge.log.push(boot());
    edge.up(edge.log.len(), 1).await;
    edge.until_outcomes(3).await;

    stage.owner.script().away = false;
    edge.until_outcomes(edge.log.len()).await;
    assert!(
        stage
            .owner
            .script()
            .decided
            .iter()
            .map(|(seq, _)| *seq)
            .eq(2..=COUNT + 1)
    );
}

#[tokio::test]
async fn what_is_parked_keeps_nothing_of_others_from_being_decided_or_found_bad() {
    const PARKED: u64 = 1_500;
    let (mut stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    let before = stage.edge_token(Role::Provider, 5);
    stage.rotate();
    stage.auth.script().away = true;
    let id = |n| CommandId(Uuid::from_u128(n));
    stage.owner.script().poison.insert(id(9_004));
    stage.owner.script().held.insert(id(9_006));
    edge.log = vec![token(&before), token(&stage.edge_token(Role::Provider, 6))];
    edge.log
        .extend((1..=PARKED).map(|n| accept(n.into(), 2, now)));
    edge.log.extend((9_001..=9_008).map(|n| accept(n, 1, now)));
    // Behind a parked op, and behind all of them.
    edge.log.push(accept_on(9_009, 7, 1, now));
    edge.log.push(Op::LeaseReleased { fence: 1 }.to_bytes());
    edge.open(&hub).await;
    edge.up(1, edge.log.len()).await;
    edge.until_outcomes(8).await;
    let first = PARKED + 2;
    let mut seqs = edge.outcome_seqs();
    seqs.sort_unstable();
    let good = [
        1,
        2,
        first + 1,
        first + 2,
        first + 3,
        first + 5,
        first + 7,
        first + 8,
    ];
    assert_eq!(seqs, good);
    stage
        .north_until(&hub, |edge| (edge.held, edge.undecided) == (2, PARKED + 4))
        .await;
    stage.owner.script().held.clear();
    edge.until_outcomes(9).await;
    assert_eq!(edge.outcomes[8].seq, first + 6, "by the clock");

    // New ops do not wait for the parked ones either.
    edge.log.push(accept(9_010, 1, now));
    edge.up(edge.log.len(), 1).await;
    edge.until_outcomes(10).await;

    stage.auth.script().away = false;
    edge.until_outcomes(edge.log.len() - 2).await;
}

#[tokio::test]
async fn an_op_nobody_can_read_is_answered_and_stops_nothing() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    let newer = vec![0x82, 0x18, 99, 0x80];
    edge.log = vec![
        b"rubbish".into(),
        newer,
        token(&stage.edge_token(Role::Provider, 5)),
    ];
    edge.log.push(accept(1, 3, now));
    edge.open(&hub).await;
    edge.send(&wire::Frame::Unknown(900)).await;
    edge.up(1, 4).await;
    edge.until_outcomes(4).await;
    let codes: Vec<_> = edge
        .outcomes
        .iter()
        .map(|outcome| outcome.outcome.code)
        .collect();
    let unknown = Some(Code::UnknownOp);
    assert_eq!(codes, [unknown, unknown, None, Some(Code::OrderNotFound)]);
}

#[tokio::test]
async fn an_op_that_fails_alone_waits_for_an_operator_and_the_rest_goes_on() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    stage
        .owner
        .script()
        .poison
        .insert(CommandId(Uuid::from_u128(7)));
    edge.log = vec![token(&stage.edge_token(Role::Provider, 5))];
    edge.log.extend((2..=12).map(|n| accept(n, 1, now)));
    // Another op on the failing op's order, and a lease release.
    edge.log.push(accept(7, 1, now));
    edge.log.push(Op::LeaseReleased { fence: 1 }.to_bytes());
    edge.log.push(accept(20, 1, now));
    edge.open(&hub).await;
    edge.up(1, 15).await;
    edge.until_outcomes(12).await;
    assert_eq!(
        edge.outcome_seqs(),
        [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 15]
    );
    stage
        .north_until(&hub, |edge| (edge.held, edge.undecided) == (1, 3))
        .await;
}

#[tokio::test]
async fn an_operator_is_asked_for_and_an_invitation_works_once() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    admin_lists_are_only_for_admins(&stage, &hub).await;
    let edge = stage.enrol(&hub, "north-1", Region::North).await;
    let again = json!({"edge": "north-1", "region": "NORTH"});
    let (status, body) = stage
        .admin(&hub, Method::POST, "/api/v1/admin/edges", Some(again))
        .await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &json!("edge_exists"))
    );
    bad_enrolments_are_refused(&hub, &edge).await;

    edges_are_listed_in_pages(&stage, &hub).await;
    let (status, _) = hub.ask(Method::GET, "/health/ready", None, None).await;
    assert_eq!(status, StatusCode::OK);
    let (_, regions) = stage
        .admin(&hub, Method::GET, "/api/v1/admin/regions", None)
        .await;
    assert_eq!(regions["items"].as_array().unwrap().len(), 5);
    let path = "/api/v1/admin/regions/ATLANTIS";
    let (status, _) = stage
        .admin(&hub, Method::PUT, path, Some(json!({"gate": "open"})))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

async fn admin_lists_are_only_for_admins(stage: &Stage, hub: &Replica) {
    let customer = stage.token(Role::Customer, 3);
    for (method, path) in [
        (Method::GET, "/api/v1/admin/status"),
        (Method::GET, "/api/v1/admin/edges"),
        (Method::GET, "/api/v1/admin/regions"),
    ] {
        let (status, _) = hub.ask(method.clone(), path, None, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        let (status, _) = hub.ask(method, path, Some(&customer), None).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
}

async fn bad_enrolments_are_refused(hub: &Replica, edge: &Edge) {
    let unknown = json!({"code": "AAAA-BBBB", "public_key": edge.public_key()});
    let (status, body) = hub
        .ask(Method::POST, "/api/v1/edges/enrol", None, Some(unknown))
        .await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::UNAUTHORIZED, &json!("enrolment_code_invalid"))
    );
    for unsound in ["AAAA", &"A".repeat(43), &"_".repeat(42)] {
        let key = json!({"code": "AAAA-BBBB", "public_key": unsound});
        let (status, body) = hub
            .ask(Method::POST, "/api/v1/edges/enrol", None, Some(key))
            .await;
        assert_eq!(
            (status, &body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("public_key"))
        );
    }
}

async fn edges_are_listed_in_pages(stage: &Stage, hub: &Replica) {
    for name in ["north-2", "north-3"] {
        stage.enrol(hub, name, Region::North).await;
    }
    let page = |query: &str| format!("/api/v1/admin/edges?limit=2{query}");
    let (_, first) = stage.admin(hub, Method::GET, &page(""), None).await;
    assert_eq!(
        (first["items"].as_array().unwrap().len(), &first["next"]),
        (2, &json!("north-2"))
    );
    let (_, last) = stage
        .admin(hub, Method::GET, &page("&cursor=north-2"), None)
        .await;
    assert_eq!(
        (&last["items"][0]["edge"], &last["next"]),
        (&json!("north-3"), &json!(null))
    );
    assert_eq!(last["items"][0]["link"], json!("never"));
    for (query, field) in [
        ("limit=201", "limit"),
        ("limit=0", "limit"),
        ("cursor=NORTH", "cursor"),
    ] {
        let path = format!("/api/v1/admin/edges?{query}");
        let (status, body) = stage.admin(hub, Method::GET, &path, None).await;
        let named = (status, &body["errors"][0]["field"]);
        assert_eq!(
            named,
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_op_that_its_region_holds_is_told_and_handed_in_again_until_it_is_decided() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    let id = |n| CommandId(Uuid::from_u128(n));
    stage.owner.script().held.extend([id(7), id(8)]);
    edge.log = vec![
        token(&stage.edge_token(Role::Provider, 5)),
        accept(7, 1, now),
        accept(8, 1, now),
    ];
    edge.log
        .extend([accept(9, 1, now), Op::LeaseReleased { fence: 1 }.to_bytes()]);
    edge.open(&hub).await;
    edge.up(1, 5).await;
    edge.until_outcomes(3).await;
    assert_eq!(
        edge.outcome_seqs(),
        [1, 4, 5],
        "all other ops are decided at once"
    );
    edge.until(|edge| edge.held.len() == 2).await;
    assert_eq!(
        edge.held,
        [(2, HeldReason::Region), (3, HeldReason::Region)]
    );
    stage
        .north_until(&hub, |edge| (edge.held, edge.undecided) == (2, 2))
        .await;

    stage.owner.script().held.remove(&id(8));
    edge.until_outcomes(4).await;
    assert_eq!(edge.outcomes[3].seq, 3, "by the clock");
    stage.owner.script().held.clear();
    let turned = json!({
        "region": "NORTH",
        "assignment": {
            "policy_version": 1, "policy": "exclusive", "holder": "north-1", "epoch": 1,
            "fence": 1, "rules_version": 0,
        },
    });
    stage.publish(EventType::RegionAssigned, turned).await;
    edge.until_outcomes(5).await;
    stage
        .north_until(&hub, |edge| (edge.held, edge.undecided) == (0, 0))
        .await;
    let north = stage.status(&hub).await.regions.swap_remove(0);
    assert_eq!(
        (north.policy, north.holder),
        (Policy::Exclusive, Some("north-1".parse().unwrap()))
    );
    edge.until(|edge| {
        edge.changes
            .iter()
            .any(|c| matches!(c, FeedChange::Assignment(_)))
    })
    .await;
}
