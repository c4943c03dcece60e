//! The assignment right on both engines: the basis of a grant, and the records its end leaves.

use order::store::AssignmentRequest;
use platform::ChangeError;
use rstest::rstest;
use rules::HolderEpoch;
use wire::{
    Code, CommandBody, EdgeId, FenceEnding, HeldReason, LeaseRevocation, OfflineRules, OpDecision,
    OutcomeKind, Policy, RaceRule, Region, open_digest,
};

use crate::stage::*;

pub(super) const WAITS: OpDecision = OpDecision::Held(HeldReason::Region);

fn seat(edge: &str, epoch: u64) -> HolderEpoch {
    HolderEpoch {
        edge: EdgeId::new(edge).unwrap(),
        epoch,
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_grant_is_told_with_the_digest_of_what_stands_open(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let open = stage.pending().await;
    let gone = stage.pending().await;
    stage
        .decide(
            customer(1),
            CommandBody::CancelOrder {
                order_id: gone,
                reason: None,
                fee: None,
            },
        )
        .await;
    let elsewhere = wire::Draft {
        location: Region::South,
        ..draft()
    };
    stage
        .publish(stage.command_id(), customer(1), elsewhere)
        .await;
    let granted = stage.grant("north-1").await;
    assert_eq!(granted.digest, Some(open_digest([(open, 2)])));
    assert_eq!(
        (granted.epoch, granted.fence, granted.policy_version),
        (1, 1, 2)
    );
    assert_eq!(stage.told().await, std::slice::from_ref(&granted));
    let all = stage.store.list_assignments().await.unwrap();
    assert_eq!(all.len(), 5);
    assert_eq!(
        all.into_iter()
            .find(|it| it.region == Region::North)
            .unwrap()
            .assignment,
        granted
    );
    let again = stage.grant("north-1").await;
    assert_eq!(
        (again, stage.told().await.len()),
        (granted, 1),
        "what is so already is no news"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_holder_alone_assigns_until_it_gives_the_right_back(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let one = stage.pending().await;
    let two = stage.pending().await;
    stage.grant("north-1").await;
    assert!(stage.waits(provider(1), accept(one)).await);
    let start = CommandBody::StartOrder {
        order_id: two,
        start_code: None,
        photos: Vec::new(),
    };
    let other = Log::of("north-2")
        .then(stage.command_id(), Some(provider(2)), accept(two))
        .then(stage.command_id(), Some(provider(2)), start);
    assert_eq!(stage.answers(other.batch()).await, [WAITS, WAITS]);
    assert_eq!(
        stage.count("SELECT COUNT(*) FROM commands").await,
        4,
        "two orders, approved"
    );

    let asked = stage.assign(Some((Policy::Optimistic, None)), None).await;
    assert!(asked.release_asked && asked.policy == Policy::Exclusive);
    assert!(
        stage.waits(provider(1), accept(one)).await,
        "a change of policy ends no right"
    );

    let log = Log::of("north-1")
        .firm(1, stage.command_id(), provider(3), accept(one))
        .released(1);
    assert!(
        stage
            .batch(log.batch())
            .await
            .iter()
            .all(|o| o.kind == OutcomeKind::Applied)
    );
    let told = stage.told().await;
    let now = told.last().unwrap();
    assert_eq!(
        (now.policy, &now.holder, now.fence),
        (Policy::Optimistic, &None, 1)
    );
    assert!(!now.release_asked && now.digest.is_none());
    let versions: Vec<_> = told.iter().map(|told| told.policy_version).collect();
    assert_eq!(versions, [2, 3, 4]);
    let record = stage.store.region_record(Region::North).await.unwrap();
    let end = record.fences[0].end.as_ref().unwrap();
    assert_eq!(
        (end.how, end.by),
        (FenceEnding::PolicyChanged, Some(admin().user_id))
    );
    assert_eq!(record.changes[0].what, "policy_changed");
    assert_eq!(record.changes[0].made_by, end.by);
    let outcomes = stage.answers(other.batch()).await;
    assert!(matches!(&outcomes[0], OpDecision::Decided(outcome) if outcome.has_succeeded()));
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM orders WHERE accepted_firm = 1")
            .await,
        1
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn after_a_take_back_old_promises_are_kept_where_they_can_be(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let free = stage.pending().await;
    let taken = stage.pending().await;
    stage.grant("north-1").await;
    let now = stage.take_back().await;
    assert_eq!((now.holder, now.policy), (None, Policy::Exclusive));
    assert!(
        stage
            .decide(provider(2), accept(taken))
            .await
            .has_succeeded()
    );
    let log = Log::of("north-1")
        .firm(1, stage.command_id(), provider(1), accept(free))
        .firm(1, stage.command_id(), provider(1), accept(taken))
        .released(1);
    let outcomes = stage.batch(log.batch()).await;
    assert!(outcomes[0].has_succeeded());
    assert_eq!(outcomes[1].code, Some(Code::RegionTakenBack));
    let record = outcomes[1]
        .lost
        .as_ref()
        .unwrap()
        .taken_back
        .as_ref()
        .unwrap();
    assert_eq!(
        (record.how, record.by),
        (FenceEnding::TakenBack, Some(admin().user_id))
    );
    assert_eq!(record.why.as_deref(), Some("The node is lost."));
    assert_eq!(
        stage.batch(log.batch()).await,
        outcomes,
        "a repeat hears the same"
    );
    let cases = stage.store.list_cases(None, None, 10).await.unwrap();
    assert_eq!(
        cases
            .iter()
            .map(|case| case.kind.as_str())
            .collect::<Vec<_>>(),
        ["taken_back"]
    );
    assert_eq!(stage.told().await.len(), 2, "the late release is no news");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_promise_on_an_order_that_was_cancelled_counts_and_opens_a_case(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    stage.grant("north-1").await;
    stage
        .decide(
            customer(1),
            CommandBody::CancelOrder {
                order_id: id,
                reason: None,
                fee: None,
            },
        )
        .await;
    let promise = Log::of("north-1").firm(1, stage.command_id(), provider(1), accept(id));
    let outcomes = stage.batch(promise.batch()).await;
    assert_eq!(outcomes[0].code, Some(Code::OrderCancelledMeanwhile));
    assert!(outcomes[0].has_succeeded());
    let start = CommandBody::StartOrder {
        order_id: id,
        start_code: None,
        photos: Vec::new(),
    };
    let log = promise.then(stage.command_id(), Some(provider(1)), start);
    let outcomes = stage.batch(log.batch()).await;
    assert_eq!(outcomes[1].code, Some(Code::OrderCancelled));
    let cases = stage.store.list_cases(None, None, 10).await.unwrap();
    assert_eq!(cases.len(), 2);
    assert!(
        cases
            .iter()
            .all(|case| (case.order_id, case.user_id) == (id, provider(1).user_id))
    );
    assert_eq!(
        stage
            .store
            .list_cases(None, Some(cases[0].id), 10)
            .await
            .unwrap(),
        cases[1..]
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM order_timeline").await, 5);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_epoch_that_is_over_loses_its_rights_and_gets_no_other(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    stage.grant("north-1").await;
    let edge = EdgeId::new("north-1").unwrap();
    let over = LeaseRevocation {
        edge,
        epoch: 1,
        why: FenceEnding::EdgeRestored,
        by: None,
        reason: None,
    };
    for _ in 0..2 {
        let fences = stage.store.end_epoch(&over).await.unwrap();
        let ends: Vec<_> = fences
            .iter()
            .map(|it| it.end.as_ref().map(|end| end.how))
            .collect();
        assert_eq!(ends, [Some(FenceEnding::EdgeRestored)]);
    }
    assert_eq!(stage.told().await.len(), 2, "the repeat changes nothing");
    let asked = |epoch| AssignmentRequest {
        by: admin().user_id,
        trace: String::new(),
        take_back: None,
        right: Some((Policy::Exclusive, Some(seat("north-1", epoch)))),
        rules: None,
    };
    let refused = stage
        .store
        .change_assignment(Region::North, &asked(1))
        .await;
    assert!(matches!(
        refused,
        Err(ChangeError::Refused(Code::EdgeEpochEnded))
    ));
    let granted = stage
        .store
        .change_assignment(Region::North, &asked(2))
        .await;
    granted.unwrap();
    let told = stage.told().await;
    let now = told.last().unwrap();
    assert_eq!((now.epoch, now.fence), (2, 2), "a fence is given out once");
}

/// A quarantine took the right back, and the edge logged its promises again.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_was_logged_anew_and_lost_is_told_of_the_take_back(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let kept = stage.pending().await;
    let lost = stage.pending().await;
    stage.grant("north-1").await;
    let edge = EdgeId::new("north-1").unwrap();
    let over = LeaseRevocation {
        edge,
        epoch: 1,
        why: FenceEnding::EdgeRestored,
        by: None,
        reason: None,
    };
    stage.store.end_epoch(&over).await.unwrap();
    assert!(
        stage
            .decide(provider(1), accept(lost))
            .await
            .has_succeeded()
    );
    let log = Log::of("north-1")
        .then(stage.command_id(), Some(provider(2)), accept(kept))
        .relogging(1, 1)
        .then(stage.command_id(), Some(provider(2)), accept(lost))
        .relogging(1, 1);
    for _ in 0..2 {
        let outcomes = stage.batch(log.batch()).await;
        assert!(outcomes[0].has_succeeded(), "{outcomes:?}");
        assert_eq!(outcomes[1].code, Some(Code::HolderRestored));
        let told = outcomes[1].lost.as_ref().unwrap();
        assert_eq!(
            told.taken_back.as_ref().unwrap().how,
            FenceEnding::EdgeRestored
        );
        assert_eq!(told.race_rule, Some(RaceRule::FirstInCloud));
    }
    let cases = stage.store.list_cases(None, None, 10).await.unwrap();
    assert_eq!(
        cases
            .iter()
            .map(|case| case.kind.as_str())
            .collect::<Vec<_>>(),
        ["taken_back"]
    );
    let (listed, _) = stage.store.lost_acceptances(None, 10).await.unwrap();
    let [conflict] = &listed[..] else {
        panic!("{listed:?}")
    };
    assert_eq!(
        conflict.winner.as_ref().unwrap().user_id,
        provider(1).user_id
    );
    let promise = conflict.entry.promise.as_ref().unwrap();
    assert_eq!((promise.epoch, promise.fence), (1, 1));
    assert_eq!(promise.end.as_ref().unwrap().how, FenceEnding::EdgeRestored);
}

/// The next holder has decided it by then.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_promise_that_lost_in_the_next_holders_log_is_listed_once(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let order = stage.pending().await;
    let id = stage.command_id();
    stage.grant("north-1").await;
    stage.take_back().await;
    stage.grant("north-2").await;
    let late = Log::of("north-1").firm(1, id, provider(2), accept(order));
    assert_eq!(stage.answers(late.batch()).await, [WAITS]);
    let next = Log::of("north-2")
        .firm(2, stage.command_id(), provider(1), accept(order))
        .then(id, Some(provider(2)), accept(order));
    let codes: Vec<_> = stage
        .batch(next.batch())
        .await
        .iter()
        .map(|o| o.code)
        .collect();
    assert_eq!(codes, [None, Some(Code::OrderAlreadyAccepted)]);
    for _ in 0..2 {
        let outcome = stage.batch(late.batch()).await.remove(0);
        assert_eq!(outcome.kind, OutcomeKind::Duplicate);
        assert!(outcome.lost.unwrap().taken_back.is_some());
        let cases = stage.store.list_cases(None, None, 10).await.unwrap();
        assert_eq!(
            cases
                .iter()
                .map(|case| case.kind.as_str())
                .collect::<Vec<_>>(),
            ["taken_back"]
        );
        assert_eq!(cases[0].code, Some(Code::OrderAlreadyAccepted));
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_firm_approval_is_judged_by_the_rules_of_its_version(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let published = stage
        .publish(stage.command_id(), customer(1), draft())
        .await;
    let order_id = published.order.unwrap().id;
    let set = async |rules: OfflineRules| {
        let asked = AssignmentRequest {
            by: admin().user_id,
            trace: String::new(),
            take_back: None,
            right: None,
            rules: Some(rules),
        };
        stage
            .store
            .change_assignment(Region::North, &asked)
            .await
            .unwrap();
    };
    let allowing = serde_json::json!({
        "approval": { "price_max": "200.00", "service_types": ["cleaning_repair"] }
    });
    set(serde_json::from_value(allowing).unwrap()).await;
    let now = stage.grant("north-1").await;
    assert_eq!(now.rules_version, 2);
    set(OfflineRules::default()).await;
    let approve = CommandBody::ApproveOrder { order_id };
    let log = Log::of("north-1").firm(1, stage.command_id(), customer(1), approve);
    let outcomes = stage.batch(log.knowing_rules(2).batch()).await;
    assert!(outcomes[0].has_succeeded(), "{outcomes:?}");
    let cases = stage.store.list_cases(None, None, 10).await.unwrap();
    assert_eq!(
        cases
            .iter()
            .map(|case| case.kind.as_str())
            .collect::<Vec<_>>(),
        ["offline_rule"]
    );
}
