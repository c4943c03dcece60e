//! Owns `holdfast queue`: what the hub holds undecided and why, what ended epochs left behind, and the
//! release of what waits for an operator.

use serde_json::{Value, json};
use wire::{CommandId, EdgeId, Language, OpKind, OpRecord, OpState, StatusReport, WaitingAsk};

use crate::{
    age,
    exit::{Exit, Failure},
    gateway::Gateway,
    look::{Look, Tone},
    ops,
    table::{Cell, Table},
};

/// Everything that is shown, as far as was asked for.
pub struct Queue {
    report: StatusReport,
    /// Asked for alone.
    edge: Option<EdgeId>,
    /// What needs a person first.
    waiting: Vec<OpRecord>,
    /// More wait than are shown.
    more: bool,
    /// What needs a person first.
    asks: Vec<WaitingAsk>,
    left: Vec<OpRecord>,
}

/// Of an edge's ended epochs.
const LEFT_SHOWN: usize = 100;

pub async fn gather(
    gateway: &Gateway,
    edge: Option<&EdgeId>,
    limit: usize,
) -> Result<Queue, Failure> {
    let report: StatusReport = gateway.get("/api/v1/admin/status").await?;
    if let Some(edge) = edge {
        known(gateway.language(), &report, edge)?;
    }
    let (waiting, more) = waiting(gateway, edge, limit).await?;
    let mut asks: Vec<WaitingAsk> = match edge {
        // They are the region's and no edge's.
        Some(_) => Vec::new(),
        None => gateway.list("/api/v1/admin/asks?limit=200").await?,
    };
    asks.sort_by_key(|ask| ask.state != OpState::NeedsOperator);
    let left = left(gateway, &report, edge).await?;
    Ok(Queue { report, edge: edge.cloned(), waiting, more, asks, left })
}

