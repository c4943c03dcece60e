//! `holdfast queue`: undecided ops with the reason, ops left behind by ended epochs, and retries of
//! ops that wait for an operator.

use serde_json::{Value, json};
use wire::{CommandId, EdgeId, OpKind, OpPlace, OpRecord, OpState, StatusReport, WaitingAsk};

use crate::{
    age, edges,
    exit::{CommandFailure, ExitKind, Result},
    find::require_found,
    gateway::{Gateway, none_if_not_found},
    look::{OutputStyle, TextTone},
    ops,
    run::CommandOutput,
    say,
    table::{NarrowTableRules, TableCell, render_table},
};

/// In each list, ops that need an operator come first.
pub struct WaitingOps {
    report: StatusReport,
    /// Shows only this edge.
    edge: Option<EdgeId>,
    waiting: Vec<OpRecord>,
    /// More ops wait than are shown.
    more: bool,
    asks: Vec<WaitingAsk>,
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

pub async fn run(gateway: &Gateway, edge: Option<&EdgeId>, limit: usize) -> Result<CommandOutput> {
    let queue = load_queue(gateway, edge, limit).await?;
    let look = &gateway.look;
    Ok(CommandOutput::new(
        look,
        || queue_to_json(&queue, look),
        || render_queue(&queue, look),
    ))
}

async fn load_queue(gateway: &Gateway, edge: Option<&EdgeId>, limit: usize) -> Result<WaitingOps> {
    let report = gateway.fetch_status().await?;
    if let Some(edge) = edge {
        edges::find_epoch(&report, edge, None, &gateway.look)?;
    }
    let (waiting, more) = list_waiting(gateway, edge, limit).await?;
    let mut asks: Vec<WaitingAsk> = match edge {
        // Portal acceptances belong to a region, not an edge.
        Some(_) => Vec::new(),
        None => gateway.list("/api/v1/admin/asks?").await?,
    };
    asks.sort_by_key(|ask| ask.state != OpState::NeedsOperator);
    let left = list_left_behind(gateway, &report, edge).await?;
    Ok(WaitingOps {
        report,
        edge: edge.cloned(),
        waiting,
        more,
        asks,
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
        let matters = |op: &OpRecord| matches!(op.kind, OpKind::Command | OpKind::Unknown);
        left.extend(ops.into_iter().filter(matters));
    }
    Ok(left)
}

fn queue_to_json(queue: &WaitingOps, look: &OutputStyle) -> Value {
    let report = &queue.report;
    let with = |mut item: Value, step: String| {
        item["next_step"] = json!(step);
        item
    };
    let op = |op: &OpRecord| with(json!(op), ops::next_step(op, report, look));
    let ask = |ask: &WaitingAsk| with(json!(ask), ops::next_step_for_acceptance(ask, report, look));
    json!({
        "now": report.now,
        "waiting": queue.waiting.iter().map(op).collect::<Vec<_>>(),
        "more": queue.more,
        "asks": queue.asks.iter().map(ask).collect::<Vec<_>>(),
        "left_behind": queue.left.iter().map(op).collect::<Vec<_>>(),
    })
}

fn render_queue(queue: &WaitingOps, look: &OutputStyle) -> String {
    let mut out = match &queue.edge {
        _ if !queue.waiting.is_empty() => op_table(&queue.waiting, &queue.report, look),
        Some(edge) => look.translate(say::queue_empty_of_edge { edge: edge.into() }) + "\n",
        None if queue.asks.is_empty() => look.translate(say::queue_empty) + "\n",
        None => look.translate(say::queue_empty_but_asks) + "\n",
    };
    if queue.more {
        out += &format!("  {}\n", look.translate(say::queue_more));
    }
    let title = |title| look.paint(TextTone::Heading, &look.translate(title));
    if !queue.asks.is_empty() {
        out += &format!("\n{}\n{}", title(say::queue_asks), ask_table(queue, look));
    }
    if !queue.left.is_empty() {
        let rows = op_table(&queue.left, &queue.report, look);
        out += &format!("\n{}\n{rows}", title(say::queue_left));
    }
    out
}

fn op_table(ops: &[OpRecord], report: &StatusReport, look: &OutputStyle) -> String {
    let row = |op: &OpRecord| {
        let (tone, state) = ops::describe_state(op.state, look);
        vec![
            TableCell::new(&op.place),
            TableCell::new(ops::op_name(op)),
            TableCell::or_dash(op.command.as_ref().map(|command| &command.order_code)),
            TableCell::with_tone(tone, state),
            TableCell::new(age::format_duration(
                report.now.ms_since(op.received_at).max(0),
            )),
            TableCell::new(op.failures),
            TableCell::new(ops::next_step(op, report, look)),
        ]
    };
    render_table(
        say::queue_columns.text_in(look.language),
        OPS_FORM,
        ops.iter().map(row),
        look,
    )
}

fn ask_table(queue: &WaitingOps, look: &OutputStyle) -> String {
    let row = |ask: &WaitingAsk| {
        let (tone, state) = ops::describe_state(ask.state, look);
        vec![
            TableCell::new(ask.command_id),
            TableCell::or_dash(ask.order_code.as_ref()),
            TableCell::new(ask.region),
            TableCell::with_tone(tone, state),
            TableCell::new(age::format_duration(
                queue.report.now.ms_since(ask.taken_at).max(0),
            )),
            TableCell::new(ask.failures),
            TableCell::new(ask.user_id),
            TableCell::new(ops::next_step_for_acceptance(ask, &queue.report, look)),
        ]
    };
    let columns = say::queue_ask_columns.text_in(look.language);
    render_table(columns, ASKS_FORM, queue.asks.iter().map(row), look)
}

/// Retries an op, or the portal acceptances with this id, that wait for an operator. The epoch
/// defaults to the edge's current one.
///
/// An edge's name may look like an id; only an op has a number after it.
pub async fn retry_waiting(
    gateway: &Gateway,
    name: &str,
    seq: Option<u64>,
    epoch: Option<u64>,
) -> Result<CommandOutput> {
    let look = &gateway.look;
    match (name.parse::<EdgeId>(), name.parse::<CommandId>(), seq) {
        (Ok(edge), _, Some(seq)) => {
            let epoch = match epoch {
                Some(epoch) => epoch,
                None => edges::find_epoch(&gateway.fetch_status().await?, &edge, None, look)?,
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
                look,
            )?;
            let done = say::queue_op_retried {
                seq: seq.into(),
                edge: edge.into(),
            };
            Ok(CommandOutput::from_answer(gateway, answer, done))
        }
        (_, Ok(id), None) => {
            let answer = gateway
                .post_json(&format!("/api/v1/admin/asks/{id}/retry"), None)
                .await;
            let unknown = say::not_waiting_accept { id: id.into() };
            let answer = require_found(none_if_not_found(answer)?, unknown, look)?;
            let done = say::queue_ask_retried { id: id.into() };
            Ok(CommandOutput::from_answer(gateway, answer, done))
        }
        _ => {
            let sentence = say::not_to_retry { name: name.into() };
            Err(CommandFailure::from_sentence(
                ExitKind::Usage,
                look,
                sentence,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::{Language, UnixMillis};

    use super::*;

    #[test]
    fn an_edge_with_nothing_waiting_says_so_of_itself_alone() {
        let report = StatusReport {
            now: UnixMillis(0),
            regions: Vec::new(),
        };
        let edge = EdgeId::new("north-1").ok();
        let of = |edge, language| {
            let waiting = Vec::new();
            let more = false;
            let asks = Vec::new();
            let left = Vec::new();
            let queue = WaitingOps {
                report: report.clone(),
                edge,
                waiting,
                more,
                asks,
                left,
            };
            render_queue(&queue, &OutputStyle::for_pipe(language))
        };
        let english = of(edge.clone(), Language::English);
        assert_eq!(english, "+ nothing of north-1 waits at the hub\n");
        assert_eq!(
            of(edge, Language::Chinese),
            "+ 中枢没有 north-1 的待决定操作\n"
        );
        assert_eq!(of(None, Language::English), "+ nothing waits at the hub\n");
    }
}
