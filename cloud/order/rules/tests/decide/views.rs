//! Read access to orders, in full and in part.

use crate::stage::*;
use rules::Submission;
use wire::{Actor, Code, CommandBody, OrderStatus, Outcome, order_visible_to};

#[derive(Debug, PartialEq)]
enum Seen {
    Whole,
    WithoutAddress,
    Nothing,
}

fn seen(order: Option<wire::Order>) -> Seen {
    match order {
        None => Seen::Nothing,
        Some(order) if order.address.is_empty() => Seen::WithoutAddress,
        Some(_) => Seen::Whole,
    }
}

#[track_caller]
fn check(actor: Actor, status: OrderStatus, read: Seen) {
    let order = order(1, status).order;
    assert_eq!(
        seen(order_visible_to(&order, actor)),
        read,
        "{actor:?} reads {status}"
    );
}

#[test]
fn an_address_is_for_the_orders_own_people() {
    for status in OrderStatus::ALL {
        check(customer(1), status, Seen::Whole);
        check(customer(2), status, Seen::Nothing);
        check(admin(), status, Seen::Whole);
        let read = match status {
            OrderStatus::Pending => Seen::WithoutAddress,
            _ => Seen::Nothing,
        };
        check(provider(2), status, read);
    }
    for status in [OrderStatus::Accepted, OrderStatus::InProgress] {
        check(provider(1), status, Seen::Whole);
    }
    for status in [OrderStatus::Completed, OrderStatus::Reviewed] {
        check(provider(1), status, Seen::WithoutAddress);
    }
}

/// Everything they may not do to order 1, over HTTP and in an edge's log.
fn refusals(actor: Actor, status: OrderStatus) -> [Vec<Outcome>; 2] {
    let bodies = [
        publish(1),
        approve(1),
        reject(1),
        accept(1),
        withdraw(1),
        start(1),
        complete(1),
        cancel(1),
        review(1),
    ];
    let refused = |request: &dyn Fn(CommandBody) -> Submission| {
        let decide = |request| Stage::with([order(1, status)]).decide_one(request).0;
        let outcomes = bodies.iter().map(|body| decide(request(body.clone())));
        outcomes
            .filter(|outcome| !outcome.has_succeeded())
            .collect()
    };
    [
        refused(&|body| portal(1, actor, body)),
        refused(&|body| logged(1, 1, Some(actor), body)),
    ]
}

#[test]
fn a_refusal_shows_no_order_that_its_reader_may_not_know() {
    use OrderStatus::{PendingReview, Rejected};
    for status in OrderStatus::ALL {
        let was_open = !matches!(status, PendingReview | Rejected);
        for outcome in refusals(customer(2), status).concat() {
            assert_eq!(outcome.order, None, "a stranger's: {status}, {outcome:?}");
        }
        let [over_http, _] = refusals(provider(2), status);
        for outcome in over_http {
            let told = matches!(
                outcome.code,
                Some(Code::OrderAlreadyAccepted | Code::OrderCancelled)
            );
            let readable = status == OrderStatus::Pending;
            assert_eq!(
                outcome.order.is_some(),
                readable || (told && was_open),
                "{outcome:?}"
            );
        }
    }
}

#[test]
fn an_order_that_was_never_theirs_to_read_is_not_found() {
    for status in [OrderStatus::PendingReview, OrderStatus::Rejected] {
        for body in [accept(1), start(1)] {
            let mut stage = Stage::with([order(1, status)]);
            let (outcome, writes) = stage.decide_one(portal(1, provider(2), body));
            assert_eq!(outcome.code, Some(Code::OrderNotFound), "{status}");
            assert!(writes.commands.is_empty(), "nothing was decided");
        }
    }
    for status in OrderStatus::ALL {
        for request in [
            portal(1, customer(2), cancel(1)),
            logged(1, 1, Some(customer(2)), cancel(1)),
        ] {
            let (outcome, writes) = Stage::with([order(1, status)]).decide_one(request);
            assert_eq!(outcome.code, Some(Code::OrderNotFound), "{status}");
            assert!(writes.timeline.is_empty(), "a stranger leaves no line");
        }
    }
}

#[test]
fn whoever_nobody_vouches_for_is_shown_nothing() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    let (outcome, _) = stage.decide_one(logged(1, 1, None, accept(1)));
    assert_eq!(
        (outcome.code, outcome.order),
        (Some(Code::InvalidToken), None)
    );
}
