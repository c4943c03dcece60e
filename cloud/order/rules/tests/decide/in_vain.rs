//! Acts at an edge that the cloud had decided otherwise before they arrived: each opens a case.

use rules::{CaseKind, OrderRule};
use wire::{Amount, CancelCharge, Code, OrderStatus};

use crate::stage::*;

#[test]
fn work_completed_at_an_edge_for_nothing_is_a_case() {
    let of = |status, provider: Option<u128>| {
        let mut standing = order(1, status);
        standing.order.provider_id = provider.map(|n| crate::stage::provider(n).user_id);
        standing
    };
    let his = Some(2);
    for (what, standing, code) in [
        (
            "cancelled",
            of(OrderStatus::Cancelled, his),
            Code::OrderCancelled,
        ),
        (
            "its start was refused",
            of(OrderStatus::Accepted, his),
            Code::WrongState,
        ),
        (
            "another has it",
            of(OrderStatus::InProgress, Some(3)),
            Code::NotYours,
        ),
        (
            "another completed it",
            of(OrderStatus::Completed, Some(3)),
            Code::NotYours,
        ),
        (
            "nobody has it",
            of(OrderStatus::Pending, None),
            Code::NotYours,
        ),
    ] {
        let done = logged(4, 4, Some(provider(2)), complete(1));
        let (outcome, writes) = Stage::with([standing.clone()]).decide_one(done.clone());
        assert_eq!(outcome.code, Some(code), "{what}");
        let [case] = writes.cases.as_slice() else {
            panic!("{what}: {:?}", writes.cases)
        };
        assert_eq!(
            (case.kind, case.user_id),
            (CaseKind::WorkedInVain, provider(2).user_id)
        );
        assert_eq!(
            (case.order_id, case.code),
            (order_id(1), Some(code)),
            "{what}"
        );
        let mut forgetful = Stage::with([standing.clone()]).without(OrderRule::VainCase);
        assert!(
            forgetful.decide_one(done).1.cases.is_empty(),
            "that is what the rule is for"
        );
        // At the portal a person reads the refusal before any work.
        let at_portal = portal(5, provider(2), complete(1));
        assert!(
            Stage::with([standing])
                .decide_one(at_portal)
                .1
                .cases
                .is_empty(),
            "{what}"
        );
    }
    let again = logged(4, 4, Some(provider(2)), complete(1));
    let (outcome, writes) = Stage::with([of(OrderStatus::Completed, his)]).decide_one(again);
    assert_eq!(
        (outcome.code, writes.cases.len()),
        (Some(Code::WrongState), 0),
        "it counts"
    );
}

/// Tablets bring again what an edge has lost, in any order.
#[test]
fn work_completed_before_its_order_has_arrived_is_a_case() {
    let done = logged(4, 4, Some(provider(2)), complete(1));
    let (outcome, writes) = Stage::with([]).decide_one(done);
    assert_eq!(outcome.code, Some(Code::OrderNotFound));
    let [case] = writes.cases.as_slice() else {
        panic!("{:?}", writes.cases)
    };
    assert_eq!(
        (case.kind, case.order_id, case.user_id),
        (CaseKind::WorkedInVain, order_id(1), provider(2).user_id)
    );
    let at_portal = portal(5, provider(2), complete(1));
    assert!(Stage::with([]).decide_one(at_portal).1.cases.is_empty());
}

#[test]
fn a_withdrawal_that_arrives_after_a_cancel_at_a_fee_is_a_case() {
    let cancelled = |fee: i64, whose: u128| {
        let mut standing = order(1, OrderStatus::Cancelled);
        standing.order.provider_id = Some(provider(2).user_id);
        let fee = Amount::from_minor(fee).unwrap();
        standing.terms = Some(CancelCharge {
            fee,
            provider_id: Some(provider(whose).user_id),
        });
        standing
    };
    let gives_back = || logged(4, 4, Some(provider(2)), withdraw(1));
    let (outcome, writes) = Stage::with([cancelled(5_000, 2)]).decide_one(gives_back());
    assert_eq!(outcome.code, Some(Code::OrderCancelled));
    let [case] = writes.cases.as_slice() else {
        panic!("{:?}", writes.cases)
    };
    assert_eq!(case.kind, CaseKind::WithdrewBeforeFee);
    for quiet in [cancelled(0, 2), cancelled(5_000, 3)] {
        assert!(
            Stage::with([quiet])
                .decide_one(gives_back())
                .1
                .cases
                .is_empty()
        );
    }
}
