//! Every action, role and state in one table, so that nothing is allowed by accident.

use crate::{
    incidents::{answer, report},
    messages::message,
    reschedules::agree,
    stage::*,
};
use rules::{OfflineRules, Submission};
use wire::{
    Action, Actor, Code, CommandBody, EventType, IncidentKind, OrderStatus, OutcomeKind,
    PaymentStatus, Role, ServiceType,
};

/// The table's result for a command: the next state or the refusal.
type Expected = Result<OrderStatus, Code>;

fn body(action: Action) -> CommandBody {
    match action {
        Action::Approve => approve(1),
        Action::Reject => reject(1),
        Action::Accept => accept(1),
        // Admins must give a reason.
        Action::Withdraw => withdraw_because(1, Some("He is ill.")),
        Action::Start => start(1),
        Action::Complete => complete(1),
        Action::Cancel => cancel(1),
        Action::Review => review(1),
        Action::Report => report(1, IncidentKind::NobodyHome, None),
        Action::Answer => answer(1, 77, true),
        Action::Reschedule => agree(1, 66),
        Action::Message => message(1, "Hello"),
    }
}

/// Number 1 owns the order as customer or provider; number 2 is a stranger.
fn people() -> [Actor; 5] {
    [customer(1), customer(2), provider(1), provider(2), admin()]
}

/// The result of the ownership and role checks, before the state; `None` lets the state decide.
fn barred(action: Action, actor: Actor, status: OrderStatus, from_edge: bool) -> Option<Code> {
    use OrderStatus::{
        Accepted, Completed, InProgress, Pending, PendingReview, Rejected, Reviewed,
    };
    let taken = matches!(status, Accepted | InProgress | Completed | Reviewed);
    // A provider has seen the order at the edge they act at.
    let hidden = || {
        if from_edge {
            Code::NotYours
        } else {
            Code::OrderNotFound
        }
    };
    match (action, actor.role) {
        (Action::Approve | Action::Reject, Role::Admin) => None,
        (Action::Accept, Role::Provider) if from_edge => None,
        (Action::Accept, Role::Provider) => {
            matches!(status, PendingReview | Rejected).then_some(Code::OrderNotFound)
        }
        (Action::Accept, _) => Some(Code::ProvidersOnly),
        (Action::Withdraw | Action::Start | Action::Complete | Action::Report, Role::Provider) => {
            let mine = taken && actor == provider(1);
            let why = if status == Pending {
                Code::NotYours
            } else {
                hidden()
            };
            (!mine).then_some(why)
        }
        (Action::Cancel | Action::Withdraw, Role::Admin) => None,
        (Action::Answer, Role::Customer) if from_edge => Some(Code::UnknownOp),
        (Action::Cancel | Action::Answer, Role::Customer) => {
            (actor != customer(1)).then_some(Code::OrderNotFound)
        }
        (Action::Review, Role::Customer) => Some(Code::UnknownOp),
        (Action::Message, Role::Customer) => (actor != customer(1)).then_some(Code::OrderNotFound),
        (Action::Message, Role::Provider) => {
            let is_mine = taken && actor == provider(1);
            (!is_mine).then_some(Code::OrderNotFound)
        }
        (Action::Reschedule, Role::Customer | Role::Provider) if from_edge => Some(Code::UnknownOp),
        (Action::Reschedule, Role::Customer) => {
            (actor != customer(1)).then_some(Code::OrderNotFound)
        }
        (Action::Reschedule, Role::Provider) => {
            let is_mine = taken && actor == provider(1);
            let why = match status {
                Pending => Code::NotYours,
                _ => Code::OrderNotFound,
            };
            (!is_mine).then_some(why)
        }
        _ => Some(Code::RoleForbidden),
    }
}

