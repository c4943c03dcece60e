//! A command takes effect once and always gets the same answer; only a decision uses up its id.

use crate::stage::*;
use rules::Submission;
use wire::{Code, CommandBody, FirstResult, OrderStatus, OutcomeKind};

#[test]
fn the_same_op_gets_its_own_result_and_writes_nothing() {
    for (status, applied) in [(OrderStatus::Pending, true), (OrderStatus::Accepted, false)] {
        let mut stage = Stage::with([order(1, status), order(2, OrderStatus::Pending)]);
        let op = logged(1, 1, Some(provider(2)), accept(1));
        let (first, _) = stage.decide_one(op.clone());
        stage.snapshot.now = NOW.plus_ms(5_000);
        let (again, writes) = stage.decide_one(op);
        assert_eq!(first.has_succeeded(), applied);
        assert_eq!(
            again, first,
            "also its explanation and the time of its decision"
        );
        assert!(writes.commands.is_empty() && writes.orders.is_empty());
        assert!(writes.timeline.is_empty() && writes.events.is_empty());
    }
}

#[test]
fn the_same_command_by_another_way_gets_the_first_result() {
    for (status, applied, code) in [
        (OrderStatus::Pending, true, None),
        (
            OrderStatus::Accepted,
            false,
            Some(Code::OrderAlreadyAccepted),
        ),
    ] {
        let first = |n| logged(n, 1, Some(provider(2)), accept(1));
        for (one, other) in [
            (first(1), first(2)),
            (first(1), portal(1, provider(2), accept(1))),
            (portal(1, provider(2), accept(1)), first(1)),
            (
                portal(1, provider(2), accept(1)),
                portal(1, provider(2), accept(1)),
            ),
        ] {
            let mut stage = Stage::with([order(1, status)]);
            let writes = stage.decide(&[one, other.clone(), other]);
            assert_eq!(outcome(&writes, 0).has_succeeded(), applied);
            for at in [1, 2] {
                let repeat = outcome(&writes, at);
                assert_eq!(repeat.kind, OutcomeKind::Duplicate);
                assert_eq!(repeat.first, Some(FirstResult { applied, code }));
                assert_eq!(repeat.has_succeeded(), applied);
            }
            assert_eq!(writes.commands.len(), 1);
        }
    }
}

#[test]
fn an_id_used_for_another_thing_is_refused_and_keeps_its_answer() {
    let others: [Submission; 3] = [
        portal(1, provider(1), accept(2)),
        portal(1, provider(1), withdraw(1)),
        logged(9, 1, Some(provider(1)), accept(2)),
    ];
    for other in others {
        let mut stage = Stage::with([
            order(1, OrderStatus::Pending),
            order(2, OrderStatus::Pending),
        ]);
        stage.decide_one(logged(1, 1, Some(provider(1)), accept(1)));
        let (reused, writes) = stage.decide_one(other);
        assert_eq!(
            (reused.kind, reused.code),
            (OutcomeKind::Rejected, Some(Code::CommandIdReused))
        );
        assert_eq!(reused.order, None, "nothing of the first command is shown");
        assert_eq!(
            writes,
            rules::Writes {
                answers: writes.answers.clone(),
                ..Default::default()
            }
        );
        let (own, _) = stage.decide_one(portal(1, provider(1), accept(1)));
        assert!(own.has_succeeded());
    }
}

#[test]
fn nobody_can_use_up_a_strangers_id() {
    let strangers = [
        portal(1, provider(2), accept(2)),
        logged(9, 1, Some(provider(2)), accept(2)),
        logged(9, 1, None, accept(2)),
    ];
    for stranger in strangers {
        let orders = [
            order(1, OrderStatus::Pending),
            order(2, OrderStatus::Pending),
        ];
        let mut stage = Stage::with(orders);
        stage.decide_one(stranger.clone());
        let own = portal(1, provider(1), accept(1));
        let (first, _) = stage.decide_one(own.clone());
        assert_eq!(
            (first.kind, first.code),
            (OutcomeKind::Applied, None),
            "after {stranger:?}"
        );
        for request in [own, stranger] {
            let (_, writes) = stage.decide_one(request);
            assert!(
                writes.commands.is_empty(),
                "each hears their own answer again"
            );
        }
    }
}

#[test]
fn the_winners_own_retry_is_a_success_under_any_id() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    let (first, _) = stage.decide_one(portal(1, provider(1), accept(1)));
    for id in [1, 2] {
        let (retry, writes) = stage.decide_one(portal(id, provider(1), accept(1)));
        assert!(retry.has_succeeded());
        assert_eq!(retry.order, first.order, "the same body");
        assert!(writes.orders.is_empty() && writes.events.is_empty());
    }
}

#[test]
fn a_repeat_shows_the_order_as_it_is_now_with_the_old_result() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    stage.decide_one(portal(1, provider(1), accept(1)));
    stage.decide_one(portal(2, customer(1), cancel(1)));
    let (repeat, _) = stage.decide_one(portal(1, provider(1), accept(1)));
    assert!(repeat.has_succeeded());
    assert_eq!(
        repeat.order.map(|order| order.status),
        Some(OrderStatus::Cancelled)
    );
}

