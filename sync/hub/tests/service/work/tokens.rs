//! How the hub judges a token when it works the ops that use it.

use super::*;

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
    assert_eq!(
        stage.owner.known(),
        [(2, true), (3, false), (5, false), (6, false)]
    );
}

#[tokio::test]
async fn a_token_vouches_only_where_it_was_made_for() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let now = stage.clock.now();
    let command = |n| Some(CommandId(Uuid::from_u128(n)));
    edge.log = vec![
        token(&stage.edge_token_of(5, |claims| Claims {
            region: Some(Region::South),
            ..claims
        })),
        accept(1, 1, now),
        token(&stage.edge_token_of(6, |claims| Claims {
            command: command(2),
            ..claims
        })),
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
    stage
        .north_until(&hub, |edge| edge.cloud_tokens_since.is_some())
        .await;
    // The edge is upgraded, and users sign in again.
    edge.log.extend([
        token(&stage.edge_token(Role::Provider, 5)),
        accept(2, 3, now),
    ]);
    edge.up(3, 2).await;
    stage
        .north_until(&hub, |edge| edge.cloud_tokens_since.is_none())
        .await;
}

#[tokio::test]
async fn an_old_edges_tokens_of_the_cloud_are_believed_no_more_where_an_operator_says_so() {
    let mut stage = Stage::new(false).await;
    stage.accepts_no_cloud_tokens();
    let hub = stage.replica().await;
    let mut edge = stage.enrol(&hub, "north-1", Region::North).await;
    edge.log = vec![
        token(&stage.token(Role::Provider, 5)),
        accept(1, 1, stage.clock.now()),
    ];
    edge.open(&hub).await;
    edge.up(1, 2).await;
    edge.until_outcomes(2).await;
    assert_eq!(stage.owner.known(), [(2, false)]);
    stage
        .north_until(&hub, |edge| edge.cloud_tokens_since.is_some())
        .await;
}

#[tokio::test]
async fn a_token_that_ran_out_since_a_lost_command_was_taken_still_vouches_for_it() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    stage.enrolled_hours_ago(3).await;
    let now = stage.clock.now();
    let gone = stage.edge_token_between(Role::Provider, 5, -7_200, -3_600);
    // The tablet resent it with the receipt from before the edge's restore.
    let Ok(Op::Command(mut lost)) = Op::from_bytes(&accept(1, 1, now)) else {
        unreachable!()
    };
    lost.relogged = Some(EarlierReceipt {
        edge: edge.id.clone(),
        epoch: 1,
        at: ChainHead {
            seq: 9,
            hash: Hash::digest_bytes(b"9"),
        },
        verdict: Verdict::Firm,
        fence: Some(4),
        why: QuarantineWhy::EdgeRestored,
    });
    edge.log = vec![token(&gone), Op::Command(lost.clone()).to_bytes()];
    lost.token_seq = 3;
    lost.command.id = CommandId(Uuid::from_u128(2));
    edge.log.extend([
        token("no.token.atall"),
        Op::Command(lost).to_bytes(),
        accept(3, 1, now),
    ]);
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
    edge.log
        .extend([accept(1, 1, now), accept(2, 2, now), accept(2, 1, now)]);
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
    let told = |change: &FeedChange| {
        matches!(change, FeedChange::Keys { jwks, .. }
        if jwks.contains(stage.signer.kid()))
    };
    assert!(!told(&edge.changes[0]) && told(&edge.changes[1]));
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
    let revoked = |change: &FeedChange| match change {
        FeedChange::Revoked { version, .. } => Some(*version),
        _ => None,
    };
    edge.until(|edge| edge.changes.iter().any(|change| revoked(change).is_some()))
        .await;
    let version = edge.changes.iter().find_map(revoked);
    let before = stage.clock.now().plus_ms(-60_000);
    let after = stage.clock.now();
    edge.log = vec![token(&provider), accept(7, 1, before), accept(8, 1, after)];
    edge.log.extend([
        token(&stage.edge_token(Role::Provider, 5)),
        accept(9, 4, after),
    ]);
    edge.up(1, 5).await;
    edge.until_outcomes(5).await;
    assert_eq!(
        stage.owner.script().revoked,
        [(2, None), (3, version), (5, None)]
    );
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
    let check_retried = |change: &FeedChange| matches!(change, FeedChange::Revoked { users, .. } if users.is_empty());
    edge.until(|edge| edge.changes.iter().any(check_retried))
        .await;
    let revoked = |change: &FeedChange| match change {
        FeedChange::Revoked { version, .. } => Some(*version),
        _ => None,
    };
    let version = edge.changes.iter().find_map(revoked);
    let now = stage.clock.now();
    let old = stage.edge_token_between(Role::Provider, 5, 0, 3_600);
    let new = stage.edge_token_between(Role::Provider, 5, 2, 3_600);
    edge.log = vec![
        token(&old),
        accept(7, 1, now),
        token(&new),
        accept(8, 3, now),
    ];
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
    let told = |change: &FeedChange| match change {
        FeedChange::Revoked { verification, .. } => *verification,
        _ => None,
    };
    edge.until(|edge| edge.changes.iter().filter_map(told).count() == 2)
        .await;
    let marks: Vec<_> = edge.changes.iter().filter_map(told).collect();
    let mark = |version, verified| ProviderVerification {
        user,
        version,
        verified,
    };
    assert_eq!(marks, [mark(2, true), mark(3, false)]);
    let of = |verified, mark_version| {
        token(&stage.edge_token_of(5, |claims| Claims {
            verified,
            mark_version,
            ..claims
        }))
    };
    let now = stage.clock.now();
    edge.log = vec![
        of(true, 4),
        accept(7, 1, now),
        of(false, 0),
        accept(8, 3, now),
    ];
    edge.up(1, 4).await;
    edge.until_outcomes(4).await;
    assert_eq!(
        stage.owner.script().marks,
        [(2, Some(mark(4, true))), (4, None)]
    );
}

/// The token's session id.
fn session(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}
