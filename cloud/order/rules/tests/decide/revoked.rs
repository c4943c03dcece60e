//! Deciding commands of people who were revoked, and an admin's withdrawal of an acceptance.

use rules::{CaseKind, OrderRule, Submission};
use wire::{Code, OrderStatus, PaymentStatus, RaceRule};

use crate::stage::*;

#[test]
fn a_firm_answer_outlives_a_revocation_that_its_edge_could_not_know() {
    let accepted = |seen, firm_op: bool| {
        let op = if firm_op {
            firm(4, 1, 1, provider(2), accept(1))
        } else {
            logged(1, 1, Some(provider(2)), accept(1))
        };
        with_op(op, |op| {
            op.evidence.revocations_version = seen;
            op.evidence.revoked_version = Some(7);
        })
    };
    for (request, code) in [
        (accepted(Some(6), true), None),
        (accepted(None, true), None),
        (accepted(Some(7), true), Some(Code::Revoked)),
        (accepted(Some(6), false), Some(Code::Revoked)),
    ] {
        let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(held());
        let (outcome, writes) = stage.decide_one(request.clone());
        assert_eq!(outcome.code, code, "{request:?}");
        assert_eq!(
            writes.commands.len(),
            1,
            "what an edge logged is decided for good"
        );
        let listed: &[CaseKind] = if code.is_none() {
            &[CaseKind::RevokedMeanwhile]
        } else {
            &[]
        };
        assert_eq!(case_kinds(&writes), listed);
    }
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(held());
    stage = stage.without(OrderRule::RevokeSeen);
    let (outcome, _) = stage.decide_one(accepted(Some(6), true));
    assert_eq!(
        outcome.code,
        Some(Code::Revoked),
        "that is what the rule is for"
    );
}

#[test]
fn an_admin_withdraws_anyones_acceptance_with_a_reason_and_the_provider_hears_of_it() {
    let withdraw = |id, reason| portal(id, admin(), withdraw_because(1, reason));
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(held());
    stage.decide_one(firm(4, 1, 1, provider(2), accept(1)));
    for (id, reason) in [(2, Some(" ")), (3, None)] {
        let (outcome, writes) = stage.decide_one(withdraw(id, reason));
        assert_eq!(
            outcome.code,
            Some(Code::InvalidInput),
            "the record says why"
        );
        assert!(writes.commands.is_empty());
    }
    let (outcome, writes) = stage.decide_one(withdraw(4, Some("Licence lost.")));
    assert!(outcome.has_succeeded(), "{outcome:?}");
    assert_eq!(
        (stage.order(1).status, stage.order(1).provider_id),
        (OrderStatus::Pending, None)
    );
    let entry = &writes.timeline[0].entry;
    assert_eq!(
        (entry.actor, entry.reason.as_deref()),
        (admin(), Some("Licence lost."))
    );
    let event = &writes.events[0].body;
    assert_eq!(event.taken_from, Some(provider(2).user_id));
    assert_eq!(event.reason.as_deref(), Some("Licence lost."));
    let (outcome, _) = stage.decide_one(withdraw(5, Some("Again.")));
    assert_eq!(outcome.code, Some(Code::WrongState), "nobody has it");
    let (outcome, _) = stage.decide_one(firm(4, 2, 6, provider(3), accept(1)));
    assert!(outcome.has_succeeded(), "the order is open again");
}

#[test]
fn who_is_revoked_while_waiting_at_the_portal_is_refused_for_good() {
    for revoked in [false, true] {
        let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
        let Submission::Command(mut attempt) = portal(1, provider(2), accept(1)) else {
            panic!()
        };
        attempt.origin = rules::Origin::Waited { revoked };
        let (outcome, writes) = stage.decide_one(Submission::Command(attempt));
        assert_eq!(outcome.code, revoked.then_some(Code::Revoked));
        assert_eq!(
            writes.commands.len(),
            1,
            "nobody is there any more to try again"
        );
    }
}

#[test]
fn what_the_same_provider_then_does_there_is_judged_alike() {
    for (was_firm, code) in [(true, None), (false, Some(Code::Revoked))] {
        let mut standing = order(1, OrderStatus::Accepted);
        standing.acceptance.as_mut().unwrap().rule = was_firm.then_some(RaceRule::Promised);
        standing.order.payment_status = PaymentStatus::Held;
        let mut stage = Stage::with([standing]).assign(held());
        let request = with_op(logged(2, 2, Some(provider(1)), start(1)), |op| {
            op.evidence.revocations_version = Some(6);
            op.evidence.revoked_version = Some(7);
        });
        let (outcome, _) = stage.decide_one(request);
        assert_eq!(outcome.code, code);
    }
}
