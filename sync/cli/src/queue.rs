//! `holdfast queue`: undecided ops and portal acceptances with their state and next step, ops left
//! behind by ended epochs, and retries of poison ops, which wait for an operator.

use clap::Subcommand;
use serde_json::{Value, json};
use wire::{
    CommandId, EdgeId, LinkState, OpKind, OpPlace, OpRecord, OpState, Region, RegionStatus,
    StatusReport, WaitingAcceptEntry,
};

use crate::{
    edges,
    gateway::{Gateway, none_if_not_found, require_found},
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandFailure, CommandOutput, ExitKind, Result},
    say,
    style::{self, OutputStyle, TextTone},
};

#[derive(Debug, Subcommand)]
pub enum QueueAction {
    Retry {
        #[arg(value_name = "EDGE|COMMAND")]
        what: String,
        seq: Option<u64>,
        #[arg(long, requires = "seq")]
        epoch: Option<u64>,
    },
}

/// In each list, ops that need an operator come first.
pub(crate) struct WaitingOps {
    report: StatusReport,
    /// Shows only this edge.
    edge: Option<EdgeId>,
    waiting: Vec<OpRecord>,
    /// More ops wait than are shown.
    more: bool,
    accepts: Vec<WaitingAcceptEntry>,
    left: Vec<OpRecord>,
}

const LEFT_SHOWN: usize = 100;

/// Drops FAILED, then WHAT.
const OPS_FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[5, 1],
    ends_with_sentence: true,
};

/// Drops, in order: PROVIDER, FAILED, REGION, AGE.
const ASKS_FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[6, 5, 2, 4],
    ends_with_sentence: true,
};

pub(crate) async fn show_queue(
    gateway: &Gateway,
    edge: Option<&EdgeId>,
    limit: usize,
) -> Result<CommandOutput> {
    let queue = load_queue(gateway, edge, limit).await?;
    let style = &gateway.style;
    Ok(CommandOutput::new(
        style,
        || queue_to_json(&queue, style),
        || render_queue(&queue, style),
    ))
}

async fn load_queue(gateway: &Gateway, edge: Option<&EdgeId>, limit: usize) -> Result<WaitingOps> {
    let report = gateway.fetch_status().await?;
    if let Some(edge) = edge {
        edges::find_epoch(&report, edge, None, &gateway.style)?;
    }
    let (waiting, more) = list_waiting(gateway, edge, limit).await?;
    let mut accepts: Vec<WaitingAcceptEntry> = match edge {
        // Portal acceptances belong to a region, not an edge.
        Some(_) => Vec::new(),
        None => gateway.list("/api/v1/admin/asks?").await?,
    };
    accepts.sort_by_key(|accept| accept.state != OpState::NeedsOperator);
    let left = list_left_behind(gateway, &report, edge).await?;
    Ok(WaitingOps {
        report,
        edge: edge.cloned(),
        waiting,
        more,
        accepts,
        left,
    })
}

async fn list_waiting(
    gateway: &Gateway,
    edge: Option<&EdgeId>,
    limit: usize,
) -> Result<(Vec<OpRecord>, bool)> {
    let of = edge.map(|edge| format!("edge={edge}&")).unwrap_or_default();
    let mut waiting: Vec<OpRecord> = Vec::new();
    for state in OpState::WAITING {
        // One extra op reveals that more wait.
        let space = limit + 1 - waiting.len().min(limit);
        let path = format!("/api/v1/admin/queue?state={}&{of}", state.as_str());
        waiting.extend(gateway.list_first::<OpRecord>(&path, space).await?);
        if waiting.len() > limit {
            waiting.truncate(limit);
            return Ok((waiting, true));
        }
    }
    Ok((waiting, false))
}

async fn list_left_behind(
    gateway: &Gateway,
    report: &StatusReport,
    edge: Option<&EdgeId>,
) -> Result<Vec<OpRecord>> {
    let edges = report.regions.iter().flat_map(|region| &region.edges);
    let renewed = edges.filter(|status| status.epoch > 1);
    let mut left = Vec::new();
    for status in renewed.filter(|status| edge.is_none_or(|edge| *edge == status.edge)) {
        let path = format!("/api/v1/admin/edges/{}/left-behind?", status.edge);
        let ops = gateway.list_first::<OpRecord>(&path, LEFT_SHOWN).await?;
        // Boots, tokens and releases mean nothing after their epoch.
        left.extend(
            ops.into_iter()
                .filter(|op| matches!(op.kind, OpKind::Command | OpKind::Unknown)),
        );
    }
    Ok(left)
}

