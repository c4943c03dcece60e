//! Restored edges and clones over a real socket: their ops are refused before they have a new
//! epoch, their lost ops are returned, and an edge that only looks restored is admitted.

use std::time::Duration;

use http::{Method, StatusCode};
use rstest::rstest;
use support::eventually;
use wire::{
    ChainHead, Code, FenceEnding, Frame, HealthIssue, HealthIssueKind, LeaseRevocation, LeftBehind,
    LinkState, Probe, ProbeReply, QuarantineWhy, Region, Role,
};

use crate::stage::{Edge, PATIENCE, Replica, Stage, accept, boot, token};

/// An edge with three received and decided ops, now offline.
async fn known(stage: &Stage, hub: &Replica) -> Edge {
    let mut edge = stage.enrol(hub, "north-1", Region::North).await;
    let now = stage.clock.now();
    edge.log = vec![
        boot(),
        token(&stage.edge_token(Role::Provider, 5)),
        accept(1, 2, now),
    ];
    edge.open(hub).await;
    edge.up(1, 3).await;
    edge.until_outcomes(3).await;
    edge.vanish();
    stage
        .north_until(hub, |edge| edge.link == LinkState::Down)
        .await;
    edge
}

/// The edge restored to its first `ops` ops, and restarted.
fn restored(edge: &Edge, ops: usize) -> Edge {
    let mut restored = edge.twin(2);
    restored.log.truncate(ops);
    restored
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_restored_edge_loses_its_epoch_gets_its_tail_and_goes_on(#[case] mysql: bool) {
    let stage = Stage::new(mysql).await;
    let hub = stage.replica().await;
    let edge = known(&stage, &hub).await;
    let mut restored = restored(&edge, 1);
    restored.settled = Some(edge.chain_at(1));
    let (given, tail) = restored.confined(&hub).await;
    assert_eq!(
        (given.new_epoch, given.why),
        (2, QuarantineWhy::EdgeRestored)
    );
    assert_eq!(given.last_accepted, edge.chain_at(3).hash);
    assert_eq!(tail, edge.log[1..], "what it lost, and nothing that it has");
    let part = given.part.unwrap();
    assert_eq!(
        (part.epoch, part.first_seq, part.first_hash),
        (1, 2, edge.chain_at(2).hash)
    );
    let over = LeaseRevocation {
        edge: edge.id.clone(),
        epoch: 1,
        why: FenceEnding::EdgeRestored,
        by: None,
        reason: None,
    };
    assert_eq!(stage.owner.script().taken_back, [over]);

    restored.begin(&given);
    let now = stage.clock.now();
    restored.log = vec![
        boot(),
        token(&stage.edge_token(Role::Provider, 5)),
        accept(7, 2, now),
    ];
    assert_eq!(restored.open(&hub).await.cursor, 0);
    restored.up(1, 3).await;
    restored.until_outcomes(3).await;
    let shown = stage.north(&hub).await;
    assert_eq!(
        (shown.epoch, shown.undecided, shown.link),
        (2, 0, LinkState::Up)
    );
}

#[tokio::test]
async fn an_edge_that_cannot_say_what_it_has_gets_all_that_is_kept_in_parts() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut edge = known(&stage, &hub).await;
    let big = "x".repeat(40 * 1024);
    edge.log
        .extend((0..60).map(|n| token(&format!("{n}{big}"))));
    edge.nonce = wire::BootNonce([7; 16]);
    edge.open(&hub).await;
    for first in (4..=63).step_by(20) {
        edge.up(first, 20).await;
    }
    edge.until_outcomes(63).await;
    edge.vanish();
    stage
        .north_until(&hub, |edge| edge.link == LinkState::Down)
        .await;

    let mut restored = restored(&edge, 2);
    restored.settled = Some(ChainHead {
        seq: 2,
        hash: edge.chain_at(1).hash,
    });
    let (given, tail) = restored.confined(&hub).await;
    assert_eq!(tail, edge.log, "from the beginning");
    assert!(given.part.unwrap().index > 1, "more than a frame takes");
}

