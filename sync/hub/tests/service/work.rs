//! The work on the logs: in order, once, whoever is away, and past whatever cannot be decided.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use process::tokens::Claims;
use rstest::rstest;
use serde_json::json;
use support::eventually;
use uuid::Uuid;
use wire::{
    Chain, Change, Code, CommandId, EventType, Hash, HeldReason, Op, Policy, ProviderMark,
    QuarantineWhy, Region, Relogged, Role, UserId, Verdict,
};

use crate::stage::{PATIENCE, Stage, accept, accept_on, boot, token};

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_long_log_is_decided_once_each_and_in_order(#[case] mysql: bool) {
    const COUNT: u64 = 2_500;
    let stage = Stage::new(mysql).await;
    let (hub, _other) = (stage.replica().await, stage.replica().await);
    let mut edge = stage.enrol(&hub, "north-1", Region::North).await;
    let now = stage.clock.now();
    edge.log = vec![boot(), token(&stage.edge_token(Role::Provider, 5))];
    edge.log.extend((3..=COUNT).map(|n| accept(n.into(), 2, now)));
    edge.open(&hub).await;
    for first in (1..2_500).step_by(500) {
        edge.up(first, 500).await;
    }
    edge.until_outcomes(2_500).await;
    assert!(edge.outcome_seqs().into_iter().eq(1..=COUNT));
    let script = stage.owner.script();
    assert!(script.decided.iter().map(|(seq, _)| *seq).eq(3..=COUNT));
    assert!(script.batches.iter().all(|batch| *batch <= 1_000), "{:?}", script.batches);
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
    edge.log = vec![boot(), token(&stage.edge_token(Role::Provider, 5)), accept(1, 2, now)];
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
    // Less than its tasks have here, which would be aborted then, and far less than the owner has.
    const ENDS_WITHIN: Duration = Duration::from_secs(4);
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    edge.log = vec![boot(), token(&stage.edge_token(Role::Provider, 5)), accept(1, 2, now)];
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
    assert_eq!(stage.claims().await, 0, "it let go, so that the next one waits for nothing");

    stage.owner.script().hanging = false;
    let hub = stage.replica().await;
    stage.north_until(&hub, |edge| edge.undecided == 0).await;
}

#[tokio::test]
async fn an_owner_that_is_away_parks_only_what_needs_it() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    stage.owner.script().away = true;
    edge.log = vec![boot(), token(&stage.edge_token(Role::Provider, 5)), accept(1, 2, now), boot()];
    edge.open(&hub).await;
    edge.up(1, 4).await;
    edge.until_outcomes(3).await;
    assert_eq!(edge.outcome_seqs(), [1, 2, 4]);
    stage.north_until(&hub, |edge| (edge.undecided, edge.parked) == (1, 1)).await;

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
    edge.log.extend((1..=COUNT).map(|n| accept(n.into(), 1, now)));
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
    assert!(stage.owner.script().decided.iter().map(|(seq, _)| *seq).eq(2..=COUNT + 1));
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
    edge.log.extend((1..=PARKED).map(|n| accept(n.into(), 2, now)));
    edge.log.extend((9_001..=9_008).map(|n| accept(n, 1, now)));
    // Behind one that is parked, and behind all of them.
    edge.log.push(accept_on(9_009, 7, 1, now));
    edge.log.push(Op::LeaseReleased { fence: 1 }.to_bytes());
    edge.open(&hub).await;
    edge.up(1, edge.log.len()).await;
    edge.until_outcomes(8).await;
    let first = PARKED + 2;
    let mut seqs = edge.outcome_seqs();
    seqs.sort_unstable();
    let good = [1, 2, first + 1, first + 2, first + 3, first + 5, first + 7, first + 8];
    assert_eq!(seqs, good);
    stage.north_until(&hub, |edge| (edge.held, edge.undecided) == (2, PARKED + 4)).await;
    stage.owner.script().held.clear();
    edge.until_outcomes(9).await;
    assert_eq!(edge.outcomes[8].seq, first + 6, "by the clock");

    // What comes now does not wait for what is parked either.
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
    edge.log = vec![b"rubbish".into(), newer, token(&stage.edge_token(Role::Provider, 5))];
    edge.log.push(accept(1, 3, now));
    edge.open(&hub).await;
    edge.send(&wire::Frame::Unknown(900)).await;
    edge.up(1, 4).await;
    edge.until_outcomes(4).await;
    let codes: Vec<_> = edge.outcomes.iter().map(|outcome| outcome.outcome.code).collect();
    let unknown = Some(Code::UnknownOp);
    assert_eq!(codes, [unknown, unknown, None, Some(Code::OrderNotFound)]);
}

