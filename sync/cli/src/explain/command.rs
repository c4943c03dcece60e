//! Explains one command: each hop since the tap, the answers, the winner and the next step.
//!
//! Invariant: uses only the records of hub and order service; omits missing times.

use serde_json::{Value, json};
use wire::{
    CommandAnswer, CommandId, OpCommand, OpOutcome, OpPlace, OpRecord, OrderCode, OutcomeKind,
    StatusReport, UnixMillis, Verdict, WaitingAcceptEntry,
};

use crate::{
    explain::{
        order::{self, OrderHistory},
        timeline::{self, PersonNames, describe_answer, describe_code, describe_route},
    },
    gateway::{Gateway, ListPage, none_if_not_found},
    output::Result,
    queue, say,
    style::{OutputStyle, TextTone, format_moment, role_word},
};

/// All records of a command, or of an op without one.
pub(super) struct CommandHistory {
    report: StatusReport,
    ops: Vec<OpRecord>,
    answers: Vec<CommandAnswer>,
    accepts: Vec<WaitingAcceptEntry>,
    history: Option<OrderHistory>,
}

/// Returns `None` if the hub lacks the op or no longer has it.
pub(super) async fn find_by_op(
    gateway: &Gateway,
    place: &OpPlace,
) -> Result<Option<CommandHistory>> {
    let Some(op) = load_op(gateway, place).await? else {
        return Ok(None);
    };
    let mut own = Vec::new();
    if let Some(OpCommand { id, actor, .. }) = &op.command {
        own = list_answers(gateway, *id).await?;
        own.retain(|answer| answer.user_id.is_none_or(|user| user == actor.user_id));
    }
    load_history(gateway, vec![op], own, Vec::new())
        .await
        .map(Some)
}

/// Returns `None` for an unknown command.
pub(super) async fn find_by_command(
    gateway: &Gateway,
    id: CommandId,
) -> Result<Option<CommandHistory>> {
    let answers = list_answers(gateway, id).await?;
    let mut ops: Vec<OpRecord> = gateway
        .list_first(&format!("/api/v1/admin/queue?command={id}&"), OPS_MAX)
        .await?;
    for place in answers.iter().filter_map(|answer| answer.op.as_ref()) {
        if !ops.iter().any(|op| op.place == *place) {
            ops.extend(load_op(gateway, place).await?);
        }
    }
    let mut accepts: Vec<WaitingAcceptEntry> = gateway.list("/api/v1/admin/asks?").await?;
    accepts.retain(|accept| accept.command_id == id);
    if ops.is_empty() && answers.is_empty() && accepts.is_empty() {
        return Ok(None);
    }
    load_history(gateway, ops, answers, accepts).await.map(Some)
}

/// A command is logged rarely: once per edge that received it, plus repeats.
const OPS_MAX: usize = 20;

async fn load_history(
    gateway: &Gateway,
    ops: Vec<OpRecord>,
    answers: Vec<CommandAnswer>,
    accepts: Vec<WaitingAcceptEntry>,
) -> Result<CommandHistory> {
    let named = ops
        .iter()
        .filter_map(|op| op.command.as_ref().map(|command| command.order_id));
    let order = named
        .chain(answers.iter().map(|answer| answer.order_id))
        .chain(accepts.iter().filter_map(|accept| accept.order_id))
        .next();
    let story = match order {
        // An undecided publish has not created its order yet.
        Some(order) => {
            none_if_not_found(order::load_order_history(gateway, &order.to_string()).await)?
        }
        None => None,
    };
    let report = gateway.fetch_status().await?;
    Ok(CommandHistory {
        report,
        ops,
        answers,
        accepts,
        history: story,
    })
}

async fn load_op(gateway: &Gateway, place: &OpPlace) -> Result<Option<OpRecord>> {
    none_if_not_found(gateway.get(&format!("/api/v1/admin/ops/{place}")).await)
}

async fn list_answers(gateway: &Gateway, id: CommandId) -> Result<Vec<CommandAnswer>> {
    let ListPage { items, .. } = gateway.get(&format!("/api/v1/admin/commands/{id}")).await?;
    Ok(items)
}

