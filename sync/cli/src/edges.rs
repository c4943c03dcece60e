//! Owns `holdfast edges`: every edge with its link, its log, its right to assign, and how it is doing
//! as a machine.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::{
    EdgeStatus, GateState, Language, LinkState, QuarantineWhy, Region, RegionStatus, StatusReport,
    UnixMillis,
};

use crate::{
    age,
    exit::Failure,
    gateway::Gateway,
    look::{Look, Tone},
    table::{Cell, Table},
};

/// One enrolled edge, as the hub lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enrolled {
    pub region: Region,
    pub created_at: UnixMillis,
    /// Absent while its code waits to be used.
    pub enrolled_at: Option<UnixMillis>,
    /// How far its log has come to the hub, in this epoch.
    #[serde(default)]
    pub cursor_seq: u64,
    /// How far the edge has read outcomes and its region's feed.
    #[serde(default)]
    pub outcome_cursor: u64,
    #[serde(default)]
    pub feed_cursor: u64,
    #[serde(flatten)]
    pub status: EdgeStatus,
}

/// The edges beside their regions, for what an edge alone cannot tell.
pub struct Listed {
    edges: Vec<Enrolled>,
    report: StatusReport,
}

/// What else is to know of an edge, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// Not let in until an operator has.
    NeedsOperator,
    /// Refused while its region's gate is closed.
    GateClosed,
    /// A second instance of it calls, and is refused.
    Twin,
    Restored,
    Cloned,
    CodeUnused,
}

/// A clock that is off by more shows times on tablets that people will doubt.
const CLOCK_ERROR_MS_MAX: u64 = 5_000;

pub async fn gather(gateway: &Gateway) -> Result<Listed, Failure> {
    let edges = gateway.list("/api/v1/admin/edges?limit=200").await?;
    let report = gateway.get("/api/v1/admin/status").await?;
    Ok(Listed { edges, report })
}

pub fn json(listed: &Listed) -> Value {
    let items = listed.edges.iter().map(|edge| {
        let region = listed.region(edge);
        let mut value = json!(edge);
        value["holds_right"] = json!(holds_right(edge, region));
        value["remarks"] = json!(remarks(edge, region));
        value
    });
    json!({"now": listed.report.now, "items": items.collect::<Vec<_>>()})
}

pub fn render(listed: &Listed, look: &Look) -> String {
    if listed.edges.is_empty() {
        return format!("{}\n", look.pick("no edge is enrolled", "没有登记任何边缘节点"));
    }
    let mut table = Table::new(match look.language {
        Language::English => [
            "EDGE",
            "REGION",
            "LINK",
            "EPOCH",
            "LOG AT HUB",
            "READ OUTC/FEED",
            "PENDING",
            "RIGHT",
            "REMARKS",
            "LAST CONTACT",
            "CLOCK",
            "DISK FREE",
            "VERSION",
            "ENROLLED",
        ],
        Language::Chinese => [
            "节点",
            "区域",
            "链路",
            "代",
            "已达中枢",
            "已读 结果/同步",
            "待定",
            "派单权",
            "备注",
            "最近联系",
            "时钟偏差",
            "剩余磁盘",
            "版本",
            "登记时间",
        ],
    });
    for edge in &listed.edges {
        table.row(row(edge, listed, look));
    }
    table.render(look)
}

impl Listed {
    fn region(&self, edge: &Enrolled) -> Option<&RegionStatus> {
        self.report.regions.iter().find(|region| region.region == edge.region)
    }
}

fn row(edge: &Enrolled, listed: &Listed, look: &Look) -> Vec<Cell> {
    let (status, region, now) = (&edge.status, listed.region(edge), listed.report.now);
    let last_seq = edge.cursor_seq + status.lag_up_ops;
    vec![
        Cell::new(status.edge.as_str()),
        Cell::new(edge.region.as_str()),
        link_since(status, now, look),
        Cell::new(status.epoch.to_string()),
        Cell::new(format!("{} / {last_seq}", edge.cursor_seq)),
        Cell::new(format!("{} / {}", edge.outcome_cursor, edge.feed_cursor)),
        pending(status, now, look),
        right(holds_right(edge, region), look),
        remark_cell(&remarks(edge, region), look),
        Cell::new(status.last_contact_at.map_or("-".to_owned(), age::moment)),
        clock(status.clock_error_ms),
        disk(status),
        Cell::new(status.version.as_deref().unwrap_or("-")),
        Cell::new(edge.enrolled_at.map_or("-".to_owned(), age::moment)),
    ]
}

fn holds_right(edge: &Enrolled, region: Option<&RegionStatus>) -> bool {
    region.is_some_and(|region| region.holder.as_ref() == Some(&edge.status.edge))
}

