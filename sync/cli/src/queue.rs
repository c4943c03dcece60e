//! `holdfast queue`: undecided ops with the reason, ops left behind by ended epochs, and retries of
//! ops that wait for an operator.

use serde_json::{Value, json};
use wire::{CommandId, EdgeId, OpKind, OpPlace, OpRecord, OpState, StatusReport, WaitingAsk};

use crate::{
    age, edges,
    exit::{ExitKind, Failure, Result},
    find::known,
    gateway::{Gateway, absent},
    look::{Look, Tone},
    ops,
    run::CommandOutput,
    say,
    table::{Cell, TableForm, table},
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
const OPS_FORM: TableForm = TableForm { sheds: &[5, 1], ends_with_sentence: true };
/// Drops, in order: PROVIDER, FAILED, REGION, AGE.
const ASKS_FORM: TableForm = TableForm { sheds: &[6, 5, 2, 4], ends_with_sentence: true };

pub async fn run(gateway: &Gateway, edge: Option<&EdgeId>, limit: usize) -> Result<CommandOutput> {
    let (queue, look) = (gather(gateway, edge, limit).await?, &gateway.look);
    Ok(CommandOutput::new(look, || json(&queue, look), || render(&queue, look)))
}

async fn gather(gateway: &Gateway, edge: Option<&EdgeId>, limit: usize) -> Result<WaitingOps> {
    let report = gateway.status().await?;
    if let Some(edge) = edge {
        edges::epoch_of(&report, edge, None, &gateway.look)?;
    }
    let (waiting, more) = waiting(gateway, edge, limit).await?;
    let mut asks: Vec<WaitingAsk> = match edge {
        // Portal acceptances belong to a region, not an edge.
        Some(_) => Vec::new(),
        None => gateway.list("/api/v1/admin/asks?").await?,
    };
    asks.sort_by_key(|ask| ask.state != OpState::NeedsOperator);
    let left = left(gateway, &report, edge).await?;
    Ok(WaitingOps { report, edge: edge.cloned(), waiting, more, asks, left })
}

async fn waiting(
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
        waiting.extend(gateway.first::<OpRecord>(&path, space).await?);
        if waiting.len() > limit {
            waiting.truncate(limit);
            return Ok((waiting, true));
        }
    }
    Ok((waiting, false))
}

async fn left(
    gateway: &Gateway,
    report: &StatusReport,
    edge: Option<&EdgeId>,
) -> Result<Vec<OpRecord>> {
    let edges = report.regions.iter().flat_map(|region| &region.edges);
    let renewed = edges.filter(|status| status.epoch > 1);
    let mut left = Vec::new();
    for status in renewed.filter(|status| edge.is_none_or(|edge| *edge == status.edge)) {
        let path = format!("/api/v1/admin/edges/{}/left-behind?", status.edge);
        let ops = gateway.first::<OpRecord>(&path, LEFT_SHOWN).await?;
        // Boots, tokens and releases mean nothing after their epoch.
        let matters = |op: &OpRecord| matches!(op.kind, OpKind::Command | OpKind::Unknown);
        left.extend(ops.into_iter().filter(matters));
    }
    Ok(left)
}

fn json(queue: &WaitingOps, look: &Look) -> Value {
    let report = &queue.report;
    let with = |mut item: Value, step: String| {
        item["next_step"] = json!(step);
        item
    };
    let op = |op: &OpRecord| with(json!(op), ops::next_step(op, report, look));
    let ask = |ask: &WaitingAsk| with(json!(ask), ops::next_step_of_ask(ask, report, look));
    json!({
        "now": report.now,
        "waiting": queue.waiting.iter().map(op).collect::<Vec<_>>(),
        "more": queue.more,
        "asks": queue.asks.iter().map(ask).collect::<Vec<_>>(),
        "left_behind": queue.left.iter().map(op).collect::<Vec<_>>(),
    })
}

