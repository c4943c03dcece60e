//! Which commands wait while an edge holds the region.

use rules::{Assignment, CaseKind, OrderRule, Submission, Writes};
use wire::{Code, HeldReason, OpDecision, OrderStatus, Region};

use crate::stage::*;

const WAITS: OpDecision = OpDecision::Held(HeldReason::Region);

fn is_held(request: &Submission, assignment: Assignment, status: OrderStatus) -> bool {
    let mut stage = Stage::with([order(1, status)]).assign(assignment);
    let writes = stage.decide(std::slice::from_ref(request));
    let held = writes.answers == [WAITS];
    if held {
        let nothing = Writes {
            answers: writes.answers.clone(),
            ..Writes::default()
        };
        assert_eq!(writes, nothing, "nothing is stored for what waits");
    }
    held
}

#[test]
fn an_accept_and_an_edges_approval_wait_unless_they_are_from_the_holders_epoch() {
    let other = |body| logged_at("north-2", 1, 1, provider(1), body);
    let of_epoch_2 = with_op(logged(1, 1, Some(provider(1)), accept(1)), |op| {
        op.identity.epoch = 2
    });
    let old_fence = with_op(firm(3, 1, 1, provider(1), accept(1)), |op| {
        op.identity.edge = edge("north-2");
    });
    for (request, waits) in [
        (portal(1, provider(1), accept(1)), true),
        (other(accept(1)), true),
        (of_epoch_2, true),
        (old_fence, true),
        (
            with_op(relogged(4, 1, 1, provider(1), accept(1)), |op| {
                op.evidence.fence = None
            }),
            true,
        ),
        (logged_at("south-1", 1, 1, provider(1), accept(1)), true),
        (logged_at("north-2", 1, 1, admin(), approve(1)), true),
        // The holder's own ops with any answer, including forwarded accepts.
        (logged(1, 1, Some(provider(1)), accept(1)), false),
        (firm(4, 1, 1, provider(1), accept(1)), false),
        (firm(3, 1, 1, provider(1), accept(1)), false),
        // The right covers nothing else.
        (portal(1, admin(), approve(1)), false),
        (portal(1, admin(), reject(1)), false),
        (portal(1, customer(1), cancel(1)), false),
        (logged_at("north-2", 1, 1, customer(1), cancel(1)), false),
        (logged_at("north-2", 1, 1, customer(1), publish(2)), false),
        (other(withdraw(1)), false),
        (other(start(1)), false),
        (other(complete(1)), false),
    ] {
        for status in [OrderStatus::PendingReview, OrderStatus::Pending] {
            assert_eq!(is_held(&request, held(), status), waits, "{request:?}");
            assert!(
                !is_held(&request, Assignment::default(), status),
                "nobody holds it"
            );
        }
    }
}

/// Refusing any of these at once would contradict the holder's later firm answer to the same
/// command.
#[test]
fn what_would_be_refused_waits_as_well() {
    let other = |actor| {
        with_op(logged(1, 1, actor, accept(1)), |op| {
            op.identity.edge = edge("north-2")
        })
    };
    let revoked = with_op(other(Some(provider(2))), |op| {
        op.evidence.revoked_version = Some(3)
    });
    for request in [
        other(None),
        other(Some(customer(1))),
        other(Some(provider(2))),
        revoked,
    ] {
        for status in OrderStatus::ALL {
            assert!(is_held(&request, held(), status), "{request:?} on {status}");
            let mut stage = Stage::with([order(1, status)]).assign(held());
            stage = stage.without(OrderRule::HeldBeforeChecks);
            let answer = stage
                .decide(std::slice::from_ref(&request))
                .answers
                .remove(0);
            assert!(
                answer == WAITS || !matches!(&answer, OpDecision::Decided(o) if o.has_succeeded())
            );
        }
    }
}

/// Must not wait: the holder would be asked to log it.
#[test]
fn what_came_after_the_end_of_trust_is_refused_and_never_decided_another_way() {
    let distrusted = |request| with_op(request, |op| op.evidence.distrusted = true);
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(held());
    let (refused, writes) = stage.decide_one(distrusted(logged_at(
        "north-2",
        1,
        1,
        provider(1),
        accept(1),
    )));
    assert_eq!(refused.code, Some(Code::EdgeNotTrusted));
    assert_eq!(writes.events.len(), 1, "the provider hears of it");
    let (asked, _) = stage.decide_one(logged(1, 1, Some(provider(1)), accept(1)));
    assert!(
        !asked.has_succeeded(),
        "the holder was asked to log it before: {asked:?}"
    );
    assert_eq!(stage.order(1).status, OrderStatus::Pending);
    // A firm promise by the untrusted edge does not count.
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(held());
    let (refused, _) = stage.decide_one(distrusted(firm(4, 1, 1, provider(1), accept(1))));
    assert_eq!(refused.code, Some(Code::EdgeNotTrusted));
}