pub(super) fn history_to_json(history: &CommandHistory, style: &OutputStyle) -> Value {
    let story = history.history.as_ref();
    json!({
        "ops": history.ops,
        "answers": history.answers,
        "asks": history.accepts,
        "order": story.map(|story| &story.order),
        "timeline": story.map(|story| &story.timeline),
        "explanation": render_history(history, style),
    })
}

pub(super) fn render_history(history: &CommandHistory, style: &OutputStyle) -> String {
    let through_the_cloud = history.answers.iter().filter(|answer| answer.op.is_none());
    let ops = history.ops.iter().map(|op| render_op(op, history, style));
    let answers = through_the_cloud.map(|answer| render_answer(answer, style));
    let accepts = history
        .accepts
        .iter()
        .map(|accept| render_acceptance(accept, history, style));
    ops.chain(answers).chain(accepts).collect::<String>() + &describe_own_collisions(history, style)
}

fn render_op(op: &OpRecord, history: &CommandHistory, style: &OutputStyle) -> String {
    let (tone, state) = queue::describe_state(op.state, style);
    let code = op
        .command
        .as_ref()
        .map(|command| format!("  {}", command.order_code));
    let place = style.paint(TextTone::Heading, &op.place.to_string());
    let what = queue::op_name(op);
    let state = style.paint(tone, &state);
    let mut details = Vec::new();
    if let Some(command) = &op.command {
        details.extend(describe_sender(command, style));
    }
    for (at, text) in list_hops(op, &history.report, style) {
        let at = at.map_or_else(|| "-".repeat(24), format_moment);
        details.push(format!("{at}  {text}"));
    }
    if let Some(code) = op.outcome.as_ref().and_then(|outcome| outcome.outcome.code) {
        details.push(describe_answer(code, style));
    }
    details.push(style.format_next_step(&queue::next_step(op, &history.report, style)));
    let mut out = format!("{place}  {what}{}  {state}\n", code.unwrap_or_default());
    for line in details {
        out.push_str(&format!("  {line}\n"));
    }
    out
}

fn describe_sender(command: &OpCommand, style: &OutputStyle) -> Vec<String> {
    let id = command.id.into();
    let user = command.actor.user_id.into();
    let role = role_word(command.actor.role, style).into();
    let before = command.logged_before.as_ref().map(|before| {
        let place = (&before.place).into();
        let verdict = verdict_word(before.verdict, style).into();
        style.translate(say::trail_logged_before { place, verdict })
    });
    std::iter::once(style.translate(say::trail_command { id, role, user }))
        .chain(before)
        .collect()
}

/// Lists completed hops and the next one.
fn list_hops(
    op: &OpRecord,
    report: &StatusReport,
    style: &OutputStyle,
) -> Vec<(Option<UnixMillis>, String)> {
    let mut hops = Vec::new();
    if let Some(command) = &op.command {
        if let Some(at) = command.tapped_at {
            // Devices may omit their name over HTTP.
            let tapped = match &command.device {
                Some(device) => style.translate(say::trail_tapped_on {
                    device: device.into(),
                }),
                None => style.translate(say::trail_tapped),
            };
            hops.push((Some(at), tapped));
        }
        match &command.made_at {
            None => hops.push((
                Some(command.edge_at),
                describe_storing(op, command, report, style),
            )),
            Some(made_at) => {
                let way = describe_route(made_at, style).into();
                hops.push((
                    Some(command.edge_at),
                    style.translate(say::trail_taken { way }),
                ));
                let edge = (&op.place.edge).into();
                hops.push((None, style.translate(say::trail_put { edge })));
            }
        }
    }
    hops.push((Some(op.received_at), style.translate(say::trail_received)));
    match &op.outcome {
        None => hops.push((None, style.translate(say::trail_undecided))),
        Some(outcome) => {
            let decided = style.translate(say::trail_decided {
                kind: outcome_kind(outcome).into(),
            });
            hops.push((Some(outcome.outcome.decided_at), decided));
            hops.push((Some(outcome.stored_at), describe_delivery(outcome, style)));
        }
    }
    hops
}