fn remarks(edge: &Enrolled, region: Option<&RegionStatus>) -> Vec<Remark> {
    let status = &edge.status;
    let closed = region.is_some_and(|region| region.gate == GateState::Closed);
    let restored = status.quarantine.map(|quarantine| match quarantine.why {
        QuarantineWhy::EdgeRestored => Remark::Restored,
        QuarantineWhy::EdgeCloned => Remark::Cloned,
    });
    [
        status.needs_operator_at.map(|_| Remark::NeedsOperator),
        closed.then_some(Remark::GateClosed),
        status.twin_seen_at.map(|_| Remark::Twin),
        restored,
        edge.enrolled_at.is_none().then_some(Remark::CodeUnused),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn remark_cell(remarks: &[Remark], look: &Look) -> Cell {
    if remarks.is_empty() {
        return Cell::new("-");
    }
    let words: Vec<&str> = remarks.iter().map(|remark| remark_word(*remark, look)).collect();
    let text = words.join(look.pick(", ", "，"));
    match remarks {
        [Remark::CodeUnused] => Cell::toned(Tone::Doubtful, format!("~ {text}")),
        _ => Cell::toned(Tone::Bad, format!("! {text}")),
    }
}

fn remark_word<'a>(remark: Remark, look: &Look) -> &'a str {
    match remark {
        Remark::NeedsOperator => {
            look.pick("refused until an operator lets it in", "已被拒绝，等待人工放行")
        }
        Remark::GateClosed => look.pick("refused: the gate is closed", "闸口关闭，拒绝连接"),
        Remark::Twin => look.pick("a copy of it calls and is refused", "其副本在连接，已被拒绝"),
        Remark::Restored => look.pick("was restored", "曾被恢复"),
        Remark::Cloned => look.pick("was cloned", "曾被复制"),
        Remark::CodeUnused => look.pick("code not used yet", "登记码未使用"),
    }
}

fn right(holds: bool, look: &Look) -> Cell {
    match holds {
        true => Cell::new(look.pick("* holds it", "* 持有")),
        false => Cell::new("-"),
    }
}

/// The link's state as a shape and a word, and since when.
pub fn link_since(status: &EdgeStatus, now: UnixMillis, look: &Look) -> Cell {
    let since = status.since.map(|at| format!(" {}", age::duration(now.since(at))));
    link(status.link, look).and(&since.unwrap_or_default())
}

fn link(state: LinkState, look: &Look) -> Cell {
    match state {
        LinkState::Up => Cell::toned(Tone::Good, look.pick("+ up", "+ 连通")),
        LinkState::Down => Cell::toned(Tone::Bad, look.pick("x down", "x 断开")),
        LinkState::Never => Cell::toned(Tone::Bad, look.pick("? never", "? 从未连接")),
    }
}

/// What the edge has no outcome for, and the age of the oldest.
pub fn pending(status: &EdgeStatus, now: UnixMillis, look: &Look) -> Cell {
    let oldest = status.oldest_pending_at.filter(|_| status.pending > 0);
    let oldest = oldest.map(|at| age::duration(now.since(at)));
    let text = match (oldest, look.language) {
        (None, _) => status.pending.to_string(),
        (Some(age), Language::English) => format!("{}, oldest {age}", status.pending),
        (Some(age), Language::Chinese) => format!("{}，最早 {age}", status.pending),
    };
    let tone = if status.pending > 0 { Tone::Doubtful } else { Tone::Plain };
    Cell::toned(tone, text)
}

fn clock(error_ms: Option<i64>) -> Cell {
    let Some(error_ms) = error_ms else { return Cell::new("-") };
    let text = format!("{error_ms:+} ms");
    if error_ms.unsigned_abs() > CLOCK_ERROR_MS_MAX {
        return Cell::toned(Tone::Bad, format!("! {text}"));
    }
    Cell::new(text)
}

fn disk(status: &EdgeStatus) -> Cell {
    let Some(free) = status.disk_free_bytes else { return Cell::new("-") };
    let (mib, gib) = (free / (1024 * 1024), free / (1024 * 1024 * 1024));
    if status.disk_is_low() {
        return Cell::toned(Tone::Bad, format!("! {mib} MiB"));
    }
    Cell::new(format!("{gib} GiB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_of_a_machine_is_marked_by_a_shape() {
        let edge = |name: &str, clock_ms: i64, disk: u64| {
            json!({
                "region": "NORTH", "created_at": "2025-11-24T16:00:00Z", "enrolled_at": null,
                "cursor_seq": 5, "outcome_cursor": 4, "feed_cursor": 9,
                "edge": name, "link": "never", "since": null, "last_contact_at": null, "epoch": 1,
                "version": null, "pending": 0, "oldest_pending_at": null, "undecided": 0, "held": 0,
                "parked": 0, "lag_up_ops": 2, "lag_down_changes": 0, "lag_down_outcomes": 0,
                "checksum": "unknown", "clock_error_ms": clock_ms, "disk_free_bytes": disk,
                "twin_seen_at": (name == "n-2").then_some("2025-11-24T16:00:00Z"),
            })
        };
        let edges = json!([edge("n-1", -12, 5 << 30), edge("n-2", 9_000, 5 << 20)]);
        let report = json!({"now": "2025-11-24T16:00:00Z", "regions": [{
            "region": "NORTH", "gate": "open", "policy": "exclusive", "holder": "n-1",
            "feed_seq": 9, "orders": 1, "edges": [],
        }]});
        let listed = Listed {
            edges: serde_json::from_value(edges).unwrap(),
            report: serde_json::from_value(report).unwrap(),
        };
        let look = Look { language: Language::English, terminal: false, colour: false };
        let text = render(&listed, &look);
        let lines: Vec<&str> = text.lines().collect();
        let start = "NORTH\t? never\t1\t5 / 7\t4 / 9\t0";
        let unused = "code not used yet";
        assert_eq!(
            lines[1],
            format!("n-1\t{start}\t* holds it\t~ {unused}\t-\t-12 ms\t5 GiB\t-\t-")
        );
        let twin = format!("! a copy of it calls and is refused, {unused}");
        assert_eq!(lines[2], format!("n-2\t{start}\t-\t{twin}\t-\t! +9000 ms\t! 5 MiB\t-\t-"));
        assert_eq!(json(&listed)["items"][1]["remarks"], json!(["twin", "code_unused"]));
    }
}