#[test]
fn what_was_decided_before_anybody_spoke_of_distrust_stands_and_is_a_case() {
    let op = || logged_at("north-2", 1, 1, provider(1), accept(1));
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    assert!(stage.decide_one(op()).0.has_succeeded());
    let again = with_op(op(), |op| op.evidence.distrusted = true);
    let (outcome, writes) = stage.decide_one(again);
    assert!(outcome.has_succeeded());
    let kinds: Vec<_> = writes.cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::EdgeDistrusted]);
}

#[test]
fn without_the_rule_a_hopeless_accept_is_refused_at_once() {
    for (disabled, request) in [
        (
            OrderRule::HeldBeforeChecks,
            logged_at("north-2", 1, 1, customer(1), accept(1)),
        ),
        (
            OrderRule::NonfenceHeld,
            logged_at("north-2", 1, 1, provider(1), accept(1)),
        ),
        (
            OrderRule::OldfenceHeld,
            with_op(firm(3, 1, 1, provider(1), accept(1)), |op| {
                op.identity.epoch = 0
            }),
        ),
        (
            OrderRule::HeldNotFinal,
            logged_at("north-2", 1, 1, provider(1), accept(1)),
        ),
    ] {
        assert!(
            is_held(&request, held(), OrderStatus::Pending),
            "{disabled:?}"
        );
        let mut stage = Stage::with([order(1, OrderStatus::Pending)])
            .assign(held())
            .without(disabled);
        let writes = stage.decide(&[request]);
        assert!(
            matches!(writes.answers[0], OpDecision::Decided(_)),
            "{disabled:?}"
        );
        assert_eq!(writes.commands.len(), 1, "{disabled:?}");
    }
}

#[test]
fn a_stored_answer_is_told_though_the_region_is_held() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    stage.decide_one(portal(1, provider(1), accept(1)));
    let mut stage = stage.assign(held());
    let (repeat, _) = stage.decide_one(logged_at("north-2", 1, 1, provider(1), accept(1)));
    assert!(repeat.has_succeeded());
}

#[test]
fn what_its_edge_did_next_on_the_same_order_waits_behind_it() {
    let mut stage = Stage::with([
        order(1, OrderStatus::Pending),
        order(2, OrderStatus::Pending),
    ])
    .assign(held());
    let writes = stage.decide(&[
        logged_at("north-2", 1, 1, provider(1), accept(1)),
        logged_at("north-2", 2, 2, provider(1), start(1)),
        logged_at("north-2", 3, 3, customer(1), cancel(2)),
        logged_at("north-2", 4, 4, customer(1), cancel(1)),
        portal(5, customer(1), cancel(1)),
    ]);
    assert_eq!(
        [&writes.answers[0], &writes.answers[1], &writes.answers[3]],
        [&WAITS; 3]
    );
    assert!(
        outcome(&writes, 2).has_succeeded(),
        "another order's op is decided at once"
    );
    assert!(
        outcome(&writes, 4).has_succeeded(),
        "another way's op is decided at once"
    );
}

#[test]
fn an_order_that_nobody_here_knows_may_be_of_any_held_region() {
    let accept_at = |name| logged_at(name, 1, 1, provider(1), accept(9));
    let waits = |request: Submission| {
        let mut stage = Stage::with([]).assign(held());
        stage
            .snapshot
            .regions
            .insert(Region::South, Assignment::default());
        stage.decide(&[request]).answers == [WAITS]
    };
    assert!(waits(accept_at("north-2")));
    assert!(waits(
        with_op(accept_at("south-1"), |op| op.region = Region::South)
    ));
    assert!(
        !waits(accept_at("north-1")),
        "no region is held but its own"
    );
    assert!(!waits(firm(4, 1, 1, provider(1), accept(9))));
    assert!(
        !waits(portal(1, provider(1), accept(9))),
        "it is told there is no such order"
    );
}

#[test]
fn a_provider_hears_why_his_work_elsewhere_does_not_count_yet() {
    for body in [withdraw(1), start(1), complete(1)] {
        for request in [
            portal(1, provider(1), body.clone()),
            logged_at("north-2", 1, 1, provider(1), body.clone()),
        ] {
            let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(held());
            let (outcome, _) = stage.decide_one(request.clone());
            assert_eq!(
                outcome.code,
                Some(Code::AcceptanceNotArrived),
                "{request:?}"
            );
            let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
            let (outcome, _) = stage.decide_one(request);
            assert_eq!(
                outcome.code,
                Some(Code::NotYours),
                "nobody holds the region"
            );
        }
    }
}
