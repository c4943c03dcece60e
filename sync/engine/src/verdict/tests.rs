//! The verdict on each kind of command, view and state.

use wire::{OfflineRules, OrderId, Role, ServiceType, StartCodeCheck};

use super::*;
use crate::tests::{actor, draft, edge, id, order, overlay_without_rules};
use crate::view::{PendingOp, overlay_pending_ops};

const HOLDER: EdgeState = EdgeState {
    right: RegionRight::Held {
        fence: 7,
        proven: true,
    },
    ..EdgeState::OPTIMISTIC
};

fn sight(status: OrderStatus, provider: Option<u128>) -> EdgeOrderView {
    let mut order = order(1, 3);
    order.status = status;
    order.provider_id = provider.map(|n| UserId(id(n)));
    overlay_without_rules(Some(order), Vec::new())
}

fn accept() -> CommandBody {
    CommandBody::AcceptOrder {
        order_id: OrderId(id(1)),
    }
}

#[track_caller]
fn check(
    request: &VerdictRequest<'_>,
    view: &EdgeOrderView,
    edge_state: &EdgeState,
    expected: CommandVerdict,
) {
    assert_eq!(
        judge_command(request, view, edge_state),
        expected,
        "{request:?} {edge_state:?}"
    );
}

fn taken(verdict: Verdict, fence: Option<u64>, doubt: Option<Code>) -> CommandVerdict {
    CommandVerdict::Taken(TakenVerdict {
        verdict,
        fence,
        doubt,
    })
}

fn by_provider(body: &CommandBody) -> VerdictRequest<'_> {
    VerdictRequest {
        actor: actor(20, Role::Provider),
        body,
        repeat: false,
        receipted: false,
        start_code: EnteredStartCode::None,
    }
}

#[test]
fn a_job_that_is_offered_to_others_is_never_firm() {
    let body = accept();
    let request = by_provider(&body);
    let offered = EdgeOrderView {
        is_offered_to_others: true,
        ..sight(OrderStatus::Pending, None)
    };
    let doubt = taken(Verdict::Provisional, None, Some(Code::LooksOffered));
    check(&request, &offered, &HOLDER, doubt);
    check(&request, &offered, &EdgeState::OPTIMISTIC, doubt);
}

#[test]
fn a_second_job_at_the_same_hours_is_never_firm_and_a_repeat_for_ones_own_job_is() {
    let body = accept();
    let request = by_provider(&body);
    let double_booked = |view| EdgeOrderView {
        is_double_booked: true,
        ..view
    };
    let open = double_booked(sight(OrderStatus::Pending, None));
    let doubt = taken(Verdict::Provisional, None, Some(Code::LooksDoubleBooked));
    check(&request, &open, &HOLDER, doubt);
    check(&request, &open, &EdgeState::OPTIMISTIC, doubt);
    let own = double_booked(sight(OrderStatus::Accepted, Some(20)));
    check(&request, &own, &HOLDER, taken(Verdict::Firm, Some(7), None));
    let of_another = double_booked(sight(OrderStatus::Accepted, Some(21)));
    let taken_by_other = taken(Verdict::Provisional, None, Some(Code::LooksTaken));
    check(&request, &of_another, &HOLDER, taken_by_other);
}

#[test]
fn an_unknown_order_is_not_taken_unless_one_of_our_edges_took_it_before() {
    let body = accept();
    let nothing = EdgeOrderView::default();
    let request = by_provider(&body);
    check(
        &request,
        &nothing,
        &HOLDER,
        CommandVerdict::NotTaken(Code::OrderNotFound),
    );
    let request = VerdictRequest {
        receipted: true,
        ..request
    };
    let unsure = taken(Verdict::Provisional, None, Some(Code::LooksWrongState));
    check(&request, &nothing, &HOLDER, unsure);
}

#[test]
fn an_accept_is_firm_only_on_the_holders_full_footing() {
    let body = accept();
    let request = by_provider(&body);
    let open = sight(OrderStatus::Pending, None);
    let own = sight(OrderStatus::Accepted, Some(20));
    let firm = taken(Verdict::Firm, Some(7), None);
    check(&request, &open, &HOLDER, firm);
    check(&request, &own, &HOLDER, firm);

    let provisional = taken(Verdict::Provisional, None, None);
    check(&request, &open, &EdgeState::OPTIMISTIC, provisional);
    let elsewhere = taken(Verdict::Provisional, None, Some(Code::RegionHeldElsewhere));
    check(
        &request,
        &open,
        &EdgeState {
            right: RegionRight::Elsewhere,
            ..HOLDER
        },
        elsewhere,
    );
    for footing in [
        EdgeState {
            right: RegionRight::Held {
                fence: 7,
                proven: false,
            },
            ..HOLDER
        },
        EdgeState {
            suspect: true,
            ..HOLDER
        },
        EdgeState {
            let_in: false,
            ..HOLDER
        },
    ] {
        check(&request, &open, &footing, provisional);
    }
    check(
        &VerdictRequest {
            repeat: true,
            ..request
        },
        &open,
        &HOLDER,
        provisional,
    );
}

