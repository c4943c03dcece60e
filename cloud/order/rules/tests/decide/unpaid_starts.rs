//! Work starts on held funds, or unpaid where the region's rules allow it.

use crate::stage::*;
use rules::{OfflineRules, Submission};
use wire::{Code, Currency, OrderStatus, PaymentStatus, PriceCap, ServiceType};

fn start_at_portal() -> Submission {
    portal(1, provider(1), start(1))
}

fn start_at_edge() -> Submission {
    logged(1, 1, Some(provider(1)), start(1))
}

fn unpaid_start_up_to(price: &str) -> OfflineRules {
    let cap = PriceCap {
        price_max: price.parse().unwrap(),
        currency: Currency::Cny,
    };
    OfflineRules {
        unpaid_start_max: Some(cap),
        ..OfflineRules::default()
    }
}

fn paid_afterwards(kind: ServiceType) -> OfflineRules {
    OfflineRules {
        paid_afterwards: vec![kind],
        ..OfflineRules::default()
    }
}

/// Starts an accepted order with this payment status; `code` is the expected refusal.
#[track_caller]
fn assert_start(
    payment: PaymentStatus,
    rules: &OfflineRules,
    request: &Submission,
    code: Option<Code>,
) {
    let mut standing = order(1, OrderStatus::Accepted);
    standing.order.payment_status = payment;
    let mut stage = Stage::with([standing]).allow(rules.clone());
    let (outcome, _) = stage.decide_one(request.clone());
    assert_eq!(outcome.code, code, "{payment}, {rules:?}, {request:?}");
}

#[test]
fn work_starts_on_held_funds_unless_the_regions_rules_say_otherwise() {
    use PaymentStatus::{Held, Refunded, Unpaid};
    let no_rule = OfflineRules::default();
    let any_price = OfflineRules {
        unpaid_start: true,
        ..OfflineRules::default()
    };
    let at_the_cap = unpaid_start_up_to("200.00");
    let above_the_cap = unpaid_start_up_to("199.99");
    let afterwards = paid_afterwards(draft().service_type);
    let other_work_afterwards = paid_afterwards(ServiceType::LifeHealth);
    let at_portal = start_at_portal();
    let at_edge = start_at_edge();
    let not_held = Some(Code::FundsNotHeld);

    assert_start(Unpaid, &no_rule, &at_portal, not_held);
    assert_start(Unpaid, &no_rule, &at_edge, not_held);
    assert_start(Refunded, &no_rule, &at_edge, not_held);
    assert_start(Held, &no_rule, &at_portal, None);
    assert_start(Held, &no_rule, &at_edge, None);
    assert_start(Unpaid, &any_price, &at_edge, None);
    assert_start(Unpaid, &any_price, &at_portal, not_held);
    assert_start(Unpaid, &at_the_cap, &at_edge, None);
    assert_start(Unpaid, &above_the_cap, &at_edge, not_held);
    assert_start(Unpaid, &at_the_cap, &at_portal, not_held);
    assert_start(Unpaid, &afterwards, &at_portal, None);
    assert_start(Unpaid, &afterwards, &at_edge, None);
    // It can no longer be paid.
    assert_start(Refunded, &any_price, &at_edge, not_held);
    assert_start(Refunded, &at_the_cap, &at_edge, not_held);
    assert_start(Refunded, &afterwards, &at_portal, not_held);
    assert_start(Unpaid, &other_work_afterwards, &at_edge, not_held);
}

#[test]
fn a_start_at_a_linked_edge_is_ruled_as_if_its_region_had_no_rule_for_unpaid_starts() {
    let small = unpaid_start_up_to("200.00");
    let any = OfflineRules {
        unpaid_start: true,
        ..OfflineRules::default()
    };
    let afterwards = paid_afterwards(draft().service_type);
    let refused = Some(Code::FundsNotHeld);
    for (rules, payment, cut_off, code) in [
        (&any, PaymentStatus::Unpaid, Some(false), refused),
        (&any, PaymentStatus::Unpaid, Some(true), None),
        // An edge of the previous version does not report it.
        (&any, PaymentStatus::Unpaid, None, None),
        (&small, PaymentStatus::Unpaid, Some(false), refused),
        (&small, PaymentStatus::Unpaid, Some(true), None),
        (&small, PaymentStatus::Unpaid, None, None),
        (&any, PaymentStatus::Held, Some(false), None),
        (&afterwards, PaymentStatus::Unpaid, Some(false), None),
    ] {
        let mut standing = order(1, OrderStatus::Accepted);
        standing.order.payment_status = payment;
        let mut stage = Stage::with([standing]).allow(rules.clone());
        let request = with_op(logged(1, 1, Some(provider(1)), start(1)), |op| {
            op.evidence.cut_off = cut_off;
        });
        let (outcome, writes) = stage.decide_one(request);
        assert_eq!(outcome.code, code, "{payment}, {cut_off:?}: {rules:?}");
        let by_rule = code.is_none() && payment == PaymentStatus::Unpaid && rules != &afterwards;
        assert_eq!(
            writes.cases.len(),
            usize::from(by_rule),
            "{cut_off:?}: {rules:?}"
        );
    }
}

/// A start that an offline rule allows opens a case; one that the service type always allows does
/// not.
#[test]
fn only_a_start_that_an_offline_rule_allows_becomes_a_case() {
    let unpaid_start = OfflineRules {
        unpaid_start: true,
        ..OfflineRules::default()
    };
    let afterwards = || OfflineRules {
        paid_afterwards: vec![draft().service_type],
        ..OfflineRules::default()
    };
    let both = OfflineRules {
        unpaid_start: true,
        ..afterwards()
    };
    for (rules, cases) in [(unpaid_start, 1), (afterwards(), 0), (both, 0)] {
        let mut stage = Stage::with([order(1, OrderStatus::Accepted)]).allow(rules);
        let (outcome, writes) = stage.decide_one(logged(1, 1, Some(provider(1)), start(1)));
        assert!(outcome.has_succeeded());
        assert_eq!(writes.cases.len(), cases);
    }
}
