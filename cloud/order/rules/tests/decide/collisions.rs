//! Collisions on one order: the winner, and the losers' replies and records.

use crate::stage::*;
use wire::{Amount, Code, EventType, OrderStatus, OutcomeKind, ServiceType, Source, UnixMillis};

#[test]
fn the_first_acceptance_of_a_batch_wins_and_the_others_lose_to_it() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    let requests: Vec<_> = (1..=9)
        .map(|n| logged(n, u128::from(n), Some(provider(n.into())), accept(1)))
        .collect();
    let writes = stage.decide(&requests);
    assert!(outcome(&writes, 0).has_succeeded());
    for at in 1..9 {
        let lost = outcome(&writes, at);
        assert_eq!(
            (lost.kind, lost.code),
            (OutcomeKind::Rejected, Some(Code::OrderAlreadyAccepted))
        );
        let shown = lost.order.as_ref().unwrap();
        assert_eq!(
            shown.provider_id,
            Some(provider(1).user_id),
            "the loser sees the winner's state"
        );
    }
    assert_eq!(stage.order(1).provider_id, Some(provider(1).user_id));
    let accepted = writes
        .events
        .iter()
        .filter(|event| event.kind == EventType::OrderAccepted);
    assert_eq!(accepted.count(), 1);
    assert_eq!(
        writes.orders.len(),
        1,
        "an order that changed is written once"
    );
}

#[test]
fn a_later_op_sees_what_an_earlier_one_of_its_batch_did() {
    let mut stage = Stage::with([]);
    let writes = stage.decide(&[
        logged(1, 1, Some(customer(1)), publish(1)),
        portal(2, admin(), approve(1)),
        logged(2, 3, Some(provider(1)), accept(1)),
        logged(3, 4, Some(provider(1)), withdraw(1)),
        logged(4, 5, Some(provider(2)), accept(1)),
        logged(5, 6, Some(customer(1)), cancel(1)),
    ]);
    assert!(
        (0..6).all(|at| outcome(&writes, at).has_succeeded()),
        "{:?}",
        writes.answers
    );
    assert_eq!(stage.order(1).version, 6);
    assert_eq!(writes.orders.len(), 1);
    assert_eq!(writes.orders[0].guard, None);
    let versions: Vec<_> = writes
        .timeline
        .iter()
        .map(|line| line.entry.version)
        .collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    let told: Vec<_> = writes
        .events
        .iter()
        .map(|event| event.body.order.version)
        .collect();
    assert_eq!(
        told, versions,
        "each event carries the order as it was then"
    );
}

#[test]
fn a_loser_is_told_who_was_first_and_when() {
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
    let (outcome, writes) = stage.decide_one(logged(7, 1, Some(provider(2)), accept(1)));
    let lost = outcome.lost.unwrap();
    assert_eq!(lost.winner_decided_at, Some(UnixMillis(NOW.0 - 30_000)));
    assert_eq!(lost.winner_source, Some(Source::Portal));
    assert_eq!(lost.tapped_at, Some(UnixMillis(NOW.0 - 20_000)));
    assert_eq!(lost.edge_at, Some(UnixMillis(NOW.0 - 10_000)));
    let [line] = writes.timeline.as_slice() else {
        panic!("{:?}", writes.timeline)
    };
    assert_eq!(
        (line.entry.from, line.entry.to),
        (Some(OrderStatus::Accepted), OrderStatus::Accepted)
    );
    assert_eq!(line.entry.code, Some(Code::OrderAlreadyAccepted));
    assert_eq!(
        (line.entry.edge.as_ref(), line.entry.seq),
        (Some(&edge("north-1")), Some(7))
    );
    assert_eq!(line.entry.hops.cloud_at, Some(NOW));
    let [event] = writes.events.as_slice() else {
        panic!("{:?}", writes.events)
    };
    assert_eq!(event.kind, EventType::OrderAcceptanceLost);
    assert_eq!(event.body.actor, provider(2));
    assert_eq!(event.body.code, Some(Code::OrderAlreadyAccepted));
    assert_eq!(event.body.lost.as_ref(), Some(&lost));
}

