//! Describes ops and waiting portal acceptances: state and next step.

use wire::{LinkState, OpKind, OpRecord, OpState, Region, RegionStatus, StatusReport, WaitingAsk};

use crate::{
    look::{OutputStyle, TextTone},
    say,
};

/// Returns a name such as `accept_order`; a command goes by its type.
pub fn op_name(op: &OpRecord) -> &str {
    match (&op.command, op.kind) {
        (Some(command), _) => &command.name,
        (None, kind) => kind.as_str(),
    }
}

/// Returns a symbol with a label, and their tone.
pub fn describe_state(state: OpState, style: &OutputStyle) -> (TextTone, String) {
    let (tone, mark) = match state {
        OpState::Decided => (TextTone::Good, "+"),
        OpState::Received => (TextTone::Plain, "~"),
        OpState::HeldRegion | OpState::Parked | OpState::Unrecognised => (TextTone::Doubtful, "~"),
        OpState::NeedsOperator | OpState::LeftBehind => (TextTone::Bad, "!"),
    };
    let word = style.translate(say::op_state {
        state: state.as_str().into(),
    });
    (tone, format!("{mark} {word}"))
}

/// An op that waits longer is overdue.
const TURN_MS_MAX: i64 = 60_000;

pub fn next_step(op: &OpRecord, report: &StatusReport, style: &OutputStyle) -> String {
    match op.state {
        OpState::Received if report.now.ms_since(op.received_at) <= TURN_MS_MAX => {
            style.translate(say::step_turn)
        }
        OpState::Received => style.translate(say::step_turn_late),
        OpState::HeldRegion => describe_holder_wait(op.region, report, style),
        OpState::NeedsOperator => style.translate(say::step_op_stopped {
            times: op.failures.into(),
            place: (&op.place).into(),
            edge: (&op.place.edge).into(),
            seq: op.place.seq.into(),
        }),
        OpState::Parked => style.translate(say::step_service_away),
        OpState::Decided => match op.outcome.as_ref().and_then(|outcome| outcome.told) {
            Some(false) => style.translate(say::step_decided_not_told),
            Some(true) | None => style.translate(say::step_decided),
        },
        OpState::LeftBehind => match (&op.again, op.kind) {
            (Some(again), _) => style.translate(say::step_logged_again {
                place: again.into(),
            }),
            (None, OpKind::Command) => style.translate(say::step_logs_again {
                place: (&op.place).into(),
            }),
            (None, _) => style.translate(say::step_epoch_over),
        },
        OpState::Unrecognised => style.translate(say::step_newer_hub),
    }
}

pub fn next_step_for_acceptance(
    ask: &WaitingAsk,
    report: &StatusReport,
    style: &OutputStyle,
) -> String {
    let id = ask.command_id.into();
    match (ask.state, ask.order_id) {
        (OpState::NeedsOperator, Some(_)) => style.translate(say::step_ask_stopped {
            times: ask.failures.into(),
            id,
        }),
        (OpState::NeedsOperator, None) => style.translate(say::step_ask_unread { id }),
        _ => describe_holder_wait(ask.region, report, style),
    }
}

fn describe_holder_wait(region: Region, report: &StatusReport, style: &OutputStyle) -> String {
    let here = report.regions.iter().find(|status| status.region == region);
    let Some((holder, up)) = here.and_then(find_holder) else {
        return style.translate(say::step_nobody_holds);
    };
    let holder = holder.into();
    let region = region.into();
    match up {
        true => style.translate(say::step_holder_asked { holder, region }),
        false => style.translate(say::step_holder_away { holder, region }),
    }
}

fn find_holder(region: &RegionStatus) -> Option<(&str, bool)> {
    let holder = region.holder.as_ref()?;
    let edge = region.edges.iter().find(|edge| edge.edge == *holder);
    Some((
        holder.as_str(),
        edge.is_some_and(|edge| edge.link == LinkState::Up),
    ))
}
