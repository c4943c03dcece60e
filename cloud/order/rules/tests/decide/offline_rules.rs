//! Deciding firm answers by the offline rules that the edge knew when it gave them.

use rules::{Assignment, CaseKind, OfflineRules, OrderRule};
use wire::{
    Action, Amount, ApprovalRule, Code, Currency, OrderStatus, OutcomeKind, RaceRule, ServiceType,
};

use crate::stage::*;

fn approval_rules() -> OfflineRules {
    let approval = ApprovalRule {
        price_max: Amount::from_minor(20_000).unwrap(),
        currency: Currency::Cny,
        service_types: vec![ServiceType::CleaningRepair],
    };
    OfflineRules {
        unpaid_start: true,
        approval: Some(approval),
        ..OfflineRules::default()
    }
}

/// Today's rules allow nothing; version 2 allowed approvals and unpaid starts.
fn rules_were_wider() -> Assignment {
    let mut assignment = Assignment {
        rules_version: 3,
        ..held()
    };
    assignment.past_rules.insert(2, approval_rules());
    assignment
}

type Change = fn(&mut rules::OrderState);

#[test]
fn a_firm_approval_is_judged_by_the_rules_it_names() {
    let approved = |version| {
        let op = firm(4, 1, 1, customer(1), approve(1));
        with_op(op, |op| op.evidence.rules_version = version)
    };
    let same: Change = |_| {};
    let dear: Change = |standing| standing.order.price = Amount::from_minor(20_001).unwrap();
    let other: Change = |standing| standing.order.service_type = ServiceType::Other;
    for (request, change, code) in [
        (approved(Some(2)), same, None),
        (approved(Some(3)), same, Some(Code::RoleForbidden)),
        (approved(None), same, Some(Code::RoleForbidden)),
        (approved(Some(2)), dear, Some(Code::RoleForbidden)),
        (approved(Some(2)), other, Some(Code::RoleForbidden)),
    ] {
        let mut standing = order(1, OrderStatus::PendingReview);
        change(&mut standing);
        let mut stage = Stage::with([standing]).assign(rules_were_wider());
        let (outcome, writes) = stage.decide_one(request.clone());
        assert_eq!(outcome.code, code, "{request:?}");
        let listed: &[CaseKind] = if code.is_none() {
            &[CaseKind::OfflineRule]
        } else {
            &[]
        };
        assert_eq!(case_kinds(&writes), listed);
    }
    let standing = order(1, OrderStatus::PendingReview);
    let mut stage = Stage::with([standing])
        .assign(rules_were_wider())
        .without(OrderRule::RuleVersion);
    let (outcome, _) = stage.decide_one(approved(Some(2)));
    assert_eq!(
        outcome.code,
        Some(Code::RoleForbidden),
        "that is what the rule is for"
    );
}

/// Only the edge knew the customer's standing: its promise counts, and an admin gets a case.
#[test]
fn a_firm_approval_for_a_customer_in_good_standing_is_judged_by_its_rule() {
    let wider = OfflineRules {
        approval_in_good_standing: approval_rules().approval,
        ..OfflineRules::default()
    };
    let mut assignment = Assignment {
        rules_version: 3,
        ..held()
    };
    assignment.past_rules.insert(2, wider);
    let approved = with_op(firm(4, 1, 1, customer(1), approve(1)), |op| {
        op.evidence.rules_version = Some(2)
    });
    let provisional = with_op(logged(1, 1, Some(customer(1)), approve(1)), |op| {
        op.evidence.rules_version = Some(2)
    });
    for (request, price, code) in [
        (&approved, 20_000, None),
        (&approved, 20_001, Some(Code::RoleForbidden)),
        (&provisional, 20_000, Some(Code::RoleForbidden)),
    ] {
        let mut standing = order(1, OrderStatus::PendingReview);
        standing.order.price = Amount::from_minor(price).unwrap();
        let mut stage = Stage::with([standing]).assign(assignment.clone());
        let (outcome, writes) = stage.decide_one(request.clone());
        assert_eq!(outcome.code, code, "{request:?}");
        assert_eq!(
            case_kinds(&writes) == [CaseKind::OfflineRule],
            code.is_none()
        );
    }
}

#[test]
fn a_firm_approval_that_comes_late_counts_all_the_same() {
    for status in OrderStatus::ALL {
        let mut stage = Stage::with([order(1, status)]).assign(rules_were_wider());
        let request = with_op(firm(4, 1, 1, customer(1), approve(1)), |op| {
            op.evidence.rules_version = Some(2)
        });
        let (outcome, _) = stage.decide_one(request);
        assert_eq!(outcome.kind, OutcomeKind::Applied, "{status}");
        let rejected = status == OrderStatus::Rejected;
        assert_eq!(
            outcome.code,
            rejected.then_some(Code::OrderRejectedMeanwhile),
            "{status}"
        );
        let after = status.next_status(Action::Approve).unwrap_or(status);
        assert_eq!(stage.order(1).status, after);
    }
}

#[test]
fn an_unpaid_start_is_judged_by_the_rules_that_were_known_where_the_job_was_promised() {
    for (was_firm, code) in [(true, None), (false, Some(Code::FundsNotHeld))] {
        let mut standing = order(1, OrderStatus::Accepted);
        standing.acceptance.as_mut().unwrap().rule = was_firm.then_some(RaceRule::Promised);
        let mut stage = Stage::with([standing]).assign(rules_were_wider());
        let request = with_op(logged(2, 2, Some(provider(1)), start(1)), |op| {
            op.evidence.rules_version = Some(2)
        });
        let (outcome, writes) = stage.decide_one(request);
        assert_eq!(outcome.code, code);
        assert_eq!(
            case_kinds(&writes) == [CaseKind::OfflineRule],
            code.is_none()
        );
    }
}