fn render(queue: &WaitingOps, look: &Look) -> String {
    let mut out = match &queue.edge {
        _ if !queue.waiting.is_empty() => op_table(&queue.waiting, &queue.report, look),
        Some(edge) => look.say(say::queue_empty_of_edge { edge: edge.into() }) + "\n",
        None if queue.asks.is_empty() => look.say(say::queue_empty) + "\n",
        None => look.say(say::queue_empty_but_asks) + "\n",
    };
    if queue.more {
        out += &format!("  {}\n", look.say(say::queue_more));
    }
    let title = |title| look.paint(Tone::Heading, &look.say(title));
    if !queue.asks.is_empty() {
        out += &format!("\n{}\n{}", title(say::queue_asks), ask_table(queue, look));
    }
    if !queue.left.is_empty() {
        let rows = op_table(&queue.left, &queue.report, look);
        out += &format!("\n{}\n{rows}", title(say::queue_left));
    }
    out
}

fn op_table(ops: &[OpRecord], report: &StatusReport, look: &Look) -> String {
    let row = |op: &OpRecord| {
        let (tone, state) = ops::state(op.state, look);
        vec![
            Cell::new(&op.place),
            Cell::new(ops::what(op)),
            Cell::or_dash(op.command.as_ref().map(|command| &command.order_code)),
            Cell::toned(tone, state),
            Cell::new(age::duration(report.now.since(op.received_at).max(0))),
            Cell::new(op.failures),
            Cell::new(ops::next_step(op, report, look)),
        ]
    };
    table(say::queue_columns.plain(look.language), OPS_FORM, ops.iter().map(row), look)
}

fn ask_table(queue: &WaitingOps, look: &Look) -> String {
    let row = |ask: &WaitingAsk| {
        let (tone, state) = ops::state(ask.state, look);
        vec![
            Cell::new(ask.command_id),
            Cell::or_dash(ask.order_code.as_ref()),
            Cell::new(ask.region),
            Cell::toned(tone, state),
            Cell::new(age::duration(queue.report.now.since(ask.taken_at).max(0))),
            Cell::new(ask.failures),
            Cell::new(ask.user_id),
            Cell::new(ops::next_step_of_ask(ask, &queue.report, look)),
        ]
    };
    let columns = say::queue_ask_columns.plain(look.language);
    table(columns, ASKS_FORM, queue.asks.iter().map(row), look)
}

/// Retries an op, or the portal acceptances with this id, that wait for an operator. The epoch
/// defaults to the edge's current one.
///
/// An edge's name may look like an id; only an op has a number after it.
pub async fn retry(
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
                None => edges::epoch_of(&gateway.status().await?, &edge, None, look)?,
            };
            let path = format!("/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry");
            let place = OpPlace { edge: edge.clone(), epoch, seq };
            let unknown = say::not_waiting_op { place: place.into(), edge: (&edge).into() };
            let answer = known(absent(gateway.post(&path, None).await)?, unknown, look)?;
            let done = say::queue_op_retried { seq: seq.into(), edge: edge.into() };
            Ok(CommandOutput::done(gateway, answer, done))
        }
        (_, Ok(id), None) => {
            let answer = gateway.post(&format!("/api/v1/admin/asks/{id}/retry"), None).await;
            let unknown = say::not_waiting_accept { id: id.into() };
            let answer = known(absent(answer)?, unknown, look)?;
            let done = say::queue_ask_retried { id: id.into() };
            Ok(CommandOutput::done(gateway, answer, done))
        }
        _ => {
            let sentence = say::not_to_retry { name: name.into() };
            Err(Failure::with_step(ExitKind::Usage, look, sentence))
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::{Language, UnixMillis};

    use super::*;

    #[test]
    fn an_edge_with_nothing_waiting_says_so_of_itself_alone() {
        let report = StatusReport { now: UnixMillis(0), regions: Vec::new() };
        let edge = EdgeId::new("north-1").ok();
        let of = |edge, language| {
            let (waiting, more, asks, left) = (Vec::new(), false, Vec::new(), Vec::new());
            let queue = WaitingOps { report: report.clone(), edge, waiting, more, asks, left };
            render(&queue, &Look::plain(language))
        };
        let english = of(edge.clone(), Language::English);
        assert_eq!(english, "+ nothing of north-1 waits at the hub\n");
        assert_eq!(of(edge, Language::Chinese), "+ 中枢没有 north-1 的待决定操作\n");
        assert_eq!(of(None, Language::English), "+ nothing waits at the hub\n");
    }
}