#[test]
fn a_loss_is_not_explained_by_a_winner_who_came_later() {
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
    let op = logged(1, 1, Some(provider(2)), accept(1));
    stage.decide_one(op.clone());
    stage.snapshot.now = NOW.plus_ms(1_000);
    stage.decide_one(portal(2, provider(1), withdraw(1)));
    stage.decide_one(portal(3, provider(3), accept(1)));
    let (again, _) = stage.decide_one(op);
    assert_eq!(
        (again.code, again.lost),
        (Some(Code::OrderAlreadyAccepted), None)
    );
}

#[test]
fn only_a_decision_consumes_a_command_id() {
    let wrong = CommandBody::PublishOrder {
        order_id: order_id(5),
        order: wire::Draft {
            address: String::new(),
            ..draft()
        },
    };
    for (body, actor, code, consumed) in [
        (accept(9), provider(1), Code::OrderNotFound, false),
        (wrong, customer(1), Code::InvalidInput, false),
        (accept(1), provider(2), Code::OrderAlreadyAccepted, true),
        (accept(1), customer(1), Code::ProvidersOnly, true),
        (start(1), provider(1), Code::FundsNotHeld, true),
        (complete(1), provider(1), Code::WrongState, true),
    ] {
        let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
        let (outcome, writes) = stage.decide_one(portal(1, actor, body.clone()));
        assert_eq!(outcome.code, Some(code));
        assert_eq!(!writes.commands.is_empty(), consumed, "{code} over HTTP");
        let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
        let (outcome, writes) = stage.decide_one(logged(1, 1, Some(actor), body));
        assert_eq!(outcome.code, Some(code));
        assert_eq!(
            writes.commands.len(),
            1,
            "{code}: what an edge logged is decided for good"
        );
    }
}

#[test]
fn an_order_not_found_over_http_can_be_accepted_later_under_the_same_id() {
    let mut stage = Stage::with([]);
    let (refused, _) = stage.decide_one(portal(1, provider(1), accept(1)));
    assert_eq!(refused.code, Some(Code::OrderNotFound));
    stage
        .snapshot
        .orders
        .insert(order_id(1), order(1, OrderStatus::Pending));
    let (accepted, _) = stage.decide_one(portal(1, provider(1), accept(1)));
    assert_eq!(accepted.kind, OutcomeKind::Applied);
}

#[test]
fn an_op_that_nobody_vouches_for_is_rejected_and_stays_so() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    let op = logged(1, 1, None, accept(1));
    let (first, writes) = stage.decide_one(op.clone());
    assert_eq!(
        (first.kind, first.code),
        (OutcomeKind::Rejected, Some(Code::InvalidToken))
    );
    assert!(writes.orders.is_empty() && writes.events.is_empty() && writes.timeline.is_empty());
    let (again, _) = stage.decide_one(op);
    assert_eq!((again.kind, again.code), (first.kind, first.code));
    let (vouched, _) = stage.decide_one(logged(2, 1, Some(provider(1)), accept(1)));
    assert_eq!(
        vouched.first,
        Some(FirstResult {
            applied: false,
            code: Some(Code::InvalidToken)
        })
    );
    assert_eq!(stage.order(1).status, OrderStatus::Pending);
}

#[test]
fn what_nobody_vouched_for_and_what_its_maker_then_did_under_its_id_stay_as_they_were_told() {
    let orders = [
        order(1, OrderStatus::Pending),
        order(2, OrderStatus::Pending),
    ];
    let unvouched = logged(1, 1, None, accept(1));
    let same = logged(2, 1, Some(provider(1)), accept(1));
    let other = logged(3, 1, Some(provider(1)), accept(2));
    let log = [unvouched.clone(), same.clone(), other.clone()];
    for order in [[0, 1, 2], [2, 0, 1], [2, 1, 0], [1, 0, 2]] {
        let mut stage = Stage::with(orders.clone());
        let batch = order.map(|at| log[at].clone());
        let told = |writes: &rules::Writes| {
            [0, 1, 2].map(|at| {
                (
                    outcome(writes, at).has_succeeded(),
                    outcome(writes, at).code,
                )
            })
        };
        let first = told(&stage.decide(&batch));
        let again = stage.decide(&batch);
        assert!(again.commands.is_empty(), "{order:?}");
        assert_eq!(told(&again), first, "{order:?}");
    }
}

#[test]
fn an_unvouched_repeat_is_not_told_the_owners_answer() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    stage.decide_one(portal(1, provider(1), accept(1)));
    let (repeat, writes) = stage.decide_one(logged(1, 1, None, accept(1)));
    assert_eq!(
        (repeat.code, repeat.order),
        (Some(Code::InvalidToken), None)
    );
    assert!(writes.commands.is_empty());
    let (own, _) = stage.decide_one(portal(1, provider(1), accept(1)));
    assert!(own.has_succeeded(), "nor is the owner told theirs");
}
