//! Only a verified provider may accept, by their newest verification status.

use rules::{CaseKind, Submission};
use wire::{Actor, Code, EventType, OrderStatus, ProviderVerification};

use crate::stage::*;

/// NORTH has open orders; `kept` is provider 1's stored status.
fn stage(kept: Option<(u64, bool)>) -> Stage {
    let mut stage = Stage::with((1..=3).map(|n| order(n, OrderStatus::Pending)));
    stage.snapshot.verified_only = true;
    let me = provider(1);
    stage
        .snapshot
        .marks
        .extend(kept.map(|kept| (me.user_id, mark(me, kept))));
    stage
}

fn mark(actor: Actor, (version, verified): (u64, bool)) -> ProviderVerification {
    ProviderVerification {
        user: actor.user_id,
        version,
        verified,
    }
}

fn telling(request: Submission, told: Option<ProviderVerification>) -> Submission {
    let Submission::Command(mut attempt) = request else {
        panic!("no command: {request:?}")
    };
    attempt.verification = told;
    Submission::Command(attempt)
}

#[test]
fn the_newest_word_of_token_and_store_decides_who_may_accept() {
    let me = provider(1);
    for (kept, told, may) in [
        (None, None, false),
        (None, Some((0, false)), false),
        (None, Some((4, true)), true),
        (Some((4, true)), None, true),
        (Some((4, true)), Some((0, false)), true),
        (Some((5, false)), Some((4, true)), false),
        (Some((4, true)), Some((5, false)), false),
        (Some((5, false)), Some((6, true)), true),
    ] {
        let told = told.map(|told| mark(me, told));
        for request in [portal(1, me, accept(1)), logged(1, 1, Some(me), accept(1))] {
            let (outcome, _) = stage(kept).decide_one(telling(request, told));
            let expected = (!may).then_some(Code::NotVerified);
            assert_eq!(outcome.code, expected, "{kept:?} {told:?}");
        }
    }
    let somebody_elses = Some(mark(provider(2), (9, true)));
    let (outcome, _) = stage(None).decide_one(telling(portal(1, me, accept(1)), somebody_elses));
    assert_eq!(outcome.code, Some(Code::NotVerified));
}

#[test]
fn a_refusal_over_http_leaves_the_id_free_and_one_of_an_edges_op_reaches_the_inbox() {
    let me = provider(1);
    let mut stage = stage(None);
    let (_, writes) = stage.decide_one(portal(1, me, accept(1)));
    assert!(
        writes.commands.is_empty() && writes.events.is_empty(),
        "{writes:?}"
    );
    let (refused, writes) = stage.decide_one(logged(1, 2, Some(me), accept(1)));
    assert_eq!(
        (refused.code, refused.lost),
        (Some(Code::NotVerified), None)
    );
    let told = writes.events.last().unwrap();
    let said = (told.kind, told.body.code);
    assert_eq!(
        said,
        (EventType::OrderAcceptanceLost, Some(Code::NotVerified))
    );
    assert_eq!(writes.timeline.len(), 1, "and the order's history");
    stage.snapshot.marks.insert(me.user_id, mark(me, (2, true)));
    let (outcome, _) = stage.decide_one(portal(1, me, accept(1)));
    assert!(
        outcome.has_succeeded(),
        "the same command, once he is verified: {outcome:?}"
    );
}

#[test]
fn a_refusal_that_leaves_the_id_free_joins_no_case() {
    let me = provider(1);
    let mut stage = stage(None);
    stage
        .snapshot
        .orders
        .get_mut(&order_id(1))
        .unwrap()
        .order
        .status = OrderStatus::Cancelled;
    stage.snapshot.met_closed.insert((order_id(1), me.user_id));
    for _ in 0..2 {
        let (refused, writes) = stage.decide_one(portal(1, me, accept(1)));
        assert_eq!(refused.code, Some(Code::NotVerified));
        assert!(writes.cases.is_empty(), "{writes:?}");
    }
    let (_, writes) = stage.decide_one(logged(1, 2, Some(me), accept(1)));
    let [case] = writes.cases.as_slice() else {
        panic!("{writes:?}")
    };
    assert_eq!(
        case.kind,
        CaseKind::MetClosed,
        "an edge's op is decided for good"
    );
}

#[test]
fn a_promise_is_kept_and_becomes_a_case_and_a_job_in_hand_stays() {
    let me = provider(1);
    let mut stage = stage(None).assign(held());
    let (outcome, writes) = stage.decide_one(firm(4, 1, 1, me, accept(1)));
    assert!(outcome.has_succeeded(), "{outcome:?}");
    assert_eq!(
        writes
            .cases
            .iter()
            .map(|case| case.kind)
            .collect::<Vec<_>>(),
        [CaseKind::UnverifiedHolder]
    );
    // The job is theirs: they may repeat the accept, and continue.
    let (again, writes) = stage.decide_one(logged(2, 2, Some(me), accept(1)));
    assert!(
        again.has_succeeded() && writes.cases.is_empty(),
        "{again:?}"
    );
    let (given_back, _) = stage.decide_one(logged(3, 3, Some(me), withdraw(1)));
    assert!(given_back.has_succeeded(), "{given_back:?}");
}
