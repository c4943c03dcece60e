//! `holdfast status`: each region and edge on a line, then the complaints, each with its next step.

use serde::Serialize;
use serde_json::{Value, json};
use wire::{
    ChecksumState, DiskLevel, DiskUse, EdgeStatus, GateState, HealthIssueKind, LinkState,
    QuarantineStatus, QuarantineWhy, RegionStatus, StatusReport, UnixMillis,
};

use crate::{
    edges,
    gateway::Gateway,
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandOutput, ExitKind, Result},
    say,
    style::{self, OutputStyle, TextTone, policy_word, split_next_step},
};

/// Drops, in order: VERSION, EPOCH, GATE, HELD, POLICY, LAG. The complaints report any problem in
/// them.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[10, 8, 2, 9, 7, 5],
    ends_with_sentence: false,
};

pub(crate) async fn show_status(gateway: &Gateway) -> Result<CommandOutput> {
    let report = gateway.fetch_status().await?;
    let style = &gateway.style;
    let exit = if report.list_health_issues().is_empty() {
        ExitKind::Ok
    } else {
        ExitKind::Degraded
    };
    if style.json {
        let value = report_to_json(&report, style).map_err(|_| gateway.unreadable_failure())?;
        return Ok(CommandOutput {
            exit,
            ..CommandOutput::new(style, || value, String::new)
        });
    }
    let rows = render_rows(&report, style);
    let verdict = render_verdict(&report, style);
    // Stdout carries only rows, so that files and programs get no warnings.
    let verdict = match style.width {
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
    let complaints = describe_complaints(report, style);
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
    let complaints = describe_complaints(report, style);
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
            let at = style::format_moment(at).into();
            let count = repairs.repaired;
            lines.push(style.translate(say::status_repaired_region { region, count, at }));
        }
        for status in &status.edges {
            if let Some(at) = status.repaired_at {
                let edge = (&status.edge).into();
                let at = style::format_moment(at).into();
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
            let at = style::format_moment(at).into();
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
    let age = style::format_duration(now.ms_since(since)).into();
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

fn policy_cell(region: &RegionStatus, style: &OutputStyle) -> TableCell {
    let word = policy_word(region.policy, style);
    TableCell::new(match &region.holder {
        Some(holder) => format!("{word} ({holder})"),
        None => word,
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ComplaintText {
    /// A stable identifier for scripts.
    pub kind: &'static str,
    /// The region, the edge or the part.
    pub about: String,
    pub problem: String,
    pub next_step: String,
}

/// Empty if the platform is healthy.
pub(crate) fn describe_complaints(
    report: &StatusReport,
    style: &OutputStyle,
) -> Vec<ComplaintText> {
    let complaints = report.list_health_issues().into_iter();
    let worded = complaints.map(|complaint| {
        let text = describe_complaint(&complaint.about, complaint.kind, report, style);
        let (problem, next_step) = split_next_step(text);
        ComplaintText {
            kind: complaint.kind.alarm_kind().as_str(),
            about: complaint.about,
            problem,
            next_step,
        }
    });
    worded.collect()
}

fn describe_complaint(
    about: &str,
    kind: HealthIssueKind,
    report: &StatusReport,
    style: &OutputStyle,
) -> String {
    use HealthIssueKind as Kind;
    let name = about.into();
    match kind {
        Kind::GateClosed => style.translate(say::complaint_gate_closed { region: name }),
        Kind::Contradicted(times) => style.translate(say::complaint_contradicted {
            times: times.into(),
        }),
        Kind::AsksStopped(count) => style.translate(say::complaint_asks_stopped { count }),
        Kind::NoEdge => style.translate(say::complaint_no_edge { region: name }),
        Kind::NobodyHolds => {
            let edge = suggest_holder(about, report).into();
            style.translate(say::complaint_nobody_holds { region: name, edge })
        }
        Kind::NeedsOperator => style.translate(say::complaint_needs_operator { edge: name }),
        Kind::Twin => style.translate(say::complaint_twin),
        Kind::Quarantined(status, epoch) => describe_quarantine(about, status, epoch, style),
        Kind::GrantDiffers { fence } => style.translate(say::complaint_grant_differs {
            fence: fence.into(),
        }),
        Kind::LeftBehind(left) => style.translate(say::complaint_left_behind {
            epoch: left.epoch.into(),
            count: left.commands,
        }),
        Kind::NeverConnected => style.translate(say::complaint_never_connected),
        Kind::LinkDown(gate) => describe_link_down(gate, style),
        Kind::OrdersDiffer => style.translate(say::complaint_orders_differ),
        Kind::Unsettled { since, unread } => describe_unsettled_orders(since, unread, style),
        Kind::OpsStopped(count) => {
            style.translate(say::complaint_ops_stopped { edge: name, count })
        }
        Kind::OpsHeld(count) => style.translate(say::complaint_ops_held { edge: name, count }),
        Kind::OpsParked(count) => style.translate(say::complaint_ops_parked { count }),
        Kind::DiskLow { free_bytes, disk } => describe_low_disk(free_bytes, disk, style),
        Kind::NewcomersWait(count) => style.translate(say::complaint_newcomers_wait { count }),
        Kind::TakesAnyHub => style.translate(say::complaint_takes_any_hub),
        Kind::PlainLine => style.translate(say::complaint_plain_line),
        Kind::PlainListeners => style.translate(say::complaint_plain_listeners),
        Kind::ClockWrong { error_ms } => describe_wrong_clock(error_ms, style),
        Kind::CertificateEnds { at } => describe_certificate_end(at, report.now, style),
        Kind::PartAway { since } => style.translate(say::complaint_part_away {
            since: style::format_moment(since).into(),
        }),
        Kind::DeadLetters(count) => style.translate(say::complaint_dead_letters { count }),
        Kind::CloudTokens { since } => style.translate(say::complaint_cloud_tokens {
            since: style::format_moment(since).into(),
        }),
    }
}

fn describe_quarantine(
    edge: &str,
    status: QuarantineStatus,
    epoch: u64,
    style: &OutputStyle,
) -> String {
    let why = match status.why {
        QuarantineWhy::EdgeRestored => "edge_restored",
        QuarantineWhy::EdgeCloned => "edge_cloned",
    };
    style.translate(say::complaint_quarantine {
        edge: edge.into(),
        why: why.into(),
        at: style::format_moment(status.at).into(),
        epoch: epoch.into(),
    })
}

fn describe_link_down(gate: GateState, style: &OutputStyle) -> String {
    let gate = match gate {
        GateState::Closed => "closed",
        GateState::Open => "open",
    };
    style.translate(say::complaint_link_down { gate: gate.into() })
}

fn describe_low_disk(free_bytes: u64, disk: Option<DiskUse>, style: &OutputStyle) -> String {
    if let Some(disk) = disk {
        let percent = disk.used_percent.into();
        match disk.level {
            DiskLevel::Normal | DiskLevel::Warn => {}
            DiskLevel::Shed => return style.translate(say::complaint_disk_sheds { percent }),
            DiskLevel::Refuse => return style.translate(say::complaint_disk_full),
        }
    }
    match free_bytes >> 20 {
        0 => style.translate(say::complaint_disk_full),
        mib => style.translate(say::complaint_disk_low { mib: mib.into() }),
    }
}

fn describe_wrong_clock(error_ms: i64, style: &OutputStyle) -> String {
    let error = if error_ms > 0 { "ahead" } else { "behind" };
    style.translate(say::complaint_clock_wrong {
        by: style::format_duration(error_ms.abs()).into(),
        error: error.into(),
    })
}

fn describe_certificate_end(at: UnixMillis, now: UnixMillis, style: &OutputStyle) -> String {
    let state = if at <= now { "over" } else { "ahead" };
    style.translate(say::complaint_certificate_ends {
        state: state.into(),
        at: style::format_moment(at).into(),
    })
}

fn describe_unsettled_orders(since: UnixMillis, unread: u64, style: &OutputStyle) -> String {
    let since = style::format_moment(since).into();
    match unread {
        0 => style.translate(say::complaint_event_missing { since }),
        count => style.translate(say::complaint_feed_unread { since, count }),
    }
}

/// Suggests an edge to grant the region to, connected ones first.
fn suggest_holder<'r>(region: &str, report: &'r StatusReport) -> &'r str {
    let here = report
        .regions
        .iter()
        .find(|status| status.region.as_str() == region);
    let edges = here.map_or(&[][..], |status| &status.edges);
    let up = edges.iter().find(|edge| edge.link == LinkState::Up);
    up.or(edges.first())
        .map_or("EDGE", |edge| edge.edge.as_str())
}

#[cfg(test)]
mod tests;