async fn waiting(
    gateway: &Gateway,
    edge: Option<&EdgeId>,
    limit: usize,
) -> Result<(Vec<OpRecord>, bool), Failure> {
    let of = edge.map(|edge| format!("&edge={edge}")).unwrap_or_default();
    let mut waiting: Vec<OpRecord> = Vec::new();
    for state in OpState::WAITING {
        // One more than is shown tells that there are more.
        let space = limit + 1 - waiting.len().min(limit);
        let path = format!("/api/v1/admin/queue?state={}{of}", state.as_str());
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
) -> Result<Vec<OpRecord>, Failure> {
    let edges = report.regions.iter().flat_map(|region| &region.edges);
    let renewed = edges.filter(|status| status.epoch > 1);
    let mut left = Vec::new();
    for status in renewed.filter(|status| edge.is_none_or(|edge| *edge == status.edge)) {
        let path = format!("/api/v1/admin/edges/{}/left-behind?", status.edge);
        let ops = gateway.first::<OpRecord>(&path, LEFT_SHOWN).await?;
        // A boot, a token and a release mean nothing once their epoch is over.
        let matters = |op: &OpRecord| matches!(op.kind, OpKind::Command | OpKind::Unknown);
        left.extend(ops.into_iter().filter(matters));
    }
    Ok(left)
}

pub fn json(queue: &Queue, look: &Look) -> Value {
    let with_step = |op: &OpRecord| {
        let mut value = json!(op);
        value["next_step"] = json!(ops::next_step(op, &queue.report, look));
        value
    };
    let ask_with_step = |ask: &WaitingAsk| {
        let mut value = json!(ask);
        value["next_step"] = json!(ops::next_step_of_ask(ask, &queue.report, look));
        value
    };
    json!({
        "now": queue.report.now,
        "waiting": queue.waiting.iter().map(with_step).collect::<Vec<_>>(),
        "more": queue.more,
        "asks": queue.asks.iter().map(ask_with_step).collect::<Vec<_>>(),
        "left_behind": queue.left.iter().map(with_step).collect::<Vec<_>>(),
    })
}

pub fn render(queue: &Queue, look: &Look) -> String {
    let mut out = if queue.waiting.is_empty() {
        nothing_waits(queue, look)
    } else {
        table(&queue.waiting, &queue.report, look)
    };
    if queue.more {
        out.push_str(look.pick(
            "  more wait; `--limit` shows more, an edge's name only its own\n",
            "  还有更多；用 `--limit` 显示更多，或指定节点名称\n",
        ));
    }
    if !queue.asks.is_empty() {
        let title =
            look.pick("Accepts of the portal that wait for a decision", "门户提交、等待决定的接单");
        out.push_str(&format!("\n{}\n{}", look.paint(Tone::Heading, title), asks(queue, look)));
    }
    if !queue.left.is_empty() {
        let title = look
            .pick("Left undecided by an epoch that is over", "所属的一代已终止、未作决定的操作");
        let rows = table(&queue.left, &queue.report, look);
        out.push_str(&format!("\n{}\n{rows}", look.paint(Tone::Heading, title)));
    }
    out
}

fn nothing_waits(queue: &Queue, look: &Look) -> String {
    match (&queue.edge, look.language) {
        (Some(edge), Language::English) => format!("+ nothing of {edge} waits at the hub\n"),
        (Some(edge), Language::Chinese) => format!("+ 中枢没有 {edge} 的待决定操作\n"),
        (None, _) if queue.asks.is_empty() => {
            look.pick("+ nothing waits at the hub\n", "+ 中枢没有待决定的操作\n").to_owned()
        }
        (None, _) => look
            .pick("+ no edge's operation waits at the hub\n", "+ 没有节点操作在中枢等待\n")
            .to_owned(),
    }
}

fn table(ops: &[OpRecord], report: &StatusReport, look: &Look) -> String {
    let mut table = Table::new(match look.language {
        Language::English => ["OP", "WHAT", "ORDER", "STATE", "AGE", "FAILED", "NEXT STEP"],
        Language::Chinese => ["操作", "内容", "订单", "状态", "已等待", "失败", "下一步"],
    });
    for op in ops {
        let (tone, mark) = ops::state_mark(op.state);
        let code = op.command.as_ref().map(|command| command.order_code.to_string());
        table.row(vec![
            Cell::new(op.place.to_string()),
            Cell::new(ops::what(op)),
            Cell::new(code.as_deref().unwrap_or("-")),
            Cell::toned(tone, format!("{mark} {}", ops::state_word(op.state, look))),
            Cell::new(age::duration(ops::age_ms(op, report.now))),
            Cell::new(op.failures.to_string()),
            Cell::new(ops::next_step(op, report, look)),
        ]);
    }
    table.render(look)
}

fn asks(queue: &Queue, look: &Look) -> String {
    let mut table = Table::new(match look.language {
        Language::English => {
            ["COMMAND", "ORDER", "REGION", "STATE", "AGE", "FAILED", "PROVIDER", "NEXT STEP"]
        }
        Language::Chinese => {
            ["操作编号", "订单", "区域", "状态", "已等待", "失败", "服务商", "下一步"]
        }
    });
    for ask in &queue.asks {
        let age = queue.report.now.since(ask.taken_at).max(0);
        let (tone, mark) = ops::state_mark(ask.state);
        let code = ask.order_code.as_ref().map(ToString::to_string);
        table.row(vec![
            Cell::new(ask.command_id.to_string()),
            Cell::new(code.as_deref().unwrap_or("-")),
            Cell::new(ask.region.as_str()),
            Cell::toned(tone, format!("{mark} {}", ops::state_word(ask.state, look))),
            Cell::new(age::duration(age)),
            Cell::new(ask.failures.to_string()),
            Cell::new(ask.user_id.to_string()),
            Cell::new(ops::next_step_of_ask(ask, &queue.report, look)),
        ]);
    }
    table.render(look)
}

/// Lets an op that waits for an operator be handed in again; without an epoch, of the one that the edge
/// has now.
pub async fn retry(
    gateway: &Gateway,
    edge: &EdgeId,
    seq: u64,
    epoch: Option<u64>,
) -> Result<Value, Failure> {
    let epoch = match epoch {
        Some(epoch) => epoch,
        None => {
            let report: StatusReport = gateway.get("/api/v1/admin/status").await?;
            known(gateway.language(), &report, edge)?
        }
    };
    gateway.post(&format!("/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry")).await
}

pub fn render_retry(edge: &EdgeId, seq: u64, look: &Look) -> String {
    match look.language {
        Language::English => format!(
            "+ op {seq} of {edge} is handed in again now.\n\
             \x20   Next: `holdfast queue {edge}` shows whether its owner took it\n"
        ),
        Language::Chinese => format!(
            "+ {edge} 的第 {seq} 个操作已重新提交。\n\
             \x20   下一步：运行 `holdfast queue {edge}` 查看是否已被处理\n"
        ),
    }
}

/// Lets the accepts of the portal under that id be handed in again.
pub async fn retry_asks(gateway: &Gateway, id: CommandId) -> Result<Value, Failure> {
    gateway.post(&format!("/api/v1/admin/asks/{id}/retry")).await
}

pub fn render_retry_asks(id: CommandId, look: &Look) -> String {
    match look.language {
        Language::English => format!(
            "+ accept {id} is handed in again now.\n\
             \x20   Next: `holdfast explain {id}` shows whether it is decided\n"
        ),
        Language::Chinese => format!(
            "+ 接单 {id} 已重新提交。\n\
             \x20   下一步：运行 `holdfast explain {id}` 查看是否已有决定\n"
        ),
    }
}

/// The epoch of an edge that is enrolled.
fn known(language: Language, report: &StatusReport, edge: &EdgeId) -> Result<u64, Failure> {
    let mut edges = report.regions.iter().flat_map(|region| &region.edges);
    let found = edges.find(|status| status.edge == *edge);
    found.map(|status| status.epoch).ok_or_else(|| match language {
        Language::English => Failure::new(Exit::NotFound, format!("no edge {edge} is enrolled"))
            .next_step("`holdfast edges` lists them"),
        Language::Chinese => Failure::new(Exit::NotFound, format!("没有名为 {edge} 的节点"))
            .next_step("运行 `holdfast edges` 查看所有节点"),
    })
}

#[cfg(test)]
mod tests {
    use wire::UnixMillis;

    use super::*;

    #[test]
    fn an_edge_with_nothing_waiting_says_so_of_itself_alone() {
        let report = StatusReport { now: UnixMillis(0), regions: Vec::new() };
        let edge = EdgeId::new("north-1").ok();
        let of = |edge, language| {
            let (waiting, more, asks, left) = (Vec::new(), false, Vec::new(), Vec::new());
            let queue = Queue { report: report.clone(), edge, waiting, more, asks, left };
            render(&queue, &Look { language, terminal: false, colour: false })
        };
        let english = of(edge.clone(), Language::English);
        assert_eq!(english, "+ nothing of north-1 waits at the hub\n");
        assert_eq!(of(edge, Language::Chinese), "+ 中枢没有 north-1 的待决定操作\n");
        assert_eq!(of(None, Language::English), "+ nothing waits at the hub\n");
    }
}