#[tokio::test]
async fn an_op_that_fails_alone_waits_for_an_operator_and_the_rest_goes_on() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    stage.owner.script().poison.insert(CommandId(Uuid::from_u128(7)));
    edge.log = vec![token(&stage.edge_token(Role::Provider, 5))];
    edge.log.extend((2..=12).map(|n| accept(n, 1, now)));
    // The same order again, behind the op that fails, and the release of a lease.
    edge.log.push(accept(7, 1, now));
    edge.log.push(Op::LeaseReleased { fence: 1 }.to_bytes());
    edge.log.push(accept(20, 1, now));
    edge.open(&hub).await;
    edge.up(1, 15).await;
    edge.until_outcomes(12).await;
    assert_eq!(edge.outcome_seqs(), [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 15]);
    stage.north_until(&hub, |edge| (edge.held, edge.undecided) == (1, 3)).await;
}

#[tokio::test]
async fn a_token_is_judged_at_the_moment_the_edge_took_the_command() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    stage.enrolled_hours_ago(3).await;
    let now = stage.clock.now();
    let gone = stage.edge_token_between(Role::Provider, 5, -7_200, -3_600);
    edge.log = vec![
        token(&gone),
        accept(1, 1, now.plus_ms(-5_400_000)),
        accept(2, 1, now),
        token("no.token.atall"),
        accept(3, 4, now),
        accept(4, 9, now),
    ];
    edge.open(&hub).await;
    edge.up(1, 6).await;
    edge.until_outcomes(6).await;
    assert_eq!(stage.owner.known(), [(2, true), (3, false), (5, false), (6, false)]);
}

#[tokio::test]
async fn a_token_vouches_only_where_it_was_made_for() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    let command = |n| Some(CommandId(Uuid::from_u128(n)));
    edge.log = vec![
        token(&stage.edge_token_of(5, |claims| Claims { region: Some(Region::South), ..claims })),
        accept(1, 1, now),
        token(&stage.edge_token_of(6, |claims| Claims { command: command(2), ..claims })),
        accept(2, 3, now),
        accept(3, 3, now),
    ];
    edge.open(&hub).await;
    edge.up(1, 5).await;
    edge.until_outcomes(5).await;
    assert_eq!(stage.owner.known(), [(2, false), (4, true), (5, false)]);
    assert_eq!(stage.north(&hub).await.cloud_tokens_since, None);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn an_old_edges_tokens_of_the_cloud_are_believed_for_now_and_complained_of(
    #[case] mysql: bool,
) {
    let (stage, hub, mut edge) = Stage::with_north(mysql).await;
    let now = stage.clock.now();
    edge.log = vec![token(&stage.token(Role::Provider, 5)), accept(1, 1, now)];
    edge.open(&hub).await;
    edge.up(1, 2).await;
    edge.until_outcomes(2).await;
    assert_eq!(stage.owner.known(), [(2, true)]);
    stage.north_until(&hub, |edge| edge.cloud_tokens_since.is_some()).await;
    // It is upgraded, and people sign in once more.
    edge.log.extend([token(&stage.edge_token(Role::Provider, 5)), accept(2, 3, now)]);
    edge.up(3, 2).await;
    stage.north_until(&hub, |edge| edge.cloud_tokens_since.is_none()).await;
}

