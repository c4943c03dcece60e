//! Turns complaints into sentences: each problem and its next step.

use serde::Serialize;
use wire::{GateState, HealthIssueKind, LinkState, QuarantineWhy, StatusReport, UnixMillis};

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
pub fn describe_complaints(report: &StatusReport, look: &OutputStyle) -> Vec<ComplaintText> {
    let complaints = report.list_health_issues().into_iter();
    let worded = complaints.map(|complaint| {
        let (kind, text) = describe_complaint(&complaint.about, complaint.kind, report, look);
        let (problem, next_step) = split_next_step(text);
        ComplaintText {
            kind,
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
    look: &OutputStyle,
) -> (&'static str, String) {
    use HealthIssueKind as Kind;
    let name = about.into();
    match kind {
        Kind::GateClosed => (
            "gate_closed",
            look.translate(say::complaint_gate_closed { region: name }),
        ),
        Kind::Contradicted(times) => (
            "contradicted",
            look.translate(say::complaint_contradicted {
                times: times.into(),
            }),
        ),
        Kind::AsksStopped(count) => (
            "asks_stopped",
            look.translate(say::complaint_asks_stopped { count }),
        ),
        Kind::NoEdge => (
            "no_edge",
            look.translate(say::complaint_no_edge { region: name }),
        ),
        Kind::NobodyHolds => {
            let edge = suggest_holder(about, report).into();
            (
                "nobody_holds",
                look.translate(say::complaint_nobody_holds { region: name, edge }),
            )
        }
        Kind::NeedsOperator => (
            "needs_operator",
            look.translate(say::complaint_needs_operator { edge: name }),
        ),
        Kind::Twin => ("twin", look.translate(say::complaint_twin)),
        Kind::Quarantined(status, epoch) => {
            let (kind, why) = match status.why {
                QuarantineWhy::EdgeRestored => ("restored", "edge_restored".into()),
                QuarantineWhy::EdgeCloned => ("cloned", "edge_cloned".into()),
            };
            let at = age::format_moment(status.at).into();
            let epoch = epoch.into();
            (
                kind,
                look.translate(say::complaint_quarantine {
                    edge: name,
                    why,
                    at,
                    epoch,
                }),
            )
        }
        Kind::GrantDiffers { fence } => (
            "grant_differs",
            look.translate(say::complaint_grant_differs {
                fence: fence.into(),
            }),
        ),
        Kind::LeftBehind(left) => {
            let epoch = left.epoch.into();
            let count = left.commands;
            (
                "left_behind",
                look.translate(say::complaint_left_behind { epoch, count }),
            )
        }
        Kind::NeverConnected => (
            "never_connected",
            look.translate(say::complaint_never_connected),
        ),
        Kind::LinkDown(gate) => {
            let gate = if gate == GateState::Closed {
                "closed"
            } else {
                "open"
            };
            (
                "link_down",
                look.translate(say::complaint_link_down { gate: gate.into() }),
            )
        }
        Kind::OrdersDiffer => (
            "orders_differ",
            look.translate(say::complaint_orders_differ),
        ),
        Kind::Unsettled { since, unread } => {
            ("unsettled", describe_unsettled_orders(since, unread, look))
        }
        Kind::OpsStopped(count) => (
            "ops_stopped",
            look.translate(say::complaint_ops_stopped { edge: name, count }),
        ),
        Kind::OpsHeld(count) => (
            "ops_held",
            look.translate(say::complaint_ops_held { edge: name, count }),
        ),
        Kind::OpsParked(count) => (
            "ops_parked",
            look.translate(say::complaint_ops_parked { count }),
        ),
        Kind::DiskLow { free_bytes } => match free_bytes >> 20 {
            0 => ("disk_low", look.translate(say::complaint_disk_full)),
            mib => (
                "disk_low",
                look.translate(say::complaint_disk_low { mib: mib.into() }),
            ),
        },
        Kind::NewcomersWait(count) => (
            "newcomers_wait",
            look.translate(say::complaint_newcomers_wait { count }),
        ),
        Kind::TakesAnyHub => (
            "takes_any_hub",
            look.translate(say::complaint_takes_any_hub),
        ),
        Kind::PlainLine => ("plain_line", look.translate(say::complaint_plain_line)),
        Kind::ClockWrong { error_ms } => {
            let error = if error_ms > 0 { "ahead" } else { "behind" }.into();
            let by = age::format_duration(error_ms.abs()).into();
            (
                "clock_wrong",
                look.translate(say::complaint_clock_wrong { by, error }),
            )
        }
        Kind::CloudTokens { since } => {
            let since = age::format_moment(since).into();
            (
                "cloud_tokens",
                look.translate(say::complaint_cloud_tokens { since }),
            )
        }
    }
}

fn describe_unsettled_orders(since: UnixMillis, unread: u64, look: &OutputStyle) -> String {
    let since = age::format_moment(since).into();
    match unread {
        0 => look.translate(say::complaint_event_missing { since }),
        count => look.translate(say::complaint_feed_unread { since, count }),
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