fn queue_to_json(queue: &WaitingOps, style: &OutputStyle) -> Value {
    json!({
        "now": queue.report.now,
        "waiting": ops_to_json(&queue.waiting, &queue.report, style),
        "more": queue.more,
        "asks": acceptances_to_json(&queue.accepts, &queue.report, style),
        "left_behind": ops_to_json(&queue.left, &queue.report, style),
    })
}

fn ops_to_json(ops: &[OpRecord], report: &StatusReport, style: &OutputStyle) -> Vec<Value> {
    ops.iter()
        .map(|op| with_next_step(json!(op), &next_step(op, report, style)))
        .collect()
}

fn acceptances_to_json(
    accepts: &[WaitingAcceptEntry],
    report: &StatusReport,
    style: &OutputStyle,
) -> Vec<Value> {
    accepts
        .iter()
        .map(|accept| {
            let step = next_step_for_acceptance(accept, report, style);
            with_next_step(json!(accept), &step)
        })
        .collect()
}

fn with_next_step(mut item: Value, step: &str) -> Value {
    item["next_step"] = json!(step);
    item
}

fn render_queue(queue: &WaitingOps, style: &OutputStyle) -> String {
    let mut out = match &queue.edge {
        _ if !queue.waiting.is_empty() => render_op_table(&queue.waiting, &queue.report, style),
        Some(edge) => style.translate(say::queue_empty_of_edge { edge: edge.into() }) + "\n",
        None if queue.accepts.is_empty() => style.translate(say::queue_empty) + "\n",
        None => style.translate(say::queue_empty_but_asks) + "\n",
    };
    if queue.more {
        out += &format!("  {}\n", style.translate(say::queue_more));
    }
    if !queue.accepts.is_empty() {
        let title = style.paint(TextTone::Heading, &style.translate(say::queue_asks));
        let table = render_acceptance_table(&queue.accepts, &queue.report, style);
        out += &format!("\n{title}\n{table}");
    }
    if !queue.left.is_empty() {
        let title = style.paint(TextTone::Heading, &style.translate(say::queue_left));
        let table = render_op_table(&queue.left, &queue.report, style);
        out += &format!("\n{title}\n{table}");
    }
    out
}

fn render_op_table(ops: &[OpRecord], report: &StatusReport, style: &OutputStyle) -> String {
    let columns = say::queue_columns.text_in(style.language);
    let rows = ops.iter().map(|op| build_op_row(op, report, style));
    render_table(columns, OPS_FORM, rows, style)
}

fn build_op_row(op: &OpRecord, report: &StatusReport, style: &OutputStyle) -> Vec<TableCell> {
    let (tone, state) = describe_state(op.state, style);
    let waited_ms = report.now.ms_since(op.received_at).max(0);
    vec![
        TableCell::new(&op.place),
        TableCell::new(op_name(op)),
        TableCell::or_dash(op.command.as_ref().map(|command| &command.order_code)),
        TableCell::with_tone(tone, state),
        TableCell::new(style::format_duration(waited_ms)),
        TableCell::new(op.failures),
        TableCell::new(next_step(op, report, style)),
    ]
}

fn render_acceptance_table(
    accepts: &[WaitingAcceptEntry],
    report: &StatusReport,
    style: &OutputStyle,
) -> String {
    let columns = say::queue_ask_columns.text_in(style.language);
    let rows = accepts
        .iter()
        .map(|accept| build_acceptance_row(accept, report, style));
    render_table(columns, ASKS_FORM, rows, style)
}

fn build_acceptance_row(
    accept: &WaitingAcceptEntry,
    report: &StatusReport,
    style: &OutputStyle,
) -> Vec<TableCell> {
    let (tone, state) = describe_state(accept.state, style);
    let waited_ms = report.now.ms_since(accept.taken_at).max(0);
    vec![
        TableCell::new(accept.command_id),
        TableCell::or_dash(accept.order_code.as_ref()),
        TableCell::new(accept.region),
        TableCell::with_tone(tone, state),
        TableCell::new(style::format_duration(waited_ms)),
        TableCell::new(accept.failures),
        TableCell::new(accept.user_id),
        TableCell::new(next_step_for_acceptance(accept, report, style)),
    ]
}

