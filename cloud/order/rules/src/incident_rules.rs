//! Rules on a provider's report that something happened, and on the customer's answer to a report of
//! more work.
//!
//! Invariant: of the order, only the version and the time of the change differ afterwards.

use wire::{Code, INCIDENTS_MAX, IncidentAnswer, IncidentKind};

use crate::{
    OrderState,
    ruling::{Ruling, RulingContext},
};

/// Rules on a report or an answer that the order's status and its people allow.
pub(crate) fn rule_on_incident(
    context: RulingContext<'_>,
    state: &OrderState,
    note: Option<String>,
) -> Result<Ruling, Code> {
    match context.attempt.command.body.incident_answer() {
        Some(answer) => check_answer(context, state, answer)?,
        None => check_count(context, state)?,
    }
    Ok(Ruling::Changed {
        after: Box::new(state.with_status(state.order.status, context.now)),
        reason: note,
        under_rule: false,
    })
}

/// Reports by earlier providers of the order do not count.
fn check_count(context: RulingContext<'_>, state: &OrderState) -> Result<(), Code> {
    let provider = state.order.provider_id;
    let reports = context.incidents.iter();
    let own = reports.filter(|known| Some(known.user_id) == provider);
    if own.count() >= INCIDENTS_MAX {
        return Err(Code::TooManyIncidents);
    }
    Ok(())
}

/// The customer answers each report of more work once, and only if the present provider made it.
fn check_answer(
    context: RulingContext<'_>,
    state: &OrderState,
    answer: IncidentAnswer,
) -> Result<(), Code> {
    let provider = state.order.provider_id;
    let mut reports = context.incidents.iter().filter(|known| {
        known.command_id == answer.incident
            && Some(known.user_id) == provider
            && known.report.kind == IncidentKind::MoreWork
    });
    match reports.next() {
        None => Err(Code::IncidentNotFound),
        Some(report) if report.is_answered => Err(Code::IncidentAnswered),
        Some(_) => Ok(()),
    }
}