fn expected(action: Action, actor: Actor, status: OrderStatus, from_edge: bool) -> Expected {
    use OrderStatus::{
        Accepted, Cancelled, Completed, InProgress, Pending, PendingReview, Rejected, Reviewed,
    };
    if let Some(code) = barred(action, actor, status, from_edge) {
        return Err(code);
    }
    if (action, status, actor.role) == (Action::Withdraw, InProgress, Role::Admin) {
        return Ok(Pending);
    }
    match (action, status) {
        (Action::Approve, PendingReview) => Ok(Pending),
        (Action::Reject, PendingReview) => Ok(Rejected),
        (Action::Accept, Pending) => Ok(Accepted),
        (Action::Accept, Accepted | InProgress | Completed | Reviewed) => {
            if actor == provider(1) {
                Ok(status)
            } else {
                Err(Code::OrderAlreadyAccepted)
            }
        }
        (Action::Accept, PendingReview) => Err(Code::OrderNotApproved),
        (Action::Withdraw, Accepted) => Ok(Pending),
        (Action::Start, Accepted) => Ok(InProgress),
        (Action::Complete, InProgress) => Ok(Completed),
        (Action::Cancel, PendingReview | Pending | Accepted) => Ok(Cancelled),
        (Action::Report, Accepted | InProgress) => Ok(status),
        (Action::Reschedule, Accepted) => Ok(status),
        (Action::Answer, Accepted | InProgress | Completed) => Ok(status),
        (Action::Message, Accepted | InProgress | Completed | Reviewed) => Ok(status),
        (Action::Message, _) => Err(Code::MessagesNotOpen),
        (_, Cancelled) => Err(Code::OrderCancelled),
        (_, Rejected) => Err(Code::OrderRejected),
        _ => Err(Code::WrongState),
    }
}

#[test]
fn the_matrix_of_people_actions_and_states_is_exactly_its_table() {
    for actor in people() {
        for action in Action::ALL {
            for status in OrderStatus::ALL {
                for from_edge in [false, true] {
                    check(actor, action, status, from_edge);
                }
            }
        }
    }
}

#[track_caller]
fn check(actor: Actor, action: Action, status: OrderStatus, from_edge: bool) {
    let mut before = order(1, status);
    before.order.payment_status = PaymentStatus::Held;
    let mut stage = Stage::with([before.clone()])
        .report_more_work(1, 77)
        .propose_time(1, 66, actor.role == Role::Customer);
    let request = match from_edge {
        true => logged(1, 1, Some(actor), body(action)),
        false => portal(1, actor, body(action)),
    };
    let (outcome, writes) = stage.decide_one(request);
    let case = format!("{action} by {actor:?} on {status}, from an edge: {from_edge}");
    match expected(action, actor, status, from_edge) {
        Ok(to) => {
            assert_eq!(
                (outcome.kind, outcome.code),
                (OutcomeKind::Applied, None),
                "{case}"
            );
            let sends = action == Action::Message;
            let changed = u64::from(to != status || (action.keeps_status() && !sends));
            let after = stage.order(1);
            assert_eq!(after.status, to, "{case}");
            assert_eq!(after.version, before.order.version + changed, "{case}");
            let news = changed + u64::from(sends);
            assert_eq!(writes.events.len() as u64, news, "{case}");
            assert_eq!(writes.messages.len() as u64, u64::from(sends), "{case}");
            assert_eq!(writes.timeline.len() as u64, changed, "{case}");
            assert_eq!(outcome.order.as_ref(), Some(after), "{case}");
        }
        Err(code) => {
            assert_eq!(
                (outcome.kind, outcome.code),
                (OutcomeKind::Rejected, Some(code)),
                "{case}"
            );
            assert!(writes.orders.is_empty(), "{case}");
            assert!(writes.messages.is_empty(), "{case}");
            assert_eq!(stage.order(1), &before.order, "{case}");
            assert!(
                outcome.order.is_none_or(|order| order == before.order),
                "{case}"
            );
        }
    }
}

#[test]
fn each_change_of_status_emits_its_one_event() {
    for (actor, body, status, kind) in [
        (
            customer(1),
            publish(2),
            OrderStatus::Pending,
            EventType::OrderCreated,
        ),
        (
            admin(),
            approve(1),
            OrderStatus::PendingReview,
            EventType::OrderApproved,
        ),
        (
            admin(),
            reject(1),
            OrderStatus::PendingReview,
            EventType::OrderRejected,
        ),
        (
            provider(1),
            accept(1),
            OrderStatus::Pending,
            EventType::OrderAccepted,
        ),
        (
            provider(1),
            withdraw(1),
            OrderStatus::Accepted,
            EventType::OrderStatusChanged,
        ),
        (
            admin(),
            withdraw_because(1, Some("He is ill.")),
            OrderStatus::InProgress,
            EventType::OrderAcceptanceWithdrawn,
        ),
        (
            provider(1),
            start(1),
            OrderStatus::Accepted,
            EventType::OrderStatusChanged,
        ),
        (
            provider(1),
            complete(1),
            OrderStatus::InProgress,
            EventType::OrderCompleted,
        ),
        (
            customer(1),
            cancel(1),
            OrderStatus::Accepted,
            EventType::OrderCancelled,
        ),
    ] {
        check_event(actor, body, status, kind);
    }
}