#[tokio::test]
async fn an_old_edges_tokens_of_the_cloud_are_believed_no_more_where_an_operator_says_so() {
    let mut stage = Stage::new(false).await;
    stage.accepts_no_cloud_tokens();
    let hub = stage.replica().await;
    let mut edge = stage.enrol(&hub, "north-1", Region::North).await;
    edge.log = vec![token(&stage.token(Role::Provider, 5)), accept(1, 1, stage.clock.now())];
    edge.open(&hub).await;
    edge.up(1, 2).await;
    edge.until_outcomes(2).await;
    assert_eq!(stage.owner.known(), [(2, false)]);
    stage.north_until(&hub, |edge| edge.cloud_tokens_since.is_some()).await;
}

#[tokio::test]
async fn a_token_that_ran_out_since_a_lost_command_was_taken_still_vouches_for_it() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    stage.enrolled_hours_ago(3).await;
    let now = stage.clock.now();
    let gone = stage.edge_token_between(Role::Provider, 5, -7_200, -3_600);
    // The tablet sent it again, with the receipt that the edge gave before it was restored.
    let Ok(Op::Command(mut lost)) = Op::from_bytes(&accept(1, 1, now)) else { unreachable!() };
    lost.relogged = Some(Relogged {
        edge: edge.id.clone(),
        epoch: 1,
        at: Chain { seq: 9, hash: Hash::of(b"9") },
        verdict: Verdict::Firm,
        fence: Some(4),
        why: QuarantineWhy::EdgeRestored,
    });
    edge.log = vec![token(&gone), Op::Command(lost.clone()).to_bytes()];
    lost.token_seq = 3;
    lost.command.id = CommandId(Uuid::from_u128(2));
    edge.log.extend([token("no.token.atall"), Op::Command(lost).to_bytes(), accept(3, 1, now)]);
    edge.open(&hub).await;
    edge.up(1, 5).await;
    edge.until_outcomes(5).await;
    assert_eq!(stage.owner.known(), [(2, true), (4, false), (5, false)]);
}