/// Retries an op, or the portal acceptances with this id, that wait for an operator. The epoch
/// defaults to the edge's current one.
///
/// An edge's name may look like an id; only an op has a number after it.
pub(crate) async fn retry_waiting(
    gateway: &Gateway,
    name: &str,
    seq: Option<u64>,
    epoch: Option<u64>,
) -> Result<CommandOutput> {
    let style = &gateway.style;
    match (name.parse::<EdgeId>(), name.parse::<CommandId>(), seq) {
        (Ok(edge), _, Some(seq)) => {
            let epoch = match epoch {
                Some(epoch) => epoch,
                None => edges::find_epoch(&gateway.fetch_status().await?, &edge, None, style)?,
            };
            let path = format!("/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry");
            let place = OpPlace {
                edge: edge.clone(),
                epoch,
                seq,
            };
            let unknown = say::not_waiting_op {
                place: place.into(),
                edge: (&edge).into(),
            };
            let answer = require_found(
                none_if_not_found(gateway.post_json(&path, None).await)?,
                unknown,
                style,
            )?;
            let done = say::queue_op_retried {
                seq: seq.into(),
                edge: edge.into(),
            };
            Ok(CommandOutput::from_answer(&gateway.style, answer, done))
        }
        (_, Ok(id), None) => {
            let answer = gateway
                .post_json(&format!("/api/v1/admin/asks/{id}/retry"), None)
                .await;
            let unknown = say::not_waiting_accept { id: id.into() };
            let answer = require_found(none_if_not_found(answer)?, unknown, style)?;
            let done = say::queue_ask_retried { id: id.into() };
            Ok(CommandOutput::from_answer(&gateway.style, answer, done))
        }
        _ => {
            let sentence = say::not_to_retry { name: name.into() };
            Err(CommandFailure::from_sentence(
                ExitKind::Usage,
                style,
                sentence,
            ))
        }
    }
}

/// Returns a name such as `accept_order`; a command goes by its type.
pub(crate) fn op_name(op: &OpRecord) -> &str {
    match (&op.command, op.kind) {
        (Some(command), _) => &command.name,
        (None, kind) => kind.as_str(),
    }
}

/// Returns a symbol with a label, and their tone.
pub(crate) fn describe_state(state: OpState, style: &OutputStyle) -> (TextTone, String) {
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

pub(crate) fn next_step(op: &OpRecord, report: &StatusReport, style: &OutputStyle) -> String {
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

pub(crate) fn next_step_for_acceptance(
    accept: &WaitingAcceptEntry,
    report: &StatusReport,
    style: &OutputStyle,
) -> String {
    let id = accept.command_id.into();
    match (accept.state, accept.order_id) {
        (OpState::NeedsOperator, Some(_)) => style.translate(say::step_ask_stopped {
            times: accept.failures.into(),
            id,
        }),
        (OpState::NeedsOperator, None) => style.translate(say::step_ask_unread { id }),
        _ => describe_holder_wait(accept.region, report, style),
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

#[cfg(test)]
mod tests {
    use wire::{Language, UnixMillis};

    use super::*;

    fn render_empty_queue(edge: Option<EdgeId>, language: Language) -> String {
        let queue = WaitingOps {
            report: StatusReport {
                now: UnixMillis(0),
                regions: Vec::new(),
                parts: Vec::new(),
            },
            edge,
            waiting: Vec::new(),
            more: false,
            accepts: Vec::new(),
            left: Vec::new(),
        };
        render_queue(&queue, &OutputStyle::for_pipe(language))
    }

    #[test]
    fn an_edge_with_nothing_waiting_says_so_of_itself_alone() {
        let edge = EdgeId::new("north-1").ok();
        let english = render_empty_queue(edge.clone(), Language::English);
        assert_eq!(english, "+ nothing of north-1 waits at the hub\n");
        assert_eq!(
            render_empty_queue(edge, Language::Chinese),
            "+ 中枢没有 north-1 的待决定操作\n"
        );
        assert_eq!(
            render_empty_queue(None, Language::English),
            "+ nothing waits at the hub\n"
        );
    }
}
