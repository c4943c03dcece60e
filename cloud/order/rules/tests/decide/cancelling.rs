//! The price of a cancel: previewed, decided with the cancel, and included in every event.

use custody::FeePolicy;
use rules::{CaseKind, OfflineRules, OrderState, preview_cancellation};
use wire::{
    Amount, CancelCharge, Code, CommandBody, EventType, OrderStatus, PaymentStatus, UnixMillis,
};

use crate::stage::*;

const HOUR: i64 = 3_600_000;

fn amount(minor: i64) -> Amount {
    Amount::from_minor(minor).unwrap()
}

pub(crate) fn policy() -> FeePolicy {
    FeePolicy {
        cancel_fee_bp: 1_000,
        cancel_notice_ms: 24 * HOUR,
        ..FeePolicy::FREE
    }
}

/// Accepted by provider 1, 200.00 in custody; work starts in `starts_in_ms`.
fn paid(starts_in_ms: i64) -> Stage {
    let mut state = order(1, OrderStatus::Accepted);
    state.order.payment_status = PaymentStatus::Held;
    state.order.service_start_time = Some(UnixMillis(NOW.0 + starts_in_ms));
    let mut stage = Stage::with([OrderState {
        held: amount(20_000),
        ..state
    }]);
    stage.snapshot.cancel_policies = vec![policy()];
    stage
}

fn cancel_for(fee: Option<i64>) -> CommandBody {
    CommandBody::CancelOrder {
        order_id: order_id(1),
        reason: None,
        fee: fee.map(amount),
    }
}

fn terms(fee: i64) -> CancelCharge {
    CancelCharge {
        fee: amount(fee),
        provider_id: (fee > 0).then(|| provider(1).user_id),
    }
}

#[test]
fn a_late_cancel_is_bound_by_the_fee_that_was_shown() {
    let mut stage = paid(23 * HOUR);
    let state = stage.snapshot.orders[&order_id(1)].clone();
    let shown = preview_cancellation(
        &state,
        customer(1),
        &[policy()],
        &OfflineRules::default(),
        NOW,
    )
    .unwrap();
    assert_eq!((shown.fee, shown.refund), (amount(2_000), amount(18_000)));
    assert_eq!(shown.free_until, Some(UnixMillis(NOW.0 - HOUR)));
    for wrong in [None, Some(1_999), Some(2_001), Some(-1)] {
        let (refused, writes) = stage.decide_one(portal(7, customer(1), cancel_for(wrong)));
        assert_eq!(refused.code, Some(Code::TermsChanged), "{wrong:?}");
        assert!(writes.orders.is_empty() && writes.events.is_empty() && writes.commands.is_empty());
    }
    let (done, writes) = stage.decide_one(portal(7, customer(1), cancel_for(Some(2_000))));
    assert!(done.has_succeeded());
    assert_eq!(writes.orders[0].after.terms, Some(terms(2_000)));
    assert_eq!(writes.events[0].body.terms, Some(terms(2_000)));
    assert_eq!(writes.events[0].body.refund, Some(amount(18_000)));
}

#[test]
fn nobody_pays_for_an_early_cancel_or_an_admins() {
    for (starts_in, by) in [(25 * HOUR, customer(1)), (23 * HOUR, admin())] {
        let mut stage = paid(starts_in);
        let (done, writes) = stage.decide_one(portal(7, by, cancel_for(None)));
        assert!(done.has_succeeded(), "{by:?}");
        assert_eq!(writes.events[0].body.terms, Some(terms(0)));
        assert_eq!(writes.events[0].body.refund, Some(amount(20_000)));
    }
}

/// The portal writes a day without an hour as the whole day, from midnight to midnight.
#[test]
fn a_day_without_an_hour_has_no_start_that_a_cancel_could_be_late_for() {
    for (hours, fee, free_until) in [
        (2, Some(2_000), Some(UnixMillis(NOW.0 - 34 * HOUR))),
        (23, None, None),
        (24, None, None),
    ] {
        // The day began ten hours ago, long before the order was created.
        let mut stage = paid(-10 * HOUR);
        let state = stage.snapshot.orders.get_mut(&order_id(1)).unwrap();
        state.order.service_end_time = Some(UnixMillis(NOW.0 + (hours - 10) * HOUR));
        let shown = preview_cancellation(
            state,
            customer(1),
            &[policy()],
            &OfflineRules::default(),
            NOW,
        )
        .unwrap();
        assert_eq!(shown.fee, amount(fee.unwrap_or(0)), "{hours} h");
        assert_eq!(shown.free_until, free_until, "{hours} h");
        let (done, writes) = stage.decide_one(portal(7, customer(1), cancel_for(fee)));
        assert!(done.has_succeeded(), "{hours} h");
        assert_eq!(
            writes.orders[0].after.terms,
            Some(terms(fee.unwrap_or(0))),
            "{hours} h"
        );
    }
}