#[test]
fn a_refusal_over_http_writes_its_stored_answer_and_nothing_else() {
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
    let (outcome, writes) = stage.decide_one(portal(1, provider(2), accept(1)));
    assert_eq!(outcome.code, Some(Code::OrderAlreadyAccepted));
    assert!(outcome.lost.is_some());
    assert_eq!(writes.commands.len(), 1);
    assert!(writes.orders.is_empty() && writes.timeline.is_empty() && writes.events.is_empty());
}

#[test]
fn an_acceptance_that_meets_a_cancelled_or_rejected_order_is_a_loss_without_a_winner() {
    for (status, code) in [
        (OrderStatus::Cancelled, Code::OrderCancelled),
        (OrderStatus::Rejected, Code::OrderRejected),
    ] {
        let mut stage = Stage::with([order(1, status), order(2, OrderStatus::Pending)]);
        let (outcome, writes) = stage.decide_one(logged(1, 1, Some(provider(2)), accept(1)));
        assert_eq!(outcome.code, Some(code));
        let lost = outcome.lost.unwrap();
        assert_eq!((lost.winner_decided_at, lost.winner_source), (None, None));
        assert_eq!(lost.nearby.len(), 1);
        assert_eq!(writes.events[0].kind, EventType::OrderAcceptanceLost);
    }
}

#[test]
fn an_acceptance_of_an_unapproved_order_is_a_mistake_not_a_loss() {
    let mut stage = Stage::with([order(1, OrderStatus::PendingReview)]);
    let (outcome, writes) = stage.decide_one(logged(1, 1, Some(provider(2)), accept(1)));
    assert_eq!(
        (outcome.code, outcome.lost),
        (Some(Code::OrderNotApproved), None)
    );
    assert!(writes.events.is_empty());
}

#[test]
fn what_a_loser_then_did_on_the_order_is_refused_and_stays_in_its_history() {
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
    let writes = stage.decide(&[
        logged(1, 1, Some(provider(2)), accept(1)),
        logged(2, 2, Some(provider(2)), start(1)),
        logged(3, 3, Some(customer(2)), cancel(1)),
        logged(4, 4, Some(customer(2)), accept(1)),
    ]);
    let codes: Vec<_> = (0..4)
        .map(|at| outcome(&writes, at).code.unwrap())
        .collect();
    let expected = [
        Code::OrderAlreadyAccepted,
        Code::NotYours,
        Code::OrderNotFound,
        Code::ProvidersOnly,
    ];
    assert_eq!(codes, expected);
    let lines: Vec<_> = writes
        .timeline
        .iter()
        .filter_map(|line| line.entry.code)
        .collect();
    assert_eq!(
        lines,
        [Code::OrderAlreadyAccepted, Code::NotYours],
        "strangers leave no line"
    );
    assert_eq!(writes.commands.len(), 4, "each is decided for good");
}

#[test]
fn three_open_jobs_of_the_same_region_are_offered_nearest_first() {
    let job = |n: u128, change: fn(&mut wire::Order)| {
        let mut standing = order(n, OrderStatus::Pending);
        change(&mut standing.order);
        standing
    };
    let mut stage = Stage::with([
        order(1, OrderStatus::Accepted),
        job(2, |o| o.service_type = ServiceType::Other),
        job(3, |o| o.price = Amount::from_minor(90_000).unwrap()),
        job(4, |o| o.location = wire::Region::South),
        job(5, |o| o.price = Amount::from_minor(21_000).unwrap()),
        job(6, |o| o.price = Amount::from_minor(19_500).unwrap()),
        order(7, OrderStatus::PendingReview),
    ]);
    let (outcome, _) = stage.decide_one(portal(1, provider(2), accept(1)));
    let offered: Vec<_> = outcome
        .lost
        .unwrap()
        .nearby
        .into_iter()
        .map(|job| job.order_id)
        .collect();
    assert_eq!(offered, [order_id(6), order_id(5), order_id(3)]);
}

#[test]
fn no_job_is_offered_that_the_same_batch_takes() {
    let mut stage = Stage::with([
        order(1, OrderStatus::Accepted),
        order(2, OrderStatus::Pending),
    ]);
    let writes = stage.decide(&[
        logged(1, 1, Some(provider(2)), accept(1)),
        logged(2, 2, Some(provider(2)), accept(2)),
    ]);
    assert!(outcome(&writes, 0).lost.as_ref().unwrap().nearby.is_empty());
    let told = writes.events[0].body.lost.as_ref().unwrap();
    assert!(told.nearby.is_empty(), "the event says the same");
}
