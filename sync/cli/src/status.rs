//! Owns `holdfast status`: a region and its edges on a line each, and below what is not as it should be.

use serde_json::{Value, json};
use wire::{
    ChecksumState, EdgeStatus, GateState, Language, Policy, RegionStatus, StatusReport, UnixMillis,
};

use crate::{
    age::{self, some},
    complaint, edges,
    look::{Look, Tone},
    table::{Cell, Table},
};

/// The report as the hub gave it, with what it means.
pub fn json(report: &StatusReport, look: &Look) -> serde_json::Result<Value> {
    let complaints = complaint::all(report, look.language);
    let mut value = serde_json::to_value(report)?;
    value["healthy"] = json!(complaints.is_empty());
    value["complaints"] = serde_json::to_value(complaints)?;
    Ok(value)
}

pub fn rows(report: &StatusReport, look: &Look) -> String {
    table(report, look).render(look)
}

/// What is not as it should be and what to do about it, or that all is well.
pub fn verdict(report: &StatusReport, look: &Look) -> String {
    let complaints = complaint::all(report, look.language);
    let told = repairs(report, look).chain(losses(report, look));
    let told: String = told.map(|line| format!("{line}\n")).collect();
    if complaints.is_empty() {
        let text = look.pick("+ All is well.", "+ 一切正常。");
        return format!("{told}{}\n", look.paint(Tone::Good, text));
    }
    let (next, colon) = (look.pick("Next", "下一步"), look.colon());
    let wrong: String = complaints
        .iter()
        .map(|complaint| {
            let (about, problem) = (&complaint.about, &complaint.problem);
            let line = look.paint(Tone::Bad, &format!("! {about}{colon}{problem}"));
            format!("{line}\n    {next}{colon}{}\n", complaint.next_step)
        })
        .collect();
    told + &wrong
}

/// What was put right, in words: nothing is wrong any more, and somebody may want to know why it was.
fn repairs(report: &StatusReport, look: &Look) -> impl Iterator<Item = String> {
    let of_region = |region: &RegionStatus| {
        let repairs = region.repairs.unwrap_or_default();
        let (name, n) = (region.region.as_str(), repairs.repaired);
        let at = age::moment(repairs.repaired_at?);
        Some(match look.language {
            Language::English => {
                let what = some(
                    n,
                    "change had not arrived and was repaired",
                    "changes had not arrived and were repaired",
                );
                format!("~ {name}: {what} from the order service, last at {at}")
            }
            Language::Chinese => {
                format!("~ {name}：{n} 项变更未送达，已从订单服务修复，最近一次 {at}")
            }
        })
    };
    let of_edge = |edge: &EdgeStatus| {
        let (name, n) = (edge.edge.as_str(), edge.repairs);
        let at = age::moment(edge.repaired_at?);
        Some(match look.language {
            Language::English => {
                let times = some(n, "time", "times");
                format!("~ {name}: its orders were repaired by an image {times}, last at {at}")
            }
            Language::Chinese => format!("~ {name}：其订单已由快照修复 {n} 次，最近一次 {at}"),
        })
    };
    let mut lines = Vec::new();
    for region in &report.regions {
        lines.extend(of_region(region));
        lines.extend(region.edges.iter().filter_map(of_edge));
    }
    lines.into_iter()
}

/// How long an edge's lost acceptances are spoken of after the last of them.
const LOST_SHOWN_MS: i64 = 24 * 60 * 60 * 1000;

/// Where acceptances have lost of late: nothing is wrong, and each has an explanation that may be wanted.
fn losses(report: &StatusReport, look: &Look) -> impl Iterator<Item = String> {
    let of_edge = move |edge: &EdgeStatus| {
        let at = edge.lost_at.filter(|at| report.now.since(*at) < LOST_SHOWN_MS)?;
        let (name, n, at) = (edge.edge.as_str(), edge.lost, age::moment(at));
        Some(match look.language {
            Language::English => {
                let what = some(n, "acceptance made there has", "acceptances made there have");
                format!("~ {name}: {what} lost, last at {at}; `holdfast conflicts` tells each")
            }
            Language::Chinese => {
                format!(
                    "~ {name}：该处已有 {n} 次接单落败，最近一次 {at}；`holdfast conflicts` 逐一说明"
                )
            }
        })
    };
    report.regions.iter().flat_map(|region| &region.edges).filter_map(of_edge)
}

