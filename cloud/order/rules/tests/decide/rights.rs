//! Deciding firm answers, under a current right and one that was taken back.

use rules::{Assignment, CaseKind, OrderRule, Submission};
use wire::{
    Code, EventType, FenceEnding, FirstAnswer, OrderStatus, OutcomeKind, QuarantineWhy, RaceRule,
    Verdict,
};

use crate::stage::*;

#[test]
fn a_firm_accept_gets_its_order_and_is_remembered_as_firm() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(held());
    let (outcome, writes) = stage.decide_one(firm(4, 1, 1, provider(2), accept(1)));
    assert!(outcome.has_succeeded());
    assert!(
        stage.snapshot.orders[&order_id(1)]
            .acceptance
            .as_ref()
            .unwrap()
            .is_firm()
    );
    assert_eq!(writes.timeline[0].entry.verdict, Some(Verdict::Firm));
    assert!(writes.cases.is_empty());
}

#[test]
fn a_firm_accept_that_finds_its_order_closed_counts_and_leaves_it_so() {
    for (status, code) in [
        (OrderStatus::Cancelled, Code::OrderCancelledMeanwhile),
        (OrderStatus::Rejected, Code::OrderRejectedMeanwhile),
    ] {
        let before = order(1, status);
        let mut stage = Stage::with([before.clone()]).assign(held());
        let op = firm(4, 1, 1, provider(2), accept(1));
        let (outcome, writes) = stage.decide_one(op.clone());
        assert_eq!(
            (outcome.kind, outcome.code),
            (OutcomeKind::Applied, Some(code))
        );
        assert!(outcome.has_succeeded());
        assert_eq!(stage.order(1), &before.order);
        let [line] = writes.timeline.as_slice() else {
            panic!("{:?}", writes.timeline)
        };
        assert_eq!(
            (line.entry.actor, line.entry.code),
            (provider(2), Some(code))
        );
        assert!(line.entry.hops.edge_at.is_some() && line.entry.hops.cloud_at.is_some());
        let [event] = writes.events.as_slice() else {
            panic!("{:?}", writes.events)
        };
        assert_eq!(
            (event.kind, event.body.code),
            (EventType::OrderAcceptanceLost, Some(code))
        );
        assert_eq!(
            event.body.actor,
            provider(2),
            "it is his inbox that hears of it"
        );
        assert_eq!(case_kinds(&writes), [CaseKind::MetClosed]);
        let (again, writes) = stage.decide_one(op);
        assert_eq!((again.kind, again.code), (OutcomeKind::Applied, Some(code)));
        assert!(writes.events.is_empty() && writes.cases.is_empty());

        let mut stage = Stage::with([before])
            .assign(held())
            .without(OrderRule::CancelHeld);
        let (outcome, _) = stage.decide_one(firm(4, 1, 1, provider(2), accept(1)));
        assert_eq!(
            outcome.kind,
            OutcomeKind::Rejected,
            "that is what the rule is for"
        );
    }
}

#[test]
fn what_he_then_did_on_it_is_rejected_and_gathered_in_his_case() {
    let work = || {
        [
            logged(2, 2, Some(provider(2)), start(1)),
            logged(3, 3, Some(provider(2)), complete(1)),
            logged(4, 4, Some(provider(3)), start(1)),
        ]
    };
    let promise = firm(4, 1, 1, provider(2), accept(1));
    for together in [true, false] {
        let mut stage = Stage::with([order(1, OrderStatus::Cancelled)]).assign(held());
        let writes = match together {
            true => stage.decide(&[&[promise.clone()][..], &work()].concat()),
            false => {
                let mut first = stage.decide(std::slice::from_ref(&promise));
                let then = stage.decide(&work());
                first.answers.extend(then.answers);
                first.cases.extend(then.cases);
                first
            }
        };
        let codes: Vec<_> = (1..4)
            .map(|at| outcome(&writes, at).code.unwrap())
            .collect();
        assert_eq!(
            codes,
            [Code::OrderCancelled, Code::OrderCancelled, Code::NotYours]
        );
        let gathered: Vec<_> = writes
            .cases
            .iter()
            .map(|item| (item.user_id, item.kind, item.code))
            .collect();
        let his = |code| (provider(2).user_id, CaseKind::MetClosed, Some(code));
        assert_eq!(
            gathered,
            [
                his(Code::OrderCancelledMeanwhile),
                his(Code::OrderCancelled),
                his(Code::OrderCancelled)
            ]
        );
    }
}

