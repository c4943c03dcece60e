//! The users who can still change an order, and the ops of others, which are idle.

use wire::{
    Action, Code, CommandBody, CommandId, IncidentKind, Order, OrderId, OrderStatus, ProposalId,
    Role, UserId,
};

use crate::{
    tests::{actor, draft, id, order, overlay_without_rules},
    verdict::{
        CommandVerdict, EdgeState, EnteredStartCode, RegionRight, VerdictRequest, WAITING_MAX,
        judge_command,
    },
    view::PendingOp,
};

const CUSTOMER: u128 = 10;
const PROVIDER: u128 = 20;
const STRANGER: u128 = 66;
const HOLDER: EdgeState = EdgeState {
    right: RegionRight::Held {
        fence: 7,
        proven: true,
    },
    ..EdgeState::OPTIMISTIC
};

fn at(status: OrderStatus, provider: Option<u128>) -> Order {
    Order {
        status,
        provider_id: provider.map(|n| UserId(id(n))),
        ..order(1, 3)
    }
}

fn on(action: Action) -> CommandBody {
    let order_id = OrderId(id(1));
    match action {
        Action::Approve => CommandBody::ApproveOrder { order_id },
        Action::Reject => CommandBody::RejectOrder {
            order_id,
            reason: "because".into(),
        },
        Action::Accept => CommandBody::AcceptOrder { order_id },
        Action::Withdraw => CommandBody::WithdrawAcceptance {
            order_id,
            reason: None,
        },
        Action::Start => CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        },
        Action::Complete => CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        },
        Action::Cancel => CommandBody::CancelOrder {
            order_id,
            reason: None,
            fee: None,
        },
        Action::Review => CommandBody::SubmitReview {
            order_id,
            rating: 5,
            comment: String::new(),
        },
        Action::Report => CommandBody::ReportIncident {
            order_id,
            kind: IncidentKind::NobodyHome,
            note: None,
            extra_price: None,
        },
        Action::Answer => CommandBody::AnswerIncident {
            order_id,
            incident: CommandId(id(70)),
            agreed: true,
        },
        Action::Reschedule => CommandBody::RescheduleOrder {
            order_id,
            proposal: ProposalId(id(70)),
        },
        Action::Message => CommandBody::SendMessage {
            order_id,
            text: "Hello".to_owned(),
            photo: None,
        },
    }
}

fn ops(made: &[(u128, Role, Action)]) -> Vec<PendingOp> {
    let ops = made.iter().zip(1..);
    ops.map(|(&(n, role, action), seq)| PendingOp::of(seq, actor(n, role), on(action)))
        .collect()
}

/// Checks that the last of these ops on a confirmed order is idle, or is not.
#[track_caller]
fn check(confirmed: Order, made: &[(u128, Role, Action)], idle: bool) {
    let view = overlay_without_rules(Some(confirmed), ops(made));
    assert_eq!(
        view.pending.last().map(|op| op.is_idle),
        Some(idle),
        "{made:?}"
    );
}

#[test]
fn a_strangers_op_is_idle_and_a_claim_is_not() {
    use Action::{Accept, Approve, Cancel, Complete, Reject, Review, Start, Withdraw};
    let open = || at(OrderStatus::Pending, None);
    let work = [Start, Complete, Withdraw, Cancel, Review, Approve, Reject];
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
        for action in work {
            check(open(), &[(STRANGER, role, action)], true);
            check(
                at(OrderStatus::Accepted, Some(PROVIDER)),
                &[(STRANGER, role, action)],
                true,
            );
        }
    }
    check(open(), &[(STRANGER, Role::Customer, Accept)], true);
    check(open(), &[(STRANGER, Role::Provider, Accept)], false);
    check(open(), &[(CUSTOMER, Role::Customer, Cancel)], false);
    check(open(), &[(STRANGER, Role::Admin, Cancel)], false);
    check(
        at(OrderStatus::Accepted, Some(PROVIDER)),
        &[(30, Role::Admin, Withdraw)],
        false,
    );
    check(
        at(OrderStatus::Accepted, Some(PROVIDER)),
        &[(PROVIDER, Role::Provider, Start)],
        false,
    );
    check(
        at(OrderStatus::PendingReview, None),
        &[(30, Role::Admin, Approve)],
        false,
    );
    check(
        at(OrderStatus::PendingReview, None),
        &[(CUSTOMER, Role::Customer, Approve)],
        false,
    );
}

