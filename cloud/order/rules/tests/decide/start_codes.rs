//! Work on an order with a start code starts only with the code.

use crate::stage::*;
use rules::Submission;
use wire::{Code, CommandBody, Draft, Hash, OrderStatus, PaymentStatus, StartCode, StartCodeCheck};

fn start_with(code: Option<u64>) -> CommandBody {
    CommandBody::StartOrder {
        order_id: order_id(1),
        start_code: code.map(StartCode::from_number),
        photos: Vec::new(),
    }
}

fn at_portal(code: Option<u64>) -> Submission {
    portal(1, provider(1), start_with(code))
}

fn at_edge(code: Option<u64>) -> Submission {
    logged(1, 1, Some(provider(1)), start_with(code))
}

/// Order 1 is accepted and paid, and its start code is 407193.
fn stage() -> Stage {
    let mut standing = order(1, OrderStatus::Accepted);
    standing.order.payment_status = PaymentStatus::Held;
    standing.order.start_code = Some(StartCodeCheck::new(Hash::ZERO));
    let mut stage = Stage::with([standing]);
    let code = StartCode::from_number(407_193);
    stage.snapshot.start_codes.insert(order_id(1), code);
    stage
}

#[track_caller]
fn check(mut stage: Stage, request: Submission, code: Option<Code>) {
    let (outcome, _) = stage.decide_one(request.clone());
    assert_eq!(outcome.code, code, "{request:?}");
    let started = stage.order(1).status == OrderStatus::InProgress;
    assert_eq!(started, code.is_none(), "{request:?}");
}

#[test]
fn only_the_right_code_starts_the_work_wherever_it_was_entered() {
    for submit in [at_portal, at_edge] {
        check(stage(), submit(None), Some(Code::StartCodeRequired));
        check(stage(), submit(Some(407_194)), Some(Code::StartCodeWrong));
        check(stage(), submit(Some(407_193)), None);
    }
}

#[test]
fn an_order_without_a_code_ignores_one() {
    let mut stage = stage();
    stage
        .snapshot
        .orders
        .get_mut(&order_id(1))
        .unwrap()
        .order
        .start_code = None;
    check(stage, at_portal(Some(1)), None);
}

/// The edge limited the tries, and the work it let start goes on.
#[test]
fn after_too_many_wrong_codes_the_portal_waits_and_an_edges_log_does_not() {
    let locked = || {
        let mut stage = stage();
        stage.snapshot.locked_starts.insert(order_id(1));
        stage
    };
    check(
        locked(),
        at_portal(Some(407_193)),
        Some(Code::StartCodeLocked),
    );
    check(locked(), at_edge(Some(407_193)), None);
}

#[test]
fn an_edge_cannot_publish_an_order_with_a_code() {
    let publish = |n| CommandBody::PublishOrder {
        order_id: order_id(n),
        order: Draft {
            start_code: Some(StartCodeCheck::new(Hash::ZERO)),
            ..draft()
        },
    };
    let mut stage = Stage::with([]);
    let (outcome, _) = stage.decide_one(logged(1, 1, Some(customer(1)), publish(7)));
    assert_eq!(outcome.code, Some(Code::InvalidInput));
    let (outcome, _) = stage.decide_one(portal(2, customer(1), publish(8)));
    assert_eq!(outcome.code, None);
    assert!(stage.order(8).start_code.is_some());
}