#[tokio::test]
async fn a_suspect_edge_at_the_very_cursor_is_confined_too_and_undecided_ops_are_left_to_it() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut edge = known(&stage, &hub).await;
    stage.owner.script().away = true;
    let now = stage.clock.now();
    edge.log.push(accept(9, 2, now));
    edge.nonce = wire::BootNonce([7; 16]);
    edge.open(&hub).await;
    edge.up(4, 1).await;
    stage.north_until(&hub, |edge| edge.undecided == 1).await;
    edge.vanish();
    stage
        .north_until(&hub, |edge| edge.link == LinkState::Down)
        .await;

    let mut suspect = restored(&edge, 4);
    suspect.suspect = true;
    assert_eq!(
        suspect.refused(&hub).await,
        Code::Unavailable,
        "no take-back, no new epoch"
    );
    assert_eq!(stage.north(&hub).await.epoch, 1);
    stage.owner.script().away = false;
    let (given, _) = suspect.confined(&hub).await;
    let shown = stage.north(&hub).await;
    assert_eq!((given.new_epoch, shown.undecided), (2, 0));
    assert_eq!(
        shown.left_behind,
        [LeftBehind {
            epoch: 1,
            commands: 1
        }]
    );
    let kind = HealthIssueKind::LeftBehind(LeftBehind {
        epoch: 1,
        commands: 1,
    });
    let complaint = HealthIssue {
        about: "north-1".into(),
        kind,
    };
    assert!(
        stage
            .status(&hub)
            .await
            .list_health_issues()
            .contains(&complaint)
    );

    suspect.begin(&given);
    suspect.log = vec![
        boot(),
        token(&stage.edge_token(Role::Provider, 5)),
        accept(9, 2, now),
    ];
    suspect.open(&hub).await;
    suspect.up(1, 3).await;
    suspect.until_outcomes(3).await;
    assert!(
        stage.north(&hub).await.left_behind.is_empty(),
        "it came back and is decided"
    );
}

#[tokio::test]
async fn an_epoch_whose_rights_are_taken_back_ends_with_whoever_calls_next() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let edge = known(&stage, &hub).await;
    let mut copy = restored(&edge, 1);
    copy.suspect = true;
    let answers = stage.owner.take_back_answers.clone().lock_owned().await;
    copy.call(&hub).await.unwrap();
    eventually("the take-back is on record", PATIENCE, async || {
        (!stage.owner.script().taken_back.is_empty()).then_some(())
    })
    .await;
    // The copy's take-back is still unanswered when the original returns with its full log.
    let mut itself = edge.twin(3);
    itself.call(&hub).await.unwrap();
    let over = LeaseRevocation {
        edge: edge.id.clone(),
        epoch: 1,
        why: FenceEnding::EdgeRestored,
        by: None,
        reason: None,
    };
    eventually(
        "the edge itself is confined as well",
        PATIENCE,
        async || (stage.owner.script().taken_back == [over.clone(), over.clone()]).then_some(()),
    )
    .await;
    drop(answers);
    let (given, _) = itself.confinement().await;
    assert!(
        given.new_epoch > 1,
        "no right is ever granted to its first epoch again"
    );
    assert!(stage.north(&hub).await.epoch >= given.new_epoch);
}

#[tokio::test]
async fn a_run_that_lost_the_frame_hears_it_again_and_no_epoch_is_spent_on_it() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let edge = known(&stage, &hub).await;
    let mut restored = restored(&edge, 1);
    let first = restored.confined(&hub).await;
    for _ in 0..4 {
        restored.vanish();
        assert_eq!(restored.confined(&hub).await, first);
    }
    assert_eq!(stage.owner.script().taken_back.len(), 1);
}