#[test]
fn an_accept_under_a_right_that_was_taken_back_is_honoured_where_the_order_is_pending() {
    for how in FenceEnding::ALL
        .into_iter()
        .filter(|how| how.is_take_back())
    {
        let broken = how.broken_promise().unwrap();
        for (status, expected) in [
            (OrderStatus::Pending, Ok(())),
            (OrderStatus::Accepted, Err(broken)),
            (OrderStatus::Completed, Err(broken)),
            (OrderStatus::Cancelled, Err(broken)),
            (OrderStatus::Rejected, Err(broken)),
        ] {
            let mut stage = Stage::with([order(1, status)]).assign(ended(how));
            let op = firm(4, 1, 1, provider(2), accept(1));
            let (outcome, writes) = stage.decide_one(op.clone());
            match expected {
                Ok(()) => assert!(outcome.has_succeeded(), "{how} {status}"),
                Err(code) => {
                    assert_eq!(outcome.code, Some(code), "{how} {status}");
                    let record = outcome.lost.as_ref().unwrap().taken_back.as_ref().unwrap();
                    assert_eq!((record.how, record.by), (how, Some(admin().user_id)));
                    assert_eq!(record.why.as_deref(), Some("The node is lost."));
                    let lost = outcome.lost.as_ref().unwrap();
                    assert_eq!(lost.status, Some(status));
                    let won = status.has_provider().then_some(RaceRule::FirstInCloud);
                    assert_eq!(
                        (lost.race_rule, lost.winner_source.is_some()),
                        (won, won.is_some())
                    );
                    let line = writes.timeline[0].entry.promise.as_ref().unwrap();
                    assert_eq!(
                        (line.epoch, line.fence),
                        (1, 4),
                        "the firm answer is on record"
                    );
                    assert_eq!(
                        writes.events[0].body.lost, outcome.lost,
                        "the event says the same"
                    );
                    assert_eq!(case_kinds(&writes), [CaseKind::TakenBack]);
                    let (again, _) = stage.decide_one(op);
                    assert_eq!(again.lost, outcome.lost, "and so does a repeat");
                }
            }
        }
    }
}

/// A quarantine took the right back, so the command was logged again without a fence.
#[test]
fn what_was_promised_in_an_epoch_that_is_over_is_honoured_or_told_of_the_take_back() {
    for how in FenceEnding::ALL {
        let op = relogged(4, 1, 1, provider(2), accept(1));
        let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(ended(how));
        assert!(stage.decide_one(op.clone()).0.has_succeeded(), "{how}");

        let mut stage = Stage::with([order(1, OrderStatus::Accepted)]).assign(ended(how));
        let (outcome, writes) = stage.decide_one(op.clone());
        let record = outcome.lost.as_ref().unwrap().taken_back.clone();
        let line = writes.timeline[0].entry.promise.as_ref().unwrap();
        assert_eq!(
            (line.epoch, line.fence),
            (1, 4),
            "{how}: the firm answer is on record"
        );
        if let Some(broken) = how.broken_promise() {
            assert_eq!(outcome.code, Some(broken), "{how}");
            assert_eq!(record.map(|end| end.how), Some(how));
            assert_eq!(case_kinds(&writes), [CaseKind::TakenBack]);
        } else {
            assert_eq!(
                (outcome.code, record),
                (Some(Code::OrderAlreadyAccepted), None)
            );
            assert!(
                case_kinds(&writes).is_empty(),
                "a right that was given back is over"
            );
        }
    }
    for change in [
        |first: &mut FirstAnswer| first.verdict = Verdict::Provisional,
        |first: &mut FirstAnswer| first.fence = None,
        |first: &mut FirstAnswer| first.epoch = 7,
        |first: &mut FirstAnswer| first.edge = edge("north-2"),
    ] {
        let op = with_op(relogged(4, 1, 1, provider(2), accept(1)), |op| {
            change(op.evidence.relogged.as_mut().unwrap());
        });
        let mut stage =
            Stage::with([order(1, OrderStatus::Accepted)]).assign(ended(FenceEnding::EdgeRestored));
        let (outcome, _) = stage.decide_one(op);
        assert_eq!(
            outcome.code,
            Some(Code::OrderAlreadyAccepted),
            "nothing of the sort was said"
        );
    }
}

/// It waited, was forwarded to the next holder, and lost in that edge's log.
#[test]
fn what_lost_elsewhere_under_the_same_command_is_told_of_the_take_back_too() {
    let own = firm(4, 1, 1, provider(2), accept(1));
    let mut stage =
        Stage::with([order(1, OrderStatus::Accepted)]).assign(ended(FenceEnding::TakenBack));
    let put = with_op(own.clone(), |op| {
        (op.identity.edge, op.evidence.verdict, op.evidence.fence) =
            (edge("north-2"), Verdict::Provisional, None);
    });
    let (outcome, _) = stage.decide_one(put);
    assert_eq!(outcome.code, Some(Code::OrderAlreadyAccepted));
    assert_eq!(outcome.lost.unwrap().taken_back, None);
    for listed in [&[CaseKind::TakenBack][..], &[]] {
        let (outcome, writes) = stage.decide_one(own.clone());
        assert_eq!(outcome.kind, wire::OutcomeKind::Duplicate);
        assert!(outcome.lost.unwrap().taken_back.is_some());
        assert_eq!(case_kinds(&writes), listed, "for an admin to look at, once");
        let codes: Vec<_> = writes.cases.iter().map(|item| item.code).collect();
        assert!(
            codes
                .iter()
                .all(|code| *code == Some(Code::OrderAlreadyAccepted)),
            "{codes:?}"
        );
    }
}