#[test]
fn an_acceptance_earlier_in_the_log_makes_a_claim_of_the_work_behind_it() {
    use Action::{Accept, Start, Withdraw};
    let accept = (STRANGER, Role::Provider, Accept);
    let start = (STRANGER, Role::Provider, Start);
    check(at(OrderStatus::Pending, None), &[accept, start], false);
    // The view skips the acceptance, but the order's provider may have withdrawn at the portal
    // since.
    check(
        at(OrderStatus::Accepted, Some(PROVIDER)),
        &[accept, start],
        false,
    );
    // The cloud decides the start first.
    check(at(OrderStatus::Pending, None), &[start, accept], false);
    let view = overlay_without_rules(Some(at(OrderStatus::Pending, None)), ops(&[start, accept]));
    assert!(view.pending[0].is_idle);
    // The cloud may refuse the withdrawal, and then the start counts.
    let gone = (PROVIDER, Role::Provider, Withdraw);
    let back = (PROVIDER, Role::Provider, Start);
    check(
        at(OrderStatus::Accepted, Some(PROVIDER)),
        &[gone, back],
        false,
    );
    // A completed order cannot be accepted, so its provider stays.
    check(
        at(OrderStatus::Completed, Some(PROVIDER)),
        &[accept, start],
        true,
    );
    // An admin may have withdrawn the order from its provider.
    check(
        at(OrderStatus::InProgress, Some(PROVIDER)),
        &[accept, start],
        false,
    );
}

#[test]
fn an_op_that_no_later_state_has_a_place_for_is_idle() {
    use Action::{Accept, Approve, Cancel, Start};
    for status in [
        OrderStatus::Rejected,
        OrderStatus::Completed,
        OrderStatus::Cancelled,
    ] {
        check(
            at(status, Some(PROVIDER)),
            &[(STRANGER, Role::Provider, Accept)],
            true,
        );
        check(
            at(status, Some(PROVIDER)),
            &[(CUSTOMER, Role::Customer, Cancel)],
            true,
        );
    }
    // An admin may approve it in the meantime.
    check(
        at(OrderStatus::PendingReview, None),
        &[(STRANGER, Role::Provider, Accept)],
        false,
    );
    check(
        at(OrderStatus::Pending, None),
        &[(30, Role::Admin, Approve)],
        true,
    );
    check(
        at(OrderStatus::Accepted, Some(PROVIDER)),
        &[(PROVIDER, Role::Provider, Start)],
        false,
    );
}

#[test]
fn a_report_is_idle_and_leaves_an_unpaid_start_in_the_view() {
    use Action::{Complete, Report, Start};
    let start = (PROVIDER, Role::Provider, Start);
    let report = (PROVIDER, Role::Provider, Report);
    let complete = (PROVIDER, Role::Provider, Complete);
    let confirmed = || at(OrderStatus::Accepted, Some(PROVIDER));
    check(confirmed(), &[start, report], true);
    let told = overlay_without_rules(Some(confirmed()), ops(&[start, report]));
    let silent = overlay_without_rules(Some(confirmed()), ops(&[start]));
    assert!(silent.unpaid_start.is_some());
    assert_eq!(told.unpaid_start, silent.unpaid_start);
    assert!(told.pending[1].keeps_order && !told.pending[0].keeps_order);
    assert_eq!(
        (&told.order, told.certainty),
        (&silent.order, silent.certainty)
    );

    let done = overlay_without_rules(Some(confirmed()), ops(&[start, report, complete]));
    assert!(done.pending.iter().all(|op| op.doubt.is_none()), "{done:?}");
    assert!(done.unpaid_start.is_some());
    let early = overlay_without_rules(
        Some(at(OrderStatus::Completed, Some(PROVIDER))),
        ops(&[report]),
    );
    assert_eq!(early.pending[0].doubt, Some(Code::LooksWrongState));
    let stranger = (STRANGER, Role::Provider, Report);
    let foreign = overlay_without_rules(Some(confirmed()), ops(&[stranger]));
    assert_eq!(foreign.pending[0].doubt, Some(Code::LooksNotYours));
}