#[tokio::test]
async fn a_token_of_a_new_key_waits_for_the_keys_and_is_not_taken_for_forged() {
    let (mut stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    let before = stage.edge_token(Role::Provider, 5);
    stage.rotate();
    stage.auth.script().away = true;
    edge.log = vec![token(&before), token(&stage.edge_token(Role::Provider, 6))];
    edge.log.extend([accept(1, 1, now), accept(2, 2, now), accept(2, 1, now)]);
    edge.open(&hub).await;
    edge.up(1, 5).await;
    edge.until_outcomes(3).await;
    assert_eq!(edge.outcome_seqs(), [1, 2, 3]);
    stage.north_until(&hub, |edge| edge.parked == 2).await;

    stage.auth.script().away = false;
    edge.until_outcomes(5).await;
    let known = stage.owner.script().decided[1..]
        .iter()
        .map(|(seq, actor)| (*seq, actor.map(|actor| actor.user_id.0.as_u128())))
        .collect::<Vec<_>>();
    assert_eq!(known, [(4, Some(6)), (5, None)], "the old key is withdrawn");
    edge.until(|edge| edge.changes.len() == 2).await;
    let told = |change: &Change| {
        matches!(change, Change::Keys { jwks, .. }
        if jwks.contains(stage.signer.kid()))
    };
    assert!(!told(&edge.changes[0]) && told(&edge.changes[1]));
}

#[tokio::test]
async fn an_operator_is_asked_for_and_an_invitation_works_once() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
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
    let edge = stage.enrol(&hub, "north-1", Region::North).await;
    let again = json!({"edge": "north-1", "region": "NORTH"});
    let (status, body) = stage.admin(&hub, Method::POST, "/api/v1/admin/edges", Some(again)).await;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("edge_exists")));
    let unknown = json!({"code": "AAAA-BBBB", "public_key": edge.public_key()});
    let (status, body) = hub.ask(Method::POST, "/api/v1/edges/enrol", None, Some(unknown)).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::UNAUTHORIZED, &json!("enrolment_code_invalid"))
    );
    for unsound in ["AAAA", &"A".repeat(43), &"_".repeat(42)] {
        let key = json!({"code": "AAAA-BBBB", "public_key": unsound});
        let (status, body) = hub.ask(Method::POST, "/api/v1/edges/enrol", None, Some(key)).await;
        assert_eq!(
            (status, &body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("public_key"))
        );
    }

    for name in ["north-2", "north-3"] {
        stage.enrol(&hub, name, Region::North).await;
    }
    let page = |query: &str| format!("/api/v1/admin/edges?limit=2{query}");
    let (_, first) = stage.admin(&hub, Method::GET, &page(""), None).await;
    assert_eq!((first["items"].as_array().unwrap().len(), &first["next"]), (2, &json!("north-2")));
    let (_, last) = stage.admin(&hub, Method::GET, &page("&cursor=north-2"), None).await;
    assert_eq!((&last["items"][0]["edge"], &last["next"]), (&json!("north-3"), &json!(null)));
    assert_eq!(last["items"][0]["link"], json!("never"));
    for (query, field) in [("limit=201", "limit"), ("limit=0", "limit"), ("cursor=NORTH", "cursor")]
    {
        let path = format!("/api/v1/admin/edges?{query}");
        let (status, body) = stage.admin(&hub, Method::GET, &path, None).await;
        let named = (status, &body["errors"][0]["field"]);
        assert_eq!(named, (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{query}");
    }
    let (status, _) = hub.ask(Method::GET, "/health/ready", None, None).await;
    assert_eq!(status, StatusCode::OK);
    let (_, regions) = stage.admin(&hub, Method::GET, "/api/v1/admin/regions", None).await;
    assert_eq!(regions["items"].as_array().unwrap().len(), 5);
    let path = "/api/v1/admin/regions/ATLANTIS";
    let (status, _) = stage.admin(&hub, Method::PUT, path, Some(json!({"gate": "open"}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_op_that_its_region_holds_is_told_and_handed_in_again_until_it_is_decided() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    let id = |n| CommandId(Uuid::from_u128(n));
    stage.owner.script().held.extend([id(7), id(8)]);
    edge.log =
        vec![token(&stage.edge_token(Role::Provider, 5)), accept(7, 1, now), accept(8, 1, now)];
    edge.log.extend([accept(9, 1, now), Op::LeaseReleased { fence: 1 }.to_bytes()]);
    edge.open(&hub).await;
    edge.up(1, 5).await;
    edge.until_outcomes(3).await;
    assert_eq!(edge.outcome_seqs(), [1, 4, 5], "all other ops are decided at once");
    edge.until(|edge| edge.held.len() == 2).await;
    assert_eq!(edge.held, [(2, HeldReason::Region), (3, HeldReason::Region)]);
    stage.north_until(&hub, |edge| (edge.held, edge.undecided) == (2, 2)).await;

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
    stage.north_until(&hub, |edge| (edge.held, edge.undecided) == (0, 0)).await;
    let north = stage.status(&hub).await.regions.swap_remove(0);
    assert_eq!((north.policy, north.holder), (Policy::Exclusive, Some("north-1".parse().unwrap())));
    edge.until(|edge| edge.changes.iter().any(|c| matches!(c, Change::Assignment(_)))).await;
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn what_a_session_did_after_its_end_is_handed_over_as_revoked(#[case] mysql: bool) {
    let (stage, hub, mut edge) = Stage::with_north(mysql).await;
    let provider = stage.edge_token_between(Role::Provider, 5, -120, 3_600);
    let body = json!({
        "user_id": Uuid::from_u128(5), "role": "provider", "session_id": session(&provider),
    });
    stage.publish(EventType::SessionRevoked, body).await;
    edge.open(&hub).await;
    let revoked = |change: &Change| match change {
        Change::Revoked { version, .. } => Some(*version),
        _ => None,
    };
    edge.until(|edge| edge.changes.iter().any(|change| revoked(change).is_some())).await;
    let version = edge.changes.iter().find_map(revoked);
    let (before, after) = (stage.clock.now().plus_ms(-60_000), stage.clock.now());
    edge.log = vec![token(&provider), accept(7, 1, before), accept(8, 1, after)];
    edge.log.extend([token(&stage.edge_token(Role::Provider, 5)), accept(9, 4, after)]);
    edge.up(1, 5).await;
    edge.until_outcomes(5).await;
    assert_eq!(stage.owner.script().revoked, [(2, None), (3, version), (5, None)]);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn somebody_who_is_let_in_again_acts_by_new_tokens_alone(#[case] mysql: bool) {
    let (stage, hub, mut edge) = Stage::with_north(mysql).await;
    let tell = async |kind, since_ms: i64| {
        let since = stage.clock.now().plus_ms(since_ms);
        let body = json!({
            "user_id": Uuid::from_u128(5), "role": "provider", "tokens_since": since,
        });
        stage.publish(kind, body).await;
    };
    tell(EventType::UserRevoked, 0).await;
    tell(EventType::UserReadmitted, 1_000).await;
    edge.open(&hub).await;
    let let_in =
        |change: &Change| matches!(change, Change::Revoked { users, .. } if users.is_empty());
    edge.until(|edge| edge.changes.iter().any(let_in)).await;
    let revoked = |change: &Change| match change {
        Change::Revoked { version, .. } => Some(*version),
        _ => None,
    };
    let version = edge.changes.iter().find_map(revoked);
    let now = stage.clock.now();
    let (old, new) = (
        stage.edge_token_between(Role::Provider, 5, 0, 3_600),
        stage.edge_token_between(Role::Provider, 5, 2, 3_600),
    );
    edge.log = vec![token(&old), accept(7, 1, now), token(&new), accept(8, 3, now)];
    edge.up(1, 4).await;
    edge.until_outcomes(4).await;
    assert_eq!(stage.owner.script().revoked, [(2, version), (4, None)]);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_mark_reaches_the_feed_and_the_word_of_a_token_its_owner(#[case] mysql: bool) {
    let (stage, hub, mut edge) = Stage::with_north(mysql).await;
    let user = UserId(Uuid::from_u128(5));
    let tell = async |version: i64, verified: bool| {
        let provider = json!({
            "is_active": true, "verified": verified, "service_areas": [], "service_categories": [],
        });
        let body =
            json!({"user_id": user, "role": "provider", "version": version, "provider": provider});
        stage.publish(EventType::ProfileUpdated, body).await;
    };
    tell(2, true).await;
    tell(1, false).await;
    tell(3, false).await;
    edge.open(&hub).await;
    let told = |change: &Change| match change {
        Change::Revoked { mark, .. } => *mark,
        _ => None,
    };
    edge.until(|edge| edge.changes.iter().filter_map(told).count() == 2).await;
    let marks: Vec<_> = edge.changes.iter().filter_map(told).collect();
    let mark = |version, verified| ProviderMark { user, version, verified };
    assert_eq!(marks, [mark(2, true), mark(3, false)]);
    let of = |verified, mark_version| {
        token(&stage.edge_token_of(5, |claims| Claims { verified, mark_version, ..claims }))
    };
    let now = stage.clock.now();
    edge.log = vec![of(true, 4), accept(7, 1, now), of(false, 0), accept(8, 3, now)];
    edge.up(1, 4).await;
    edge.until_outcomes(4).await;
    assert_eq!(stage.owner.script().marks, [(2, Some(mark(4, true))), (4, None)]);
}

/// The session that a token belongs to.
fn session(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}