/// The original of a cloned machine still holds the right, or the log released it before being
/// restored.
#[test]
fn a_promise_of_a_copied_or_restored_log_is_told_of_where_no_right_was_taken_back() {
    for (why, code) in [
        (QuarantineWhy::EdgeCloned, Code::HolderCloned),
        (QuarantineWhy::EdgeRestored, Code::HolderRestored),
    ] {
        let own = with_op(relogged(4, 1, 1, provider(2), accept(1)), |op| {
            op.evidence.relogged.as_mut().unwrap().why = Some(why);
        });
        for status in [OrderStatus::Accepted, OrderStatus::Cancelled] {
            let mut stage = Stage::with([order(1, status)]).assign(ended(FenceEnding::Released));
            let (outcome, writes) = stage.decide_one(own.clone());
            let lost = outcome.lost.unwrap();
            assert_eq!((outcome.code, lost.status), (Some(code), Some(status)));
            assert_eq!(
                (lost.promise_ended, lost.taken_back),
                (Some(why.into()), None)
            );
            assert_eq!(case_kinds(&writes), [CaseKind::TakenBack]);
        }
        let mut stage = Stage::with([order(1, OrderStatus::Accepted)]).assign(held());
        let put = with_op(logged(2, 1, Some(provider(2)), accept(1)), |op| {
            op.evidence.made_at = Some(wire::Source::Edge(edge("north-2")));
        });
        let (outcome, writes) = stage.decide_one(put);
        assert_eq!(outcome.code, Some(Code::OrderAlreadyAccepted));
        assert_eq!(
            writes.timeline[0].entry.source,
            wire::Source::Edge(edge("north-2"))
        );
        let (outcome, writes) = stage.decide_one(own);
        assert_eq!(outcome.lost.unwrap().promise_ended, Some(why.into()));
        assert_eq!(case_kinds(&writes), [CaseKind::TakenBack]);
        assert_eq!(
            writes.promises[0].promise.why,
            Some(why.into()),
            "it is put on record late"
        );
    }
}

#[test]
fn an_acceptance_says_by_which_rule_it_came_first() {
    let by_rule = |assignment, request| {
        let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(assignment);
        let (outcome, writes) = stage.decide_one(request);
        assert!(outcome.has_succeeded(), "{outcome:?}");
        let (later, _) = stage.decide_one(logged(9, 9, Some(provider(3)), accept(1)));
        assert_eq!(
            later.lost.unwrap().race_rule,
            writes.timeline[0].entry.race_rule
        );
        writes.timeline[0].entry.race_rule
    };
    let provisional = || logged(1, 1, Some(provider(2)), accept(1));
    let firm = firm(4, 1, 1, provider(2), accept(1));
    assert_eq!(
        by_rule(Assignment::default(), provisional()),
        Some(RaceRule::FirstInCloud)
    );
    assert_eq!(by_rule(held(), provisional()), Some(RaceRule::FirstInLog));
    assert_eq!(by_rule(held(), firm), Some(RaceRule::Promised));
}

#[test]
fn a_fence_counts_only_for_the_epoch_it_was_granted_to() {
    let own = firm(4, 1, 1, provider(2), accept(1));
    let strangers: [Submission; 4] = [
        with_op(own.clone(), |op| op.identity.edge = edge("north-2")),
        with_op(own.clone(), |op| op.identity.epoch = 2),
        with_op(own.clone(), |op| op.evidence.verdict = Verdict::Provisional),
        with_op(own, |op| op.evidence.fence = Some(5)),
    ];
    for request in strangers {
        let mut stage =
            Stage::with([order(1, OrderStatus::Accepted)]).assign(ended(FenceEnding::TakenBack));
        let (outcome, _) = stage.decide_one(request.clone());
        assert_eq!(
            outcome.code,
            Some(Code::OrderAlreadyAccepted),
            "{request:?}"
        );
    }
    let mut stage =
        Stage::with([order(1, OrderStatus::Cancelled)]).assign(ended(FenceEnding::Released));
    let (outcome, _) = stage.decide_one(firm(4, 1, 1, provider(2), accept(1)));
    assert_eq!(
        outcome.code,
        Some(Code::OrderCancelled),
        "a right that was given back is over"
    );
}

#[test]
fn refusals_that_consume_nothing_let_the_same_command_succeed_later() {
    for disabled in [None, Some(OrderRule::RefuseNotConsume)] {
        let mut stage = Stage::with([]);
        stage.disabled = disabled;
        stage.decide_one(portal(1, provider(1), accept(1)));
        stage
            .snapshot
            .orders
            .insert(order_id(1), order(1, OrderStatus::Pending));
        let mut stage = stage.assign(held());
        let writes = stage.decide(&[portal(1, provider(1), accept(1))]);
        let decided = matches!(writes.answers[0], wire::OpDecision::Decided(_));
        assert_eq!(
            decided,
            disabled.is_some(),
            "it waits for the holder, unless it was used up"
        );
        let (outcome, _) = stage.decide_one(firm(4, 1, 1, provider(1), accept(1)));
        assert_eq!(outcome.has_succeeded(), disabled.is_none());
    }
}
