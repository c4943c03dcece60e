//! Owns `holdfast edges`: who is enrolled, edge by edge, and how each is doing as a machine.

use serde::{Deserialize, Serialize};
use wire::{EdgeStatus, Language, LinkState, Region, UnixMillis};

use crate::{
    age,
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
    #[serde(flatten)]
    pub status: EdgeStatus,
}

/// A clock that is off by more shows times on tablets that people will doubt.
const CLOCK_ERROR_MS_MAX: u64 = 5_000;
const DISK_FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;

pub fn render(edges: &[Enrolled], look: &Look) -> String {
    if edges.is_empty() {
        return format!("{}\n", look.pick("no edge is enrolled", "没有登记任何边缘节点"));
    }
    let mut table = match look.language {
        Language::English => Table::new([
            "EDGE",
            "REGION",
            "ENROLLED",
            "LINK",
            "LAST CONTACT",
            "EPOCH",
            "CLOCK",
            "DISK FREE",
            "VERSION",
        ]),
        Language::Chinese => Table::new([
            "节点",
            "区域",
            "登记时间",
            "链路",
            "最近联系",
            "纪元",
            "时钟偏差",
            "剩余磁盘",
            "版本",
        ]),
    };
    for edge in edges {
        table.row(row(edge, look));
    }
    table.render(look)
}

fn row(edge: &Enrolled, look: &Look) -> Vec<Cell> {
    let status = &edge.status;
    vec![
        Cell::new(status.edge.as_str()),
        Cell::new(edge.region.as_str()),
        enrolled(edge, look),
        link(status.link, look),
        Cell::new(status.last_contact_at.map_or("-".to_owned(), age::moment)),
        Cell::new(status.epoch.to_string()),
        clock(status.clock_error_ms),
        disk(status.disk_free_bytes),
        Cell::new(status.version.as_deref().unwrap_or("-")),
    ]
}

fn enrolled(edge: &Enrolled, look: &Look) -> Cell {
    match edge.enrolled_at {
        Some(at) => Cell::new(age::moment(at)),
        None => Cell::toned(Tone::Doubtful, look.pick("~ code not used yet", "~ 登记码未使用")),
    }
}

/// The link's state as a shape and a word.
pub fn link(state: LinkState, look: &Look) -> Cell {
    match state {
        LinkState::Up => Cell::toned(Tone::Good, look.pick("+ up", "+ 连通")),
        LinkState::Down => Cell::toned(Tone::Bad, look.pick("x down", "x 断开")),
        LinkState::Never => Cell::toned(Tone::Bad, look.pick("? never", "? 从未连接")),
    }
}

fn clock(error_ms: Option<i64>) -> Cell {
    let Some(error_ms) = error_ms else { return Cell::new("-") };
    let text = format!("{error_ms:+} ms");
    if error_ms.unsigned_abs() > CLOCK_ERROR_MS_MAX {
        return Cell::toned(Tone::Bad, format!("! {text}"));
    }
    Cell::new(text)
}

fn disk(free_bytes: Option<u64>) -> Cell {
    let Some(free) = free_bytes else { return Cell::new("-") };
    let (mib, gib) = (free / (1024 * 1024), free / (1024 * 1024 * 1024));
    if free < DISK_FREE_BYTES_MIN {
        return Cell::toned(Tone::Bad, format!("! {mib} MiB"));
    }
    Cell::new(format!("{gib} GiB"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trouble_of_a_machine_is_marked_by_a_shape() {
        let edge = |name: &str, clock_ms: i64, disk: u64| {
            json!({
                "region": "NORTH", "created_at": "2025-11-24T16:00:00Z", "enrolled_at": null,
                "edge": name, "link": "never", "since": null, "last_contact_at": null, "epoch": 1,
                "version": null, "pending": 0, "oldest_pending_at": null, "undecided": 0, "held": 0,
                "parked": 0, "lag_up_ops": 0, "lag_down_changes": 0, "lag_down_outcomes": 0,
                "checksum": "unknown", "clock_error_ms": clock_ms, "disk_free_bytes": disk,
            })
        };
        let edges = json!([edge("n-1", -12, 5 << 30), edge("n-2", 9_000, 5 << 20)]);
        let edges: Vec<Enrolled> = serde_json::from_value(edges).unwrap();
        let look = Look { language: Language::English, terminal: false, colour: false };
        let text = render(&edges, &look);
        let lines: Vec<&str> = text.lines().collect();
        let start = "NORTH\t~ code not used yet\t? never\t-\t1";
        assert_eq!(lines[1], format!("n-1\t{start}\t-12 ms\t5 GiB\t-"));
        assert_eq!(lines[2], format!("n-2\t{start}\t! +9000 ms\t! 5 MiB\t-"));
    }
}