#[test]
fn a_report_and_its_answer_emit_one_event_each() {
    for (actor, body, status, kind) in [
        (
            provider(1),
            report(1, IncidentKind::RunningLate, None),
            OrderStatus::Accepted,
            EventType::OrderIncidentReported,
        ),
        (
            customer(1),
            answer(1, 77, false),
            OrderStatus::InProgress,
            EventType::OrderIncidentAnswered,
        ),
    ] {
        check_event(actor, body, status, kind);
    }
}

#[track_caller]
fn check_event(actor: Actor, body: CommandBody, status: OrderStatus, kind: EventType) {
    let mut standing = order(1, status);
    standing.order.payment_status = PaymentStatus::Held;
    let mut stage = Stage::with([standing]).report_more_work(1, 77);
    let (outcome, writes) = stage.decide_one(portal(1, actor, body));
    let [event] = writes.events.as_slice() else {
        panic!("{kind}: {:?}", writes.events)
    };
    assert_eq!(event.kind, kind);
    assert_eq!(
        Some(&event.body.order),
        outcome.order.as_ref(),
        "{kind}: the whole order"
    );
    assert_eq!(
        (event.body.actor, event.body.command_id),
        (actor, command_id(1))
    );
    assert_eq!(event.trace, command_id(1).0.simple().to_string());
}

#[test]
fn an_acceptance_belongs_to_its_provider_until_it_is_withdrawn() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    stage.decide_one(portal(1, provider(1), accept(1)));
    assert_eq!(stage.order(1).provider_id, Some(provider(1).user_id));
    let standing = &stage.snapshot.orders[&order_id(1)];
    assert_eq!(
        standing.acceptance.as_ref().map(|taken| taken.decided_at),
        Some(NOW)
    );
    stage.decide_one(portal(2, provider(1), withdraw(1)));
    assert_eq!(stage.order(1).provider_id, None);
    assert_eq!(stage.snapshot.orders[&order_id(1)].acceptance, None);
    let (again, _) = stage.decide_one(portal(3, provider(2), accept(1)));
    assert!(again.has_succeeded());
    assert_eq!(stage.order(1).provider_id, Some(provider(2).user_id));
}

#[test]
fn an_acceptance_tells_that_its_work_is_paid_for_afterwards() {
    for (kind, told) in [
        (draft().service_type, true),
        (ServiceType::LifeHealth, false),
    ] {
        let rules = OfflineRules {
            paid_afterwards: vec![kind],
            ..OfflineRules::default()
        };
        let mut stage = Stage::with([order(1, OrderStatus::Pending)]).allow(rules);
        for (n, body) in [(1, accept(1)), (2, start(1)), (3, complete(1))] {
            let (_, writes) = stage.decide_one(portal(n, provider(1), body));
            for event in writes.events {
                let tells = matches!(
                    event.kind,
                    EventType::OrderAccepted | EventType::OrderCompleted
                );
                assert_eq!(event.body.paid_afterwards, tells && told, "{kind}");
            }
        }
    }
}

#[test]
fn a_publication_makes_an_order_that_waits_for_review_unpaid() {
    let mut stage = Stage::with([]);
    let (outcome, writes) = stage.decide_one(logged(1, 1, Some(customer(1)), publish(1)));
    let order = outcome.order.unwrap();
    assert_eq!(
        (order.status, order.version),
        (OrderStatus::PendingReview, 1)
    );
    assert_eq!(order.payment_status, PaymentStatus::Unpaid);
    assert_eq!(
        (order.customer_id, order.provider_id),
        (customer(1).user_id, None)
    );
    assert_eq!(order.source.to_string(), "north-1");
    assert_eq!((order.created_at, order.updated_at), (NOW, NOW));
    assert_eq!(writes.orders[0].guard, None);
    assert_eq!(writes.timeline[0].entry.action, None);
    assert_eq!(writes.timeline[0].entry.from, None);
}