/// Early when the edge logged it, late on arrival.
#[test]
fn the_time_of_a_cancel_at_an_edge_is_when_it_was_logged() {
    let logged = logged(1, 7, Some(customer(1)), cancel_for(None));
    let logged = with_op(logged, |op| {
        op.evidence.received_at = UnixMillis(NOW.0 - 2 * HOUR)
    });
    let (done, writes) = paid(23 * HOUR).decide_one(logged.clone());
    assert!(done.has_succeeded());
    assert_eq!(writes.orders[0].after.terms, Some(terms(0)));
    let (late, writes) = paid(21 * HOUR).decide_one(logged);
    assert_eq!(late.code, Some(Code::TermsChanged));
    assert_eq!(writes.commands.len(), 1, "an op of a log is always decided");
}

/// An event after the cancel, about the same version, may be the first to arrive.
#[test]
fn every_event_of_a_cancelled_order_carries_its_terms() {
    let mut stage = paid(23 * HOUR).assign(held());
    stage.decide_one(portal(7, customer(1), cancel_for(Some(2_000))));
    let (met, writes) = stage.decide_one(firm(4, 1, 8, provider(2), accept(1)));
    assert_eq!(met.code, Some(Code::OrderCancelledMeanwhile));
    assert_eq!(writes.events[0].kind, EventType::OrderAcceptanceLost);
    assert_eq!(writes.events[0].body.terms, Some(terms(2_000)));
    assert_eq!(
        writes.events[0].body.refund, None,
        "it was told with the cancel"
    );
}

#[test]
fn only_what_can_be_cancelled_has_a_price() {
    for (status, code) in [
        (OrderStatus::Cancelled, Code::OrderCancelled),
        (OrderStatus::Rejected, Code::OrderRejected),
        (OrderStatus::InProgress, Code::WrongState),
        (OrderStatus::Completed, Code::WrongState),
    ] {
        let mut state = order(1, status);
        state.order.payment_status = PaymentStatus::Held;
        let rules = OfflineRules::default();
        let refused = preview_cancellation(&state, customer(1), &[policy()], &rules, NOW);
        assert_eq!(refused, Err(code), "{status}");
    }
    let pending = order(1, OrderStatus::Pending);
    let rules = OfflineRules::default();
    for actor in [customer(2), provider(1)] {
        assert_eq!(
            preview_cancellation(&pending, actor, &[], &rules, NOW),
            Err(Code::RoleForbidden)
        );
    }
}

#[test]
fn a_customer_cancels_work_that_an_edge_let_start_unpaid() {
    let unpaid_start = OfflineRules {
        unpaid_start: true,
        ..OfflineRules::default()
    };
    let afterwards = OfflineRules {
        paid_afterwards: vec![draft().service_type],
        ..unpaid_start.clone()
    };
    let work = |payment_status| {
        let mut state = order(1, OrderStatus::InProgress);
        state.order.payment_status = payment_status;
        state
    };
    for (payment, rules, by, code) in [
        (PaymentStatus::Unpaid, &unpaid_start, customer(1), None),
        (
            PaymentStatus::Unpaid,
            &afterwards,
            customer(1),
            Some(Code::WrongState),
        ),
        (
            PaymentStatus::Held,
            &unpaid_start,
            customer(1),
            Some(Code::WrongState),
        ),
        (
            PaymentStatus::Refunded,
            &unpaid_start,
            customer(1),
            Some(Code::WrongState),
        ),
        (
            PaymentStatus::Unpaid,
            &unpaid_start,
            admin(),
            Some(Code::WrongState),
        ),
    ] {
        let shown = preview_cancellation(&work(payment), by, &[policy()], rules, NOW);
        assert_eq!(shown.err(), code, "{payment} {by:?}");
        let mut stage = Stage::with([work(payment)]).allow(rules.clone());
        let (outcome, writes) = stage.decide_one(portal(7, by, cancel_for(None)));
        assert_eq!(outcome.code, code, "{payment} {by:?}");
        if code.is_none() {
            assert_eq!(stage.order(1).status, OrderStatus::Cancelled);
            assert_eq!(
                writes.orders[0].after.terms,
                Some(terms(0)),
                "nothing is in custody"
            );
        }
    }
    let mut stage = Stage::with([work(PaymentStatus::Unpaid)]).allow(unpaid_start);
    stage.decide_one(portal(7, customer(1), cancel_for(None)));
    let (late, writes) = stage.decide_one(logged(1, 8, Some(provider(1)), complete(1)));
    assert_eq!(late.code, Some(Code::OrderCancelled));
    assert_eq!(
        writes.cases[0].kind,
        CaseKind::WorkedInVain,
        "a person looks at the work"
    );
}
