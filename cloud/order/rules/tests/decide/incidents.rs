//! A provider reports that something happened, and the customer answers a report of more work.

use crate::stage::*;
use rules::{KnownIncident, NewTimelineEntry};
use wire::{
    Amount, Code, CommandBody, EventType, INCIDENTS_MAX, IncidentAnswer, IncidentKind,
    IncidentReport, OrderStatus, Outcome, OutcomeKind, PaymentStatus,
};

const NOTE: &str = "The valve is worn.";

impl Stage {
    /// Provider 1 has reported more work on this order.
    pub(crate) fn report_more_work(mut self, order: u128, command: u128) -> Self {
        let report = KnownIncident {
            command_id: command_id(command),
            user_id: provider(1).user_id,
            report: IncidentReport {
                kind: IncidentKind::MoreWork,
                extra_price: Some(Amount::from_minor(8_000).unwrap()),
            },
            is_answered: false,
        };
        self.snapshot
            .incidents
            .entry(order_id(order))
            .or_default()
            .push(report);
        self
    }

    pub(crate) fn carry_incident(&mut self, line: &NewTimelineEntry) {
        let entry = &line.entry;
        let known = self.snapshot.incidents.entry(line.order_id).or_default();
        if let Some(report) = entry.incident.filter(|_| entry.code.is_none()) {
            known.push(KnownIncident {
                command_id: entry.command_id,
                user_id: entry.actor.user_id,
                report,
                is_answered: false,
            });
        }
        if let Some(answer) = entry.incident_answer.filter(|_| entry.code.is_none()) {
            let answered = known
                .iter_mut()
                .filter(|one| one.command_id == answer.incident);
            answered.for_each(|one| one.is_answered = true);
        }
    }
}

pub(crate) fn report(n: u128, kind: IncidentKind, extra_price: Option<i64>) -> CommandBody {
    CommandBody::ReportIncident {
        order_id: order_id(n),
        kind,
        note: Some("The valve is worn.".into()),
        extra_price: extra_price.map(|minor| Amount::from_minor(minor).unwrap()),
    }
}

pub(crate) fn answer(n: u128, report: u128, agreed: bool) -> CommandBody {
    CommandBody::AnswerIncident {
        order_id: order_id(n),
        incident: command_id(report),
        agreed,
    }
}

fn stage(status: OrderStatus) -> Stage {
    let mut standing = order(1, status);
    standing.order.payment_status = PaymentStatus::Held;
    Stage::with([standing])
}

fn more_work() -> IncidentReport {
    IncidentReport {
        kind: IncidentKind::MoreWork,
        extra_price: Some(Amount::from_minor(8_000).unwrap()),
    }
}

#[track_caller]
fn refused(outcome: &Outcome, code: Code) {
    assert!(!outcome.has_succeeded(), "{outcome:?}");
    assert_eq!(outcome.code, Some(code));
}

#[test]
fn a_report_changes_nothing_but_the_version_and_the_history() {
    let mut stage = stage(OrderStatus::InProgress);
    let before = stage.order(1).clone();
    let report = report(1, IncidentKind::MoreWork, Some(8_000));
    let (outcome, writes) = stage.decide_one(logged(1, 1, Some(provider(1)), report));
    assert!(outcome.has_succeeded(), "{outcome:?}");
    let mut after = stage.order(1).clone();
    assert_eq!(after.version, before.version + 1);
    after.version = before.version;
    after.updated_at = before.updated_at;
    assert_eq!(after, before);

    let entry = &writes.timeline[0].entry;
    assert_eq!(entry.incident, Some(more_work()));
    assert_eq!((entry.from, entry.to), (Some(before.status), before.status));
    assert_eq!((entry.reason.as_deref(), entry.code), (Some(NOTE), None));
    assert!(entry.hops.tapped_at.is_some() && entry.seq == Some(1));
    let event = &writes.events[0];
    assert_eq!(event.kind, EventType::OrderIncidentReported);
    assert_eq!(event.body.incident, Some(more_work()));
    assert_eq!(event.body.reason.as_deref(), Some(NOTE));
}

/// The answers to a completion and its repeat, and the order's status after them.
fn complete_work(reports: bool) -> (Vec<(OutcomeKind, Option<Code>)>, OrderStatus) {
    let mut stage = stage(OrderStatus::Accepted);
    let mut log = vec![start(1)];
    if reports {
        log.push(report(1, IncidentKind::RunningLate, None));
    }
    log.extend([complete(1), complete(1)]);
    let log: Vec<_> = (1..)
        .zip(log)
        .map(|(seq, body)| logged(seq, seq.into(), Some(provider(1)), body))
        .collect();
    let writes = stage.decide(&log);
    assert!(case_kinds(&writes).is_empty());
    let ends = [log.len() - 2, log.len() - 1];
    let answers = ends.map(|at| outcome(&writes, at));
    let answers = answers.map(|outcome| (outcome.kind, outcome.code));
    (answers.to_vec(), stage.order(1).status)
}

#[test]
fn a_completion_is_decided_the_same_behind_a_report() {
    assert_eq!(complete_work(true), complete_work(false));
}