#[tokio::test]
async fn the_fourth_new_epoch_of_a_day_waits_for_an_operator() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let edge = known(&stage, &hub).await;
    let mut restored = restored(&edge, 1);
    for epoch in 2..=4 {
        let (given, _) = restored.confined(&hub).await;
        assert_eq!(given.new_epoch, epoch);
        restored.begin(&given);
        restored.suspect = true;
    }
    assert_eq!(restored.refused(&hub).await, Code::EdgeNeedsOperator);
    let shown = stage.north(&hub).await;
    assert!(shown.needs_operator_at.is_some() && shown.quarantine.is_some());
    let path = "/api/v1/admin/edges/north-1/readmit";
    let (status, _) = hub
        .ask(
            Method::POST,
            path,
            Some(&stage.token(Role::Provider, 5)),
            None,
        )
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, body) = stage.admin(&hub, Method::POST, path, None).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let shown = stage.north(&hub).await;
    assert_eq!((shown.needs_operator_at, shown.quarantine), (None, None));
    assert_eq!(restored.confined(&hub).await.0.new_epoch, 5);
    let nobody = "/api/v1/admin/edges/north-9/readmit";
    let (status, _) = stage.admin(&hub, Method::POST, nobody, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[rstest]
#[case::here(false)]
#[case::on_another_replica(true)]
#[tokio::test]
async fn a_clone_beside_its_live_original_is_a_twin_and_the_original_goes_on(
    #[case] elsewhere: bool,
) {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let second = stage.replica().await;
    let mut original = stage.enrol(&hub, "north-1", Region::North).await;
    original.log = vec![boot(), boot()];
    original.open(&hub).await;
    original.up(1, 2).await;
    original.until_outcomes(2).await;
    let term = original.link_session().term;
    // Behind and suspect as well: the check for a live original comes first.
    let mut clone = restored(&original, 1);
    clone.suspect = true;
    let place = if elsewhere { &second } else { &hub };
    let refused = tokio::select! {
        code = clone.refused(place) => code,
        () = original.live() => panic!("the original lost its session"),
    };
    assert_eq!(refused, Code::EdgeTwin);
    assert!(stage.north(&hub).await.twin_seen_at.is_some());
    assert_eq!(stage.north(&hub).await.epoch, 1);
    original.log.push(boot());
    original.up(3, 1).await;
    original.until_outcomes(3).await;
    assert_eq!(original.link_session().term, term);
}

#[rstest]
#[case::sqlite(false, false)]
#[case::mariadb(true, false)]
#[case::mariadb_on_another_replica(true, true)]
#[tokio::test]
async fn an_edge_whose_ops_wait_for_the_store_still_counts_as_alive(
    #[case] mysql: bool,
    #[case] elsewhere: bool,
) {
    /// More than a probe waits, and less than a statement.
    const STALL: Duration = Duration::from_millis(3_500);
    let stage = Stage::new(mysql).await;
    let hub = stage.replica().await;
    let second = stage.replica().await;
    let mut original = stage.enrol(&hub, "north-1", Region::North).await;
    original.log = vec![boot(), boot()];
    original.open(&hub).await;
    original.up(1, 1).await;
    original.until_outcomes(1).await;
    let mut clone = original.twin(2);
    let place = if elsewhere { &second } else { &hub };
    let alive = async {
        let Probe {
            link_session,
            number,
        } = original.until_probed().await;
        let lock = stage.lock_edge_row(&original).await;
        // The answer lies behind an op that cannot be stored now.
        original.up(2, 1).await;
        original
            .send(&Frame::Alive(ProbeReply {
                link_session,
                number,
            }))
            .await;
        tokio::time::sleep(STALL).await;
        lock.release().await;
        original.until_outcomes(2).await;
    };
    let (refused, ()) = tokio::join!(clone.refused(place), alive);
    assert_eq!(refused, Code::EdgeTwin);
    hub.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_session_that_only_looks_open_gives_way_to_a_restart() {
    let (stage, hub, mut hanging) = Stage::with_north(false).await;
    hanging.log = vec![boot()];
    hanging.open(&hub).await;
    hanging.up(1, 1).await;
    hanging.until_outcomes(1).await;
    // Its socket stays open but answers nothing.
    let mut restarted = hanging.twin(2);
    restarted.log.push(boot());
    assert_eq!(restarted.open(&hub).await.cursor, 1);
    restarted.up(2, 1).await;
    hanging.up(1, 1).await;
    assert_eq!(hanging.until_refused().await, Code::SessionSuperseded);
    assert_eq!(stage.north(&hub).await.epoch, 1, "no alarm");
}

#[tokio::test]
async fn the_same_run_on_a_new_socket_is_not_asked_about() {
    let (_stage, hub, mut edge) = Stage::with_north(false).await;
    edge.log = vec![boot()];
    edge.open(&hub).await;
    let mut again = edge.twin(1);
    again.open(&hub).await;
    loop {
        match edge.next().await {
            Some(Frame::Refused(refused)) => {
                break assert_eq!(refused.code, Code::SessionSuperseded);
            }
            Some(Frame::Probe(_)) => panic!("it was asked about"),
            Some(_) => {}
            None => panic!("the hub hung up"),
        }
    }
}
