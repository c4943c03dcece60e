//! Turns complaints into sentences: each problem and its next step.

use serde::Serialize;
use wire::{
    GateState, HealthIssueKind, LinkState, QuarantineStatus, QuarantineWhy, StatusReport,
    UnixMillis,
};

use crate::{
    age,
    look::{OutputStyle, split_next_step},
    say,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComplaintText {
    /// A stable identifier for scripts.
    pub kind: &'static str,
    /// The region or the edge.
    pub about: String,
    pub problem: String,
    pub next_step: String,
}

/// Empty if the platform is healthy.
pub fn describe_complaints(report: &StatusReport, style: &OutputStyle) -> Vec<ComplaintText> {
    let complaints = report.list_health_issues().into_iter();
    let worded = complaints.map(|complaint| {
        let text = describe_complaint(&complaint.about, complaint.kind, report, style);
        let (problem, next_step) = split_next_step(text);
        ComplaintText {
            kind: name_complaint_kind(complaint.kind),
            about: complaint.about,
            problem,
            next_step,
        }
    });
    worded.collect()
}

fn name_complaint_kind(kind: HealthIssueKind) -> &'static str {
    use HealthIssueKind as Kind;
    match kind {
        Kind::GateClosed => "gate_closed",
        Kind::Contradicted(_) => "contradicted",
        Kind::AsksStopped(_) => "asks_stopped",
        Kind::NoEdge => "no_edge",
        Kind::NobodyHolds => "nobody_holds",
        Kind::NeedsOperator => "needs_operator",
        Kind::Twin => "twin",
        Kind::Quarantined(status, _) => match status.why {
            QuarantineWhy::EdgeRestored => "restored",
            QuarantineWhy::EdgeCloned => "cloned",
        },
        Kind::GrantDiffers { .. } => "grant_differs",
        Kind::LeftBehind(_) => "left_behind",
        Kind::NeverConnected => "never_connected",
        Kind::LinkDown(_) => "link_down",
        Kind::OrdersDiffer => "orders_differ",
        Kind::Unsettled { .. } => "unsettled",
        Kind::OpsStopped(_) => "ops_stopped",
        Kind::OpsHeld(_) => "ops_held",
        Kind::OpsParked(_) => "ops_parked",
        Kind::DiskLow { .. } => "disk_low",
        Kind::NewcomersWait(_) => "newcomers_wait",
        Kind::TakesAnyHub => "takes_any_hub",
        Kind::PlainLine => "plain_line",
        Kind::ClockWrong { .. } => "clock_wrong",
        Kind::CloudTokens { .. } => "cloud_tokens",
    }
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
        Kind::DiskLow { free_bytes } => describe_low_disk(free_bytes, style),
        Kind::NewcomersWait(count) => style.translate(say::complaint_newcomers_wait { count }),
        Kind::TakesAnyHub => style.translate(say::complaint_takes_any_hub),
        Kind::PlainLine => style.translate(say::complaint_plain_line),
        Kind::ClockWrong { error_ms } => describe_wrong_clock(error_ms, style),
        Kind::CloudTokens { since } => style.translate(say::complaint_cloud_tokens {
            since: age::format_moment(since).into(),
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
        at: age::format_moment(status.at).into(),
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

fn describe_low_disk(free_bytes: u64, style: &OutputStyle) -> String {
    match free_bytes >> 20 {
        0 => style.translate(say::complaint_disk_full),
        mib => style.translate(say::complaint_disk_low { mib: mib.into() }),
    }
}

fn describe_wrong_clock(error_ms: i64, style: &OutputStyle) -> String {
    let error = if error_ms > 0 { "ahead" } else { "behind" };
    style.translate(say::complaint_clock_wrong {
        by: age::format_duration(error_ms.abs()).into(),
        error: error.into(),
    })
}

fn describe_unsettled_orders(since: UnixMillis, unread: u64, style: &OutputStyle) -> String {
    let since = age::format_moment(since).into();
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