#[test]
fn an_order_takes_so_many_reports() {
    let mut stage = stage(OrderStatus::Accepted);
    let late = report(1, IncidentKind::RunningLate, None);
    let most = INCIDENTS_MAX as u64;
    let log: Vec<_> = (1..=most + 1)
        .map(|seq| logged(seq, seq.into(), Some(provider(1)), late.clone()))
        .collect();
    let writes = stage.decide(&log);
    for at in 0..INCIDENTS_MAX {
        assert!(outcome(&writes, at).has_succeeded(), "{at}");
    }
    refused(outcome(&writes, INCIDENTS_MAX), Code::TooManyIncidents);
    let (again, _) = stage.decide_one(portal(90, provider(1), late.clone()));
    refused(&again, Code::TooManyIncidents);
    let (repeat, _) = stage.decide_one(portal(1, provider(1), late));
    assert!(repeat.has_succeeded(), "a repeat has its answer");

    stage.decide_one(portal(91, provider(1), withdraw(1)));
    stage.decide_one(portal(92, provider(2), accept(1)));
    let late = report(1, IncidentKind::RunningLate, None);
    let (of_the_next, _) = stage.decide_one(portal(93, provider(2), late));
    assert!(of_the_next.has_succeeded(), "{of_the_next:?}");
}

#[test]
fn a_refused_report_from_an_edge_leaves_no_line() {
    let priced = report(1, IncidentKind::Other, Some(100));
    let late = report(1, IncidentKind::RunningLate, None);
    for (sender, body, code) in [
        (provider(1), priced, Code::InvalidInput),
        (provider(2), late, Code::NotYours),
    ] {
        let mut stage = stage(OrderStatus::Accepted);
        let (outcome, writes) = stage.decide_one(logged(1, 1, Some(sender), body));
        refused(&outcome, code);
        assert_eq!(writes.timeline, []);
    }
}

#[test]
fn the_form_of_a_report_is_checked() {
    for (kind, price) in [
        (IncidentKind::MoreWork, None),
        (IncidentKind::MoreWork, Some(0)),
        (IncidentKind::Other, Some(100)),
    ] {
        let mut stage = stage(OrderStatus::Accepted);
        let (outcome, _) = stage.decide_one(portal(1, provider(1), report(1, kind, price)));
        refused(&outcome, Code::InvalidInput);
    }
}

#[test]
fn a_report_of_more_work_is_answered_once() {
    for agreed in [true, false] {
        let mut stage = stage(OrderStatus::InProgress).report_more_work(1, 77);
        let price = stage.order(1).price;
        let (outcome, writes) = stage.decide_one(portal(1, customer(1), answer(1, 77, agreed)));
        assert!(outcome.has_succeeded(), "{outcome:?}");
        let given = IncidentAnswer {
            incident: command_id(77),
            agreed,
        };
        assert_eq!(writes.timeline[0].entry.incident_answer, Some(given));
        let event = &writes.events[0].body;
        assert_eq!(event.incident_answer, Some(given));
        assert_eq!(event.incident, Some(more_work()));
        let after = stage.order(1);
        assert_eq!(
            (after.price, after.payment_status),
            (price, PaymentStatus::Held)
        );

        let (second, _) = stage.decide_one(portal(2, customer(1), answer(1, 77, !agreed)));
        refused(&second, Code::IncidentAnswered);
        let (repeat, _) = stage.decide_one(portal(1, customer(1), answer(1, 77, agreed)));
        assert!(repeat.has_succeeded(), "a repeat has its answer");
    }
}

#[test]
fn two_answers_of_one_batch_leave_the_first() {
    let mut stage = stage(OrderStatus::InProgress);
    let more = report(1, IncidentKind::MoreWork, Some(8_000));
    let writes = stage.decide(&[
        logged(1, 77, Some(provider(1)), more),
        portal(2, customer(1), answer(1, 77, true)),
        portal(3, customer(1), answer(1, 77, false)),
    ]);
    assert!(outcome(&writes, 1).has_succeeded());
    refused(outcome(&writes, 2), Code::IncidentAnswered);
}

#[test]
fn only_more_work_by_the_present_provider_is_answered() {
    let mut late = stage(OrderStatus::Accepted);
    late.decide_one(portal(
        1,
        provider(1),
        report(1, IncidentKind::RunningLate, None),
    ));
    let (outcome, _) = late.decide_one(portal(2, customer(1), answer(1, 1, true)));
    refused(&outcome, Code::IncidentNotFound);
    let (outcome, _) = late.decide_one(portal(3, customer(1), answer(1, 99, true)));
    refused(&outcome, Code::IncidentNotFound);

    let mut given_back = stage(OrderStatus::Accepted).report_more_work(1, 77);
    given_back.decide_one(portal(1, provider(1), withdraw(1)));
    given_back.decide_one(portal(2, provider(2), accept(1)));
    let (outcome, _) = given_back.decide_one(portal(3, customer(1), answer(1, 77, true)));
    refused(&outcome, Code::IncidentNotFound);
}