#[test]
fn revocations_are_fresh_up_to_the_allowed_age_and_never_of_an_unknown_one() {
    let hours = |n: u64| Duration::from_secs(n * 3_600);
    for (age, expected) in [
        (Some(0), true),
        (Some(72), true),
        (Some(73), false),
        (None, false),
    ] {
        assert_eq!(
            are_revocations_fresh(age.map(hours), hours(72)),
            expected,
            "{age:?}"
        );
    }
}

#[test]
fn a_firm_answer_needs_a_base_under_the_same_fence() {
    let body = accept();
    let mut on_top = sight(OrderStatus::Pending, None);
    let approve = CommandBody::ApproveOrder {
        order_id: OrderId(id(1)),
    };
    let base = PendingOp::of(1, actor(30, Role::Admin), approve);
    for (fence, expected) in [(Some(7), true), (Some(6), false), (None, false)] {
        on_top.pending = vec![
            PendingOp {
                fence,
                ..base.clone()
            }
            .settled(),
        ];
        let firm = matches!(
            judge_command(&by_provider(&body), &on_top, &HOLDER),
            CommandVerdict::Taken(TakenVerdict {
                verdict: Verdict::Firm,
                ..
            })
        );
        assert_eq!(firm, expected, "{fence:?}");
    }
}

#[test]
fn a_command_that_the_view_contradicts_is_taken_with_the_doubt_in_words() {
    let doubt = |code| taken(Verdict::Provisional, None, Some(code));
    let body = accept();
    let request = by_provider(&body);
    let taken_by_other = sight(OrderStatus::Accepted, Some(21));
    check(&request, &taken_by_other, &HOLDER, doubt(Code::LooksTaken));
    let elsewhere = EdgeState {
        right: RegionRight::Elsewhere,
        ..HOLDER
    };
    check(
        &request,
        &taken_by_other,
        &elsewhere,
        doubt(Code::LooksTaken),
    );
    let unapproved = sight(OrderStatus::PendingReview, None);
    check(&request, &unapproved, &HOLDER, doubt(Code::LooksWrongState));
    let cancelled = sight(OrderStatus::Cancelled, Some(20));
    check(&request, &cancelled, &HOLDER, doubt(Code::LooksWrongState));

    let start = CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: None,
        photos: Vec::new(),
    };
    check(
        &by_provider(&start),
        &taken_by_other,
        &HOLDER,
        doubt(Code::LooksNotYours),
    );
    let cancel = CommandBody::CancelOrder {
        order_id: OrderId(id(1)),
        reason: None,
        fee: None,
    };
    let stranger = VerdictRequest {
        actor: actor(99, Role::Customer),
        ..by_provider(&cancel)
    };
    check(
        &stranger,
        &taken_by_other,
        &HOLDER,
        doubt(Code::LooksNotYours),
    );
    let admin = VerdictRequest {
        actor: actor(99, Role::Admin),
        ..by_provider(&cancel)
    };
    check(
        &admin,
        &taken_by_other,
        &HOLDER,
        taken(Verdict::Provisional, None, None),
    );
}

#[test]
fn work_that_no_funds_stand_behind_is_taken_with_that_in_words() {
    let order_id = OrderId(id(1));
    let start = CommandBody::StartOrder {
        order_id,
        start_code: None,
        photos: Vec::new(),
    };
    let complete = CommandBody::CompleteOrder {
        order_id,
        note: None,
        evidence: None,
    };
    let unpaid = Some(Code::LooksUnpaid);
    let seen = |status, payment_status, started: bool| {
        let confirmed = sight(status, Some(20)).order.map(|order| Order {
            payment_status,
            ..order
        });
        let op = PendingOp::of(1, actor(20, Role::Provider), start.clone());
        overlay_without_rules(confirmed, started.then_some(op).into_iter().collect())
    };
    use OrderStatus::{Accepted, InProgress};
    use PaymentStatus::{Held, Unpaid};
    for (body, sight, doubt) in [
        (&start, seen(Accepted, Unpaid, false), unpaid),
        (
            &start,
            seen(Accepted, PaymentStatus::Refunded, false),
            unpaid,
        ),
        (&start, seen(Accepted, Held, false), None),
        (&complete, seen(Accepted, Unpaid, true), unpaid),
        (&complete, seen(Accepted, Held, true), None),
        // The cloud has accepted the start.
        (&complete, seen(InProgress, Unpaid, false), None),
    ] {
        let provisional = |doubt| taken(Verdict::Provisional, None, doubt);
        check(&by_provider(body), &sight, &HOLDER, provisional(doubt));
        let ruled = EdgeState {
            unpaid_start: true,
            ..HOLDER
        };
        check(&by_provider(body), &sight, &ruled, provisional(None));
    }
}

