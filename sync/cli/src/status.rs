//! `holdfast status`: each region and edge on a line, then the complaints.

use serde_json::{Value, json};
use wire::{ChecksumState, EdgeStatus, GateState, Policy, RegionStatus, StatusReport, UnixMillis};

use crate::{
    age, complaint, edges,
    exit::{ExitKind, Result},
    gateway::Gateway,
    look::{Look, Tone},
    run::CommandOutput,
    say,
    table::{Cell, TableForm, table},
};

/// Drops, in order: VERSION, EPOCH, GATE, HELD, POLICY, LAG. The complaints report any problem in
/// them.
const FORM: TableForm = TableForm { sheds: &[10, 8, 2, 9, 7, 5], ends_with_sentence: false };

pub async fn run(gateway: &Gateway) -> Result<CommandOutput> {
    let (report, look) = (gateway.status().await?, &gateway.look);
    let exit = if report.complaints().is_empty() { ExitKind::Ok } else { ExitKind::Degraded };
    if look.json {
        let value = json(&report, look).map_err(|_| gateway.unreadable())?;
        return Ok(CommandOutput { exit, ..CommandOutput::new(look, || value, String::new) });
    }
    let (rows, verdict) = (rows(&report, look), verdict(&report, look));
    // Stdout carries only rows, so that files and programs get no warnings.
    let verdict = match look.width {
        Some(_) => format!("\n{verdict}"),
        None => verdict,
    };
    Ok(CommandOutput { exit, out: rows, err: verdict })
}

fn json(report: &StatusReport, look: &Look) -> serde_json::Result<Value> {
    let complaints = complaint::all(report, look);
    let mut value = serde_json::to_value(report)?;
    value["healthy"] = json!(complaints.is_empty());
    value["complaints"] = serde_json::to_value(complaints)?;
    Ok(value)
}

fn rows(report: &StatusReport, look: &Look) -> String {
    let rows = report.regions.iter().flat_map(|region| {
        let empty = region.edges.is_empty().then(|| row_without_edge(region, look));
        empty.into_iter().chain(region.edges.iter().map(|edge| row(region, edge, report.now, look)))
    });
    table(say::status_columns.plain(look.language), FORM, rows, look)
}

fn verdict(report: &StatusReport, look: &Look) -> String {
    let mut lines = repairs(report, look);
    lines.extend(losses(report, look));
    let complaints = complaint::all(report, look);
    if complaints.is_empty() {
        lines.push(look.paint(Tone::Good, say::status_well.plain(look.language)));
    }
    for complaint in complaints {
        let problem = look.labelled(&complaint.about, &complaint.problem);
        lines.push(look.paint(Tone::Bad, &format!("! {problem}")));
        lines.push(format!("    {}", look.next(&complaint.next_step)));
    }
    lines.join("\n") + "\n"
}

/// Repairs are not complaints, but operators may want their cause.
fn repairs(report: &StatusReport, look: &Look) -> Vec<String> {
    let mut lines = Vec::new();
    for status in &report.regions {
        let repairs = status.repairs.unwrap_or_default();
        if let Some(at) = repairs.repaired_at {
            let (region, at) = (status.region.into(), age::moment(at).into());
            let count = repairs.repaired;
            lines.push(look.say(say::status_repaired_region { region, count, at }));
        }
        for status in &status.edges {
            if let Some(at) = status.repaired_at {
                let (edge, at) = ((&status.edge).into(), age::moment(at).into());
                let count = status.repairs;
                lines.push(look.say(say::status_repaired_edge { edge, count, at }));
            }
        }
    }
    lines
}

/// How long status mentions lost acceptances after the latest.
const LOST_SHOWN_MS: i64 = 24 * 60 * 60 * 1000;

/// Lost acceptances are not complaints, but operators may want their explanation.
fn losses(report: &StatusReport, look: &Look) -> impl Iterator<Item = String> {
    report.regions.iter().flat_map(|region| &region.edges).filter_map(|status| {
        let at = status.lost_at.filter(|at| report.now.since(*at) < LOST_SHOWN_MS)?;
        let (edge, count, at) = ((&status.edge).into(), status.lost, age::moment(at).into());
        Some(look.say(say::status_lost { edge, count, at }))
    })
}

fn row_without_edge(region: &RegionStatus, look: &Look) -> Vec<Cell> {
    let mut cells = vec![Cell::new(region.region), Cell::new("-"), gate(region, look)];
    cells.resize(7, Cell::new("-"));
    cells.push(policy(region, look));
    cells.resize(11, Cell::new("-"));
    cells
}

fn row(region: &RegionStatus, edge: &EdgeStatus, now: UnixMillis, look: &Look) -> Vec<Cell> {
    let waiting = edge.held + edge.parked;
    let held_tone = if waiting > 0 { Tone::Bad } else { Tone::Plain };
    vec![
        Cell::new(region.region),
        Cell::new(&edge.edge),
        gate(region, look),
        edges::link_since(edge, now, look),
        edges::pending(edge, now, look),
        Cell::new(lag(edge, now, look)),
        checksum(edge.checksum, look),
        policy(region, look),
        Cell::new(edge.epoch),
        Cell::toned(held_tone, waiting),
        Cell::or_dash(edge.version.as_ref()),
    ]
}

/// Counts ops on their way up and down, with the age of the oldest down; the pending column has the
/// oldest up.
fn lag(edge: &EdgeStatus, now: UnixMillis, look: &Look) -> String {
    let down = u128::from(edge.lag_down_changes) + u128::from(edge.lag_down_outcomes);
    let lag = format!("{} / {down}", edge.lag_up_ops);
    let Some(since) = edge.lag_down_since else { return lag };
    let age = age::duration(now.since(since)).into();
    look.say(say::status_lag_since { lag: lag.into(), age })
}

fn gate(region: &RegionStatus, look: &Look) -> Cell {
    match region.gate {
        GateState::Open => Cell::new(look.say(say::gate_open)),
        GateState::Closed => Cell::toned(Tone::Bad, look.say(say::gate_closed)),
    }
}

fn checksum(state: ChecksumState, look: &Look) -> Cell {
    let (tone, word) = match state {
        ChecksumState::Match => (Tone::Good, say::checksum_match),
        ChecksumState::Mismatch => (Tone::Bad, say::checksum_mismatch),
        ChecksumState::Settling => (Tone::Doubtful, say::checksum_settling),
        ChecksumState::Unknown => (Tone::Quiet, say::checksum_unknown),
    };
    Cell::toned(tone, look.say(word))
}

pub fn policy_word(policy: Policy, look: &Look) -> String {
    look.say(say::policy { policy: policy.as_str().into() })
}

fn policy(region: &RegionStatus, look: &Look) -> Cell {
    let word = policy_word(region.policy, look);
    Cell::new(match &region.holder {
        Some(holder) => format!("{word} ({holder})"),
        None => word,
    })
}

#[cfg(test)]
mod tests;