/// Otherwise a provider who reports could keep the holder from promising the job to the next one.
#[test]
fn a_report_that_waits_leaves_the_holders_answer_firm() {
    let gone = at(OrderStatus::Pending, None);
    let late = ops(&[(PROVIDER, Role::Provider, Action::Report)]);
    let view = overlay_without_rules(Some(gone), late);
    let accept = on(Action::Accept);
    let request = VerdictRequest {
        actor: actor(STRANGER, Role::Provider),
        body: &accept,
        repeat: false,
        receipted: false,
        start_code: EnteredStartCode::None,
    };
    let CommandVerdict::Taken(taken) = judge_command(&request, &view, &HOLDER) else {
        panic!("not taken");
    };
    assert_eq!(taken.fence, Some(7));
}

#[test]
fn an_op_under_a_fence_is_never_idle_for_another_fence() {
    let start = ops(&[(STRANGER, Role::Provider, Action::Start)]).remove(0);
    let fenced = PendingOp {
        fence: Some(6),
        ..start
    };
    let view = overlay_without_rules(Some(at(OrderStatus::Pending, None)), vec![fenced]);
    assert!(!view.pending[0].is_idle);
}

#[test]
fn only_a_known_order_has_idle_ops() {
    let start = ops(&[(STRANGER, Role::Provider, Action::Start)]).remove(0);
    assert!(!overlay_without_rules(None, vec![start.clone()]).pending[0].is_idle);
    let body = CommandBody::PublishOrder {
        order_id: OrderId(id(1)),
        order: draft(),
    };
    let publish = PendingOp::of(1, actor(CUSTOMER, Role::Customer), body.clone());
    let again = PendingOp::of(3, actor(STRANGER, Role::Customer), body);
    let view = overlay_without_rules(None, vec![publish, PendingOp { seq: 2, ..start }, again]);
    let idle: Vec<_> = view.pending.iter().map(|op| op.is_idle).collect();
    assert_eq!(idle, [false, true, true]);
}

/// The view must be the same without the idle ops; otherwise it could base a promise on one.
#[test]
fn an_idle_op_leaves_no_trace_in_the_view() {
    let people = [
        (CUSTOMER, Role::Customer),
        (PROVIDER, Role::Provider),
        (STRANGER, Role::Admin),
    ];
    let made: Vec<_> = people
        .into_iter()
        .flat_map(|(n, _)| Role::ALL.map(|role| (n, role)))
        .flat_map(|(n, role)| Action::ALL.map(|action| (n, role, action)))
        .collect();
    for status in OrderStatus::ALL {
        for provider in [None, Some(PROVIDER)] {
            for first in &made {
                for second in &made {
                    let all = ops(&[*first, *second]);
                    let view = overlay_without_rules(Some(at(status, provider)), all.clone());
                    let counts = |op: &PendingOp| {
                        view.pending
                            .iter()
                            .any(|known| known.seq == op.seq && !known.is_idle)
                    };
                    let counted = all.into_iter().filter(counts).collect();
                    let without = overlay_without_rules(Some(at(status, provider)), counted);
                    assert_eq!(view.order, without.order, "{status} {first:?} {second:?}");
                }
            }
        }
    }
}

#[test]
fn a_flood_of_nonsense_leaves_the_holders_answer_firm_and_the_room_free() {
    let start = on(Action::Start);
    let flood = (1..).take(WAITING_MAX);
    let flood = flood.map(|seq| PendingOp::of(seq, actor(STRANGER, Role::Provider), start.clone()));
    let view = overlay_without_rules(Some(at(OrderStatus::Pending, None)), flood.collect());
    let asks = |n, body| {
        let request = VerdictRequest {
            actor: actor(n, Role::Provider),
            body,
            repeat: false,
            receipted: false,
            start_code: EnteredStartCode::None,
        };
        judge_command(&request, &view, &HOLDER)
    };
    assert_eq!(
        asks(STRANGER, &start),
        CommandVerdict::NotTaken(wire::Code::TooManyRequests)
    );
    let accept = on(Action::Accept);
    assert!(
        matches!(asks(PROVIDER, &accept), CommandVerdict::Taken(taken) if taken.fence == Some(7))
    );
}