fn outcome_kind(OpOutcome { outcome, .. }: &OpOutcome) -> &'static str {
    match (outcome.kind, outcome.has_succeeded()) {
        (OutcomeKind::Duplicate, true) => "applied_before",
        (OutcomeKind::Duplicate, false) => "rejected_before",
        (kind, _) => kind.as_str(),
    }
}

/// True if another edge holds the lease of the op's region.
fn is_held_elsewhere(op: &OpRecord, report: &StatusReport) -> bool {
    let region = report
        .regions
        .iter()
        .find(|status| status.region == op.region);
    let holder = region.and_then(|status| status.holder.as_ref());
    holder.is_some_and(|holder| *holder != op.place.edge)
}

fn describe_storing(
    op: &OpRecord,
    command: &OpCommand,
    report: &StatusReport,
    style: &OutputStyle,
) -> String {
    let edge = (&op.place.edge).into();
    match command.fence {
        Some(fence) => {
            let verdict = verdict_word(command.verdict, style).into();
            style.translate(say::trail_stored_under_fence {
                edge,
                verdict,
                fence: fence.into(),
            })
        }
        None if command.verdict == Verdict::Provisional && is_held_elsewhere(op, report) => style
            .translate(say::trail_stored {
                edge,
                verdict: "holder".into(),
            }),
        None => style.translate(say::trail_stored {
            edge,
            verdict: command.verdict.into(),
        }),
    }
}

fn verdict_word(verdict: Verdict, style: &OutputStyle) -> String {
    style.translate(say::verdict {
        verdict: verdict.into(),
    })
}

/// The hub records when an outcome became available, not when the edge received it.
fn describe_delivery(outcome: &OpOutcome, style: &OutputStyle) -> String {
    style.translate(match outcome.told {
        Some(true) => say::trail_told,
        Some(false) => say::trail_not_told,
        None => say::trail_told_later,
    })
}

fn render_answer(answer: &CommandAnswer, style: &OutputStyle) -> String {
    let applied = match answer.applied {
        true => style.paint(TextTone::Good, &style.translate(say::trail_applied)),
        false => style.paint(TextTone::Bad, &style.translate(say::trail_refused)),
    };
    let applied = match answer.code {
        Some(code) => style.format_labelled(&applied, &describe_code(code, style)),
        None => applied,
    };
    let id = answer.command_id.into();
    let order = answer.order_id.into();
    let command = style.translate(say::trail_cloud { id, order });
    format!(
        "{command}\n  {}  {applied}\n",
        format_moment(answer.decided_at)
    )
}

fn render_acceptance(
    accept: &WaitingAcceptEntry,
    history: &CommandHistory,
    style: &OutputStyle,
) -> String {
    let code = accept
        .order_code
        .as_ref()
        .map_or("-", OrderCode::as_str)
        .into();
    let command = style.translate(say::trail_ask {
        id: accept.command_id.into(),
        code,
    });
    let (tone, state) = queue::describe_state(accept.state, style);
    let state = style.paint(tone, &state);
    let at = format_moment(accept.taken_at);
    let taken = style.translate(say::trail_ask_taken {
        region: accept.region.into(),
    });
    let next = style.format_next_step(&queue::next_step_for_acceptance(
        accept,
        &history.report,
        style,
    ));
    format!("{command}  {state}\n  {at}  {taken}\n  {next}\n")
}

/// Describes the winner if this command lost, and refers to the order's full explanation.
fn describe_own_collisions(history: &CommandHistory, style: &OutputStyle) -> String {
    let Some(story) = &history.history else {
        return String::new();
    };
    let cast = PersonNames::from_order(&story.order, &story.timeline, style);
    let named = history
        .ops
        .iter()
        .filter_map(|op| op.command.as_ref().map(|command| command.id));
    let ids: Vec<CommandId> = named
        .chain(history.answers.iter().map(|a| a.command_id))
        .collect();
    let races = timeline::describe_collisions(&story.timeline, &cast, style, |entry| {
        ids.contains(&entry.command_id)
    });
    let whole = style.translate(say::trail_whole_order {
        code: (&story.order.code).into(),
    });
    format!("{races}{whole}\n")
}