#[test]
fn a_publication_names_at_most_four_photos_and_its_history_has_them() {
    let photos = |count: u8| -> Vec<wire::PhotoRef> {
        let photo = |n| wire::PhotoRef {
            hash: wire::Hash([n; 32]),
            bytes: 300_000,
        };
        (0..count).map(photo).collect()
    };
    let publish = |count| CommandBody::PublishOrder {
        order_id: order_id(2),
        order: wire::Draft {
            photos: photos(count),
            ..draft()
        },
    };
    let mut stage = Stage::with([]);
    let (outcome, writes) = stage.decide_one(logged(1, 1, Some(customer(1)), publish(5)));
    assert_eq!(outcome.code, Some(Code::InvalidInput));
    assert!(writes.timeline.is_empty());
    let (outcome, writes) = stage.decide_one(logged(2, 2, Some(customer(1)), publish(4)));
    assert_eq!(outcome.code, None);
    let named = writes.timeline[0].entry.evidence.clone();
    assert_eq!(named.map(|evidence| evidence.photos), Some(photos(4)));
}

#[test]
fn what_cannot_be_published_is_refused() {
    let wrong = CommandBody::PublishOrder {
        order_id: order_id(2),
        order: wire::Draft {
            title: " ".into(),
            ..draft()
        },
    };
    for (actor, body, code) in [
        (provider(1), publish(2), Code::RoleForbidden),
        (admin(), publish(2), Code::RoleForbidden),
        (customer(1), wrong, Code::InvalidInput),
        (customer(1), publish(1), Code::OrderExists),
        (customer(2), publish(1), Code::OrderExists),
    ] {
        let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
        let (outcome, writes) = stage.decide_one(logged(1, 1, Some(actor), body));
        assert_eq!(outcome.code, Some(code));
        assert!(writes.orders.is_empty() && writes.events.is_empty() && writes.timeline.is_empty());
        let own = code == Code::OrderExists && actor == customer(1);
        assert_eq!(
            outcome.order.is_some(),
            own,
            "another's order is not shown: {actor:?}"
        );
    }
}

#[test]
fn a_rejection_needs_a_reason_and_carries_it() {
    for (reason, fits) in [
        ("", false),
        (" \n", false),
        ("\u{0}", false),
        ("Too vague.", true),
    ] {
        let mut stage = Stage::with([order(1, OrderStatus::PendingReview)]);
        let body = CommandBody::RejectOrder {
            order_id: order_id(1),
            reason: reason.into(),
        };
        let (outcome, writes) = stage.decide_one(portal(1, admin(), body));
        assert_eq!(outcome.has_succeeded(), fits, "{reason:?}");
        let told = writes
            .events
            .first()
            .and_then(|event| event.body.reason.as_deref());
        assert_eq!(told, fits.then_some(reason));
        let noted = writes
            .timeline
            .first()
            .and_then(|line| line.entry.reason.as_deref());
        assert_eq!(noted, fits.then_some(reason));
    }
}

#[test]
fn an_event_carries_the_commands_own_trace_where_that_is_one() {
    let good = "4bf92f3577b34da6a3ce929d0e0e4736";
    let own = command_id(1).0.simple().to_string();
    for (sent, expected) in [
        (None, own.as_str()),
        (Some(good), good),
        (Some("4BF92F3577B34DA6A3CE929D0E0E4736"), &own),
        (Some("anything"), &own),
    ] {
        let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
        let Submission::Command(mut attempt) = portal(1, provider(1), accept(1)) else {
            panic!()
        };
        attempt.command.trace = sent.map(str::to_owned);
        let writes = stage.decide(&[Submission::Command(attempt)]);
        assert_eq!(writes.events[0].trace, expected);
    }
}

#[test]
fn the_note_of_finished_work_stands_in_the_history() {
    let kept = "Two washers replaced.";
    for (note, expected) in [(Some(kept), Some(kept)), (Some(" "), None), (None, None)] {
        let mut stage = Stage::with([order(1, OrderStatus::InProgress)]);
        let note = note.map(str::to_owned);
        let body = CommandBody::CompleteOrder {
            order_id: order_id(1),
            note,
            evidence: None,
        };
        let (outcome, writes) = stage.decide_one(portal(1, provider(1), body));
        assert!(outcome.has_succeeded());
        let noted = writes
            .timeline
            .first()
            .and_then(|line| line.entry.reason.as_deref());
        assert_eq!(noted, expected);
    }
}