#[test]
fn publish_and_approve_are_firm_under_a_rule_and_never_without() {
    let publish = CommandBody::PublishOrder {
        order_id: OrderId(id(1)),
        order: draft(),
    };
    let approve = CommandBody::ApproveOrder {
        order_id: OrderId(id(1)),
    };
    let ruled = EdgeState {
        rule_allows: true,
        ..HOLDER
    };
    let by = |n, role, body| VerdictRequest {
        actor: actor(n, role),
        ..by_provider(body)
    };
    let request = by(10, Role::Customer, &publish);
    check(
        &request,
        &EdgeOrderView::default(),
        &ruled,
        taken(Verdict::Firm, Some(7), None),
    );
    check(
        &request,
        &EdgeOrderView::default(),
        &HOLDER,
        taken(Verdict::Provisional, None, None),
    );
    let waiting = sight(OrderStatus::PendingReview, None);
    for request in [
        by(10, Role::Customer, &approve),
        by(30, Role::Admin, &approve),
    ] {
        check(
            &request,
            &waiting,
            &ruled,
            taken(Verdict::Firm, Some(7), None),
        );
        check(
            &request,
            &waiting,
            &HOLDER,
            taken(Verdict::Provisional, None, None),
        );
    }
    let not_theirs = taken(Verdict::Provisional, None, Some(Code::LooksNotYours));
    check(&by_provider(&approve), &waiting, &ruled, not_theirs);
}

fn message() -> CommandBody {
    CommandBody::SendMessage {
        order_id: OrderId(id(1)),
        text: "I come at 2.".into(),
        photo: None,
    }
}

/// The messages of a finished order close after a time that no edge measures.
#[test]
fn a_message_is_in_doubt_before_there_is_a_provider_and_to_people_of_another_order() {
    use OrderStatus::{Cancelled, Pending, PendingReview, Rejected};
    let body = message();
    for status in OrderStatus::ALL {
        let has_provider = status.has_provider() || status == Cancelled;
        let seen = sight(status, has_provider.then_some(20));
        let is_early = matches!(status, Pending | PendingReview | Rejected);
        let customers = VerdictRequest {
            actor: actor(10, Role::Customer),
            ..by_provider(&body)
        };
        let doubt = is_early.then_some(Code::LooksWrongState);
        check(
            &customers,
            &seen,
            &HOLDER,
            taken(Verdict::Provisional, None, doubt),
        );
        let doubt = (!has_provider).then_some(Code::LooksNotYours);
        let providers = by_provider(&body);
        check(
            &providers,
            &seen,
            &HOLDER,
            taken(Verdict::Provisional, None, doubt),
        );
        for stranger in [actor(99, Role::Provider), actor(99, Role::Customer)] {
            let strangers = VerdictRequest {
                actor: stranger,
                ..by_provider(&body)
            };
            let doubt = Some(Code::LooksNotYours);
            check(
                &strangers,
                &seen,
                &HOLDER,
                taken(Verdict::Provisional, None, doubt),
            );
        }
    }
}

#[test]
fn no_action_but_accept_and_ruled_ones_is_ever_firm() {
    let ruled = EdgeState {
        rule_allows: true,
        ..HOLDER
    };
    let order_id = OrderId(id(1));
    for body in [
        CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        },
        CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        },
        CommandBody::WithdrawAcceptance {
            order_id,
            reason: None,
        },
        CommandBody::CancelOrder {
            order_id,
            reason: None,
            fee: None,
        },
        CommandBody::RejectOrder {
            order_id,
            reason: String::new(),
        },
        CommandBody::SubmitReview {
            order_id,
            rating: 5,
            comment: String::new(),
        },
        message(),
    ] {
        for status in OrderStatus::ALL {
            let seen = overlay_without_rules(sight(status, Some(20)).order, Vec::new());
            let answer = judge_command(&by_provider(&body), &seen, &ruled);
            assert!(
                matches!(
                    answer,
                    CommandVerdict::Taken(TakenVerdict {
                        verdict: Verdict::Provisional,
                        ..
                    })
                ),
                "{body:?} {status}"
            );
        }
    }
}

