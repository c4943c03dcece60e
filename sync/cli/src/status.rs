//! `holdfast status`: each region and edge on a line, then the complaints.

use serde_json::{Value, json};
use wire::{ChecksumState, EdgeStatus, GateState, Policy, RegionStatus, StatusReport, UnixMillis};

use crate::{
    age, complaint, edges,
    exit::{ExitKind, Result},
    gateway::Gateway,
    look::{OutputStyle, TextTone},
    run::CommandOutput,
    say,
    table::{NarrowTableRules, TableCell, render_table},
};

/// Drops, in order: VERSION, EPOCH, GATE, HELD, POLICY, LAG. The complaints report any problem in
/// them.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[10, 8, 2, 9, 7, 5],
    ends_with_sentence: false,
};

pub async fn run(gateway: &Gateway) -> Result<CommandOutput> {
    let report = gateway.fetch_status().await?;
    let look = &gateway.style;
    let exit = if report.list_health_issues().is_empty() {
        ExitKind::Ok
    } else {
        ExitKind::Degraded
    };
    if look.json {
        let value = report_to_json(&report, look).map_err(|_| gateway.unreadable_failure())?;
        return Ok(CommandOutput {
            exit,
            ..CommandOutput::new(look, || value, String::new)
        });
    }
    let rows = render_rows(&report, look);
    let verdict = render_verdict(&report, look);
    // Stdout carries only rows, so that files and programs get no warnings.
    let verdict = match look.width {
        Some(_) => format!("\n{verdict}"),
        None => verdict,
    };
    Ok(CommandOutput {
        exit,
        out: rows,
        err: verdict,
    })
}

fn report_to_json(report: &StatusReport, style: &OutputStyle) -> serde_json::Result<Value> {
    let complaints = complaint::describe_complaints(report, style);
    let mut value = serde_json::to_value(report)?;
    value["healthy"] = json!(complaints.is_empty());
    value["complaints"] = serde_json::to_value(complaints)?;
    Ok(value)
}

fn render_rows(report: &StatusReport, style: &OutputStyle) -> String {
    let rows = report.regions.iter().flat_map(|region| {
        let empty = region
            .edges
            .is_empty()
            .then(|| build_empty_row(region, style));
        empty.into_iter().chain(
            region
                .edges
                .iter()
                .map(|edge| build_row(region, edge, report.now, style)),
        )
    });
    render_table(
        say::status_columns.text_in(style.language),
        FORM,
        rows,
        style,
    )
}

fn render_verdict(report: &StatusReport, style: &OutputStyle) -> String {
    let mut lines = list_repairs(report, style);
    lines.extend(list_recent_losses(report, style));
    let complaints = complaint::describe_complaints(report, style);
    if complaints.is_empty() {
        lines.push(style.paint(TextTone::Good, say::status_well.text_in(style.language)));
    }
    for complaint in complaints {
        let problem = style.format_labelled(&complaint.about, &complaint.problem);
        lines.push(style.paint(TextTone::Bad, &format!("! {problem}")));
        lines.push(format!(
            "    {}",
            style.format_next_step(&complaint.next_step)
        ));
    }
    lines.join("\n") + "\n"
}

/// Repairs are not complaints, but operators may want their cause.
fn list_repairs(report: &StatusReport, style: &OutputStyle) -> Vec<String> {
    let mut lines = Vec::new();
    for status in &report.regions {
        let repairs = status.repairs.unwrap_or_default();
        if let Some(at) = repairs.repaired_at {
            let region = status.region.into();
            let at = age::format_moment(at).into();
            let count = repairs.repaired;
            lines.push(style.translate(say::status_repaired_region { region, count, at }));
        }
        for status in &status.edges {
            if let Some(at) = status.repaired_at {
                let edge = (&status.edge).into();
                let at = age::format_moment(at).into();
                let count = status.repairs;
                lines.push(style.translate(say::status_repaired_edge { edge, count, at }));
            }
        }
    }
    lines
}