fn table(report: &StatusReport, look: &Look) -> Table {
    let mut table = match look.language {
        Language::English => Table::new([
            "REGION",
            "EDGE",
            "GATE",
            "LINK",
            "PENDING",
            "LAG UP/DOWN",
            "CHECKSUM",
            "POLICY",
            "EPOCH",
            "HELD",
            "VERSION",
        ]),
        Language::Chinese => Table::new([
            "区域",
            "节点",
            "闸口",
            "链路",
            "待定",
            "滞后 上/下",
            "校验",
            "派单",
            "代",
            "挂起",
            "版本",
        ]),
    };
    for region in &report.regions {
        if region.edges.is_empty() {
            let mut cells =
                vec![Cell::new(region.region.as_str()), Cell::new("-"), gate(region, look)];
            cells.resize(7, Cell::new("-"));
            cells.push(policy(region, look));
            cells.resize(11, Cell::new("-"));
            table.row(cells);
        }
        for edge in &region.edges {
            table.row(row(region, edge, report.now, look));
        }
    }
    table
}

fn row(region: &RegionStatus, edge: &EdgeStatus, now: UnixMillis, look: &Look) -> Vec<Cell> {
    let waiting = edge.held + edge.parked;
    let held_tone = if waiting > 0 { Tone::Bad } else { Tone::Plain };
    vec![
        Cell::new(region.region.as_str()),
        Cell::new(edge.edge.as_str()),
        gate(region, look),
        edges::link_since(edge, now, look),
        edges::pending(edge, now, look),
        Cell::new(lag(edge, now, look)),
        checksum(edge.checksum, look),
        policy(region, look),
        Cell::new(edge.epoch.to_string()),
        Cell::toned(held_tone, waiting.to_string()),
        Cell::new(edge.version.as_deref().unwrap_or("-")),
    ]
}

/// How much is on its way up and down, and for how long the oldest has been on its way down; how long
/// what goes up has waited is the age of the oldest that is pending.
fn lag(edge: &EdgeStatus, now: UnixMillis, look: &Look) -> String {
    let down = u128::from(edge.lag_down_changes) + u128::from(edge.lag_down_outcomes);
    let age = edge.lag_down_since.map(|at| age::duration(now.since(at)));
    let age = age.map(|age| format!("{}{age}", look.pick(", for ", "，已 ")));
    format!("{} / {down}{}", edge.lag_up_ops, age.unwrap_or_default())
}

fn gate(region: &RegionStatus, look: &Look) -> Cell {
    match region.gate {
        GateState::Open => Cell::new(look.pick("open", "打开")),
        GateState::Closed => Cell::toned(Tone::Bad, look.pick("x closed", "x 关闭")),
    }
}

fn checksum(state: ChecksumState, look: &Look) -> Cell {
    match state {
        ChecksumState::Match => Cell::toned(Tone::Good, look.pick("= match", "= 一致")),
        ChecksumState::Mismatch => Cell::toned(Tone::Bad, look.pick("! differs", "! 不一致")),
        ChecksumState::Settling => Cell::toned(Tone::Doubtful, look.pick("~ settling", "~ 同步中")),
        ChecksumState::Unknown => Cell::toned(Tone::Quiet, look.pick("? unknown", "? 未知")),
    }
}

pub fn policy_word<'a>(policy: Policy, look: &Look) -> &'a str {
    match policy {
        Policy::Optimistic => look.pick("optimistic", "先到先得"),
        Policy::Exclusive => look.pick("exclusive", "独占"),
    }
}

fn policy(region: &RegionStatus, look: &Look) -> Cell {
    let word = policy_word(region.policy, look);
    Cell::new(match &region.holder {
        Some(holder) => format!("{word} ({holder})"),
        None => word.to_owned(),
    })
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