#[test]
fn who_has_paid_for_finished_work_and_owes_for_none_is_in_good_standing() {
    use OrderStatus::{Accepted, Cancelled, Completed, InProgress, Reviewed};
    use PaymentStatus::{Held, Paid, PartiallyRefunded, Refunded, Unpaid};
    for (orders, good) in [
        (&[][..], false),
        (&[(Completed, Held)], true),
        (&[(Reviewed, Paid)], true),
        (&[(Completed, Unpaid)], false),
        (&[(Reviewed, Paid), (Completed, Unpaid)], false),
        (&[(Completed, Unpaid), (Reviewed, Paid)], false),
        // Unfinished work and cancelled orders do not matter.
        (&[(Accepted, Held), (InProgress, Held)], false),
        (
            &[(Reviewed, Paid), (InProgress, Unpaid), (Cancelled, Unpaid)],
            true,
        ),
        (
            &[(Completed, Refunded), (Completed, PartiallyRefunded)],
            false,
        ),
        (&[(Completed, Refunded), (Completed, Paid)], true),
    ] {
        let told = orders.iter().map(|&(status, payment_status)| Order {
            status,
            payment_status,
            ..order(1, 3)
        });
        let told: Vec<Order> = told.collect();
        assert_eq!(
            PaymentHistory::from_orders(&told).is_good(),
            good,
            "{orders:?}"
        );
    }
}

#[test]
fn a_start_of_an_order_with_a_start_code_is_not_logged_without_it() {
    let right = Hash::digest_bytes(b"right");
    let start = CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: None,
        photos: Vec::new(),
    };
    let mut view = sight(OrderStatus::Accepted, Some(20));
    if let Some(order) = &mut view.order {
        order.start_code = Some(StartCodeCheck::new(right));
        order.payment_status = PaymentStatus::Held;
    }
    let entered = |start_code| VerdictRequest {
        start_code,
        ..by_provider(&start)
    };
    let wrong = EnteredStartCode::Hashed(Hash::digest_bytes(b"wrong"));
    for (code, refusal) in [
        (EnteredStartCode::None, Code::StartCodeRequired),
        (wrong, Code::StartCodeWrong),
        (EnteredStartCode::Locked, Code::StartCodeLocked),
    ] {
        let not_taken = CommandVerdict::NotTaken(refusal);
        check(&entered(code), &view, &EdgeState::OPTIMISTIC, not_taken);
    }
    let provisional = taken(Verdict::Provisional, None, None);
    let with_code = entered(EnteredStartCode::Hashed(right));
    check(&with_code, &view, &EdgeState::OPTIMISTIC, provisional);
    // An edge took it before, so the code was checked there.
    let taken_before = VerdictRequest {
        receipted: true,
        ..entered(EnteredStartCode::None)
    };
    check(&taken_before, &view, &EdgeState::OPTIMISTIC, provisional);
    // The cloud decides whose order it is; a stranger learns nothing about the code.
    let stranger = VerdictRequest {
        actor: actor(21, Role::Provider),
        ..entered(EnteredStartCode::None)
    };
    let doubt = taken(Verdict::Provisional, None, Some(Code::LooksNotYours));
    check(&stranger, &view, &EdgeState::OPTIMISTIC, doubt);
}

fn cancel() -> CommandBody {
    CommandBody::CancelOrder {
        order_id: OrderId(id(1)),
        reason: None,
        fee: None,
    }
}

/// The cloud's rule: `OfflineRules::is_unpaid_work`.
#[test]
fn a_customers_cancel_of_unpaid_work_hears_no_doubt_and_one_of_other_work_does() {
    let none = OfflineRules::default();
    let afterwards = OfflineRules {
        paid_afterwards: vec![ServiceType::CleaningRepair],
        ..OfflineRules::default()
    };
    let body = cancel();
    let wrong_state = Some(Code::LooksWrongState);
    let cases = [
        (PaymentStatus::Unpaid, &none, 10, None),
        (PaymentStatus::Unpaid, &none, 11, Some(Code::LooksNotYours)),
        (PaymentStatus::Unpaid, &afterwards, 10, wrong_state),
        (PaymentStatus::Held, &none, 10, wrong_state),
        (PaymentStatus::Refunded, &none, 10, wrong_state),
    ];
    for (payment_status, rules, customer, doubt) in cases {
        let started = Order {
            status: OrderStatus::InProgress,
            provider_id: Some(UserId(id(20))),
            payment_status,
            ..order(1, 3)
        };
        let view = overlay_pending_ops(Some(started), Vec::new(), &edge(), rules);
        let request = VerdictRequest {
            actor: actor(customer, Role::Customer),
            ..by_provider(&body)
        };
        let provisional = taken(Verdict::Provisional, None, doubt);
        check(&request, &view, &EdgeState::OPTIMISTIC, provisional);
    }
}