/// How long status mentions lost acceptances after the latest.
const LOST_SHOWN_MS: i64 = 24 * 60 * 60 * 1000;

/// Lost acceptances are not complaints, but operators may want their explanation.
fn list_recent_losses(report: &StatusReport, style: &OutputStyle) -> impl Iterator<Item = String> {
    report
        .regions
        .iter()
        .flat_map(|region| &region.edges)
        .filter_map(|status| {
            let at = status
                .lost_at
                .filter(|at| report.now.ms_since(*at) < LOST_SHOWN_MS)?;
            let edge = (&status.edge).into();
            let count = status.lost;
            let at = age::format_moment(at).into();
            Some(style.translate(say::status_lost { edge, count, at }))
        })
}

fn build_empty_row(region: &RegionStatus, style: &OutputStyle) -> Vec<TableCell> {
    let mut cells = vec![
        TableCell::new(region.region),
        TableCell::new("-"),
        gate_cell(region, style),
    ];
    cells.resize(7, TableCell::new("-"));
    cells.push(policy_cell(region, style));
    cells.resize(11, TableCell::new("-"));
    cells
}

fn build_row(
    region: &RegionStatus,
    edge: &EdgeStatus,
    now: UnixMillis,
    style: &OutputStyle,
) -> Vec<TableCell> {
    let waiting = edge.held + edge.parked;
    let held_tone = if waiting > 0 {
        TextTone::Bad
    } else {
        TextTone::Plain
    };
    vec![
        TableCell::new(region.region),
        TableCell::new(&edge.edge),
        gate_cell(region, style),
        edges::link_cell(edge, now, style),
        edges::pending_cell(edge, now, style),
        TableCell::new(describe_lag(edge, now, style)),
        checksum_cell(edge.checksum, style),
        policy_cell(region, style),
        TableCell::new(edge.epoch),
        TableCell::with_tone(held_tone, waiting),
        TableCell::or_dash(edge.version.as_ref()),
    ]
}

/// Counts ops on their way up and down, with the age of the oldest down; the pending column has the
/// oldest up.
fn describe_lag(edge: &EdgeStatus, now: UnixMillis, style: &OutputStyle) -> String {
    let down = u128::from(edge.lag_down_changes) + u128::from(edge.lag_down_outcomes);
    let lag = format!("{} / {down}", edge.lag_up_ops);
    let Some(since) = edge.lag_down_since else {
        return lag;
    };
    let age = age::format_duration(now.ms_since(since)).into();
    style.translate(say::status_lag_since {
        lag: lag.into(),
        age,
    })
}

fn gate_cell(region: &RegionStatus, style: &OutputStyle) -> TableCell {
    match region.gate {
        GateState::Open => TableCell::new(style.translate(say::gate_open)),
        GateState::Closed => TableCell::with_tone(TextTone::Bad, style.translate(say::gate_closed)),
    }
}

fn checksum_cell(state: ChecksumState, style: &OutputStyle) -> TableCell {
    let (tone, word) = match state {
        ChecksumState::Match => (TextTone::Good, say::checksum_match),
        ChecksumState::Mismatch => (TextTone::Bad, say::checksum_mismatch),
        ChecksumState::Settling => (TextTone::Doubtful, say::checksum_settling),
        ChecksumState::Unknown => (TextTone::Quiet, say::checksum_unknown),
    };
    TableCell::with_tone(tone, style.translate(word))
}

pub fn policy_word(policy: Policy, style: &OutputStyle) -> String {
    style.translate(say::policy {
        policy: policy.as_str().into(),
    })
}

fn policy_cell(region: &RegionStatus, style: &OutputStyle) -> TableCell {
    let word = policy_word(region.policy, style);
    TableCell::new(match &region.holder {
        Some(holder) => format!("{word} ({holder})"),
        None => word,
    })
}

#[cfg(test)]
mod tests;
