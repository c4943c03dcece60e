//! Describes ops and waiting portal acceptances: state and next step.

use wire::{LinkState, OpKind, OpRecord, OpState, Region, RegionStatus, StatusReport, WaitingAsk};

use crate::{
    look::{Look, Tone},
    say,
};

/// Returns a name such as `accept_order`; a command goes by its type.
pub fn what(op: &OpRecord) -> &str {
    match (&op.command, op.kind) {
        (Some(command), _) => &command.name,
        (None, kind) => kind.as_str(),
    }
}

/// Returns a symbol with a label, and their tone.
pub fn state(state: OpState, look: &Look) -> (Tone, String) {
    let (tone, mark) = match state {
        OpState::Decided => (Tone::Good, "+"),
        OpState::Received => (Tone::Plain, "~"),
        OpState::HeldRegion | OpState::Parked | OpState::Unrecognised => (Tone::Doubtful, "~"),
        OpState::NeedsOperator | OpState::LeftBehind => (Tone::Bad, "!"),
    };
    let word = look.say(say::op_state { state: state.as_str().into() });
    (tone, format!("{mark} {word}"))
}

/// An op that waits longer is overdue.
const TURN_MS_MAX: i64 = 60_000;

pub fn next_step(op: &OpRecord, report: &StatusReport, look: &Look) -> String {
    let place = || (&op.place).into();
    match op.state {
        OpState::Received if report.now.since(op.received_at) <= TURN_MS_MAX => {
            look.say(say::step_turn)
        }
        OpState::Received => look.say(say::step_turn_late),
        OpState::HeldRegion => held(op.region, report, look),
        OpState::NeedsOperator => look.say(say::step_op_stopped {
            times: op.failures.into(),
            place: place(),
            edge: (&op.place.edge).into(),
            seq: op.place.seq.into(),
        }),
        OpState::Parked => look.say(say::step_service_away),
        OpState::Decided => match op.outcome.as_ref().and_then(|outcome| outcome.told) {
            Some(false) => look.say(say::step_decided_not_told),
            Some(true) | None => look.say(say::step_decided),
        },
        OpState::LeftBehind => match (&op.again, op.kind) {
            (Some(again), _) => look.say(say::step_logged_again { place: again.into() }),
            (None, OpKind::Command) => look.say(say::step_logs_again { place: place() }),
            (None, _) => look.say(say::step_epoch_over),
        },
        OpState::Unrecognised => look.say(say::step_newer_hub),
    }
}

pub fn next_step_of_ask(ask: &WaitingAsk, report: &StatusReport, look: &Look) -> String {
    let id = ask.command_id.into();
    match (ask.state, ask.order_id) {
        (OpState::NeedsOperator, Some(_)) => {
            look.say(say::step_ask_stopped { times: ask.failures.into(), id })
        }
        (OpState::NeedsOperator, None) => look.say(say::step_ask_unread { id }),
        _ => held(ask.region, report, look),
    }
}

fn held(region: Region, report: &StatusReport, look: &Look) -> String {
    let here = report.regions.iter().find(|status| status.region == region);
    let Some((holder, up)) = here.and_then(holder) else {
        return look.say(say::step_nobody_holds);
    };
    let (holder, region) = (holder.into(), region.into());
    match up {
        true => look.say(say::step_holder_asked { holder, region }),
        false => look.say(say::step_holder_away { holder, region }),
    }
}

fn holder(region: &RegionStatus) -> Option<(&str, bool)> {
    let holder = region.holder.as_ref()?;
    let edge = region.edges.iter().find(|edge| edge.edge == *holder);
    Some((holder.as_str(), edge.is_some_and(|edge| edge.link == LinkState::Up)))
}
