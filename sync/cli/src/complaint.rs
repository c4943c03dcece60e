//! Turns complaints into sentences: each problem and its next step.

use serde::Serialize;
use wire::{ComplaintKind, GateState, LinkState, QuarantineWhy, StatusReport, UnixMillis};

use crate::{
    age,
    look::{Look, with_step},
    say,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComplaintWords {
    /// A stable identifier for scripts.
    pub kind: &'static str,
    /// The region or the edge.
    pub about: String,
    pub problem: String,
    pub next_step: String,
}

/// Empty if the platform is healthy.
pub fn all(report: &StatusReport, look: &Look) -> Vec<ComplaintWords> {
    let complaints = report.complaints().into_iter();
    let worded = complaints.map(|complaint| {
        let (kind, text) = worded(&complaint.about, complaint.kind, report, look);
        let (problem, next_step) = with_step(text);
        ComplaintWords { kind, about: complaint.about, problem, next_step }
    });
    worded.collect()
}

fn worded(
    about: &str,
    kind: ComplaintKind,
    report: &StatusReport,
    look: &Look,
) -> (&'static str, String) {
    use ComplaintKind as Kind;
    let name = about.into();
    match kind {
        Kind::GateClosed => ("gate_closed", look.say(say::complaint_gate_closed { region: name })),
        Kind::Contradicted(times) => {
            ("contradicted", look.say(say::complaint_contradicted { times: times.into() }))
        }
        Kind::AsksStopped(count) => {
            ("asks_stopped", look.say(say::complaint_asks_stopped { count }))
        }
        Kind::NoEdge => ("no_edge", look.say(say::complaint_no_edge { region: name })),
        Kind::NobodyHolds => {
            let edge = could_hold(about, report).into();
            ("nobody_holds", look.say(say::complaint_nobody_holds { region: name, edge }))
        }
        Kind::NeedsOperator => {
            ("needs_operator", look.say(say::complaint_needs_operator { edge: name }))
        }
        Kind::Twin => ("twin", look.say(say::complaint_twin)),
        Kind::Quarantined(status, epoch) => {
            let (kind, why) = match status.why {
                QuarantineWhy::EdgeRestored => ("restored", "edge_restored".into()),
                QuarantineWhy::EdgeCloned => ("cloned", "edge_cloned".into()),
            };
            let (at, epoch) = (age::moment(status.at).into(), epoch.into());
            (kind, look.say(say::complaint_quarantine { edge: name, why, at, epoch }))
        }
        Kind::GrantDiffers { fence } => {
            ("grant_differs", look.say(say::complaint_grant_differs { fence: fence.into() }))
        }
        Kind::LeftBehind(left) => {
            let (epoch, count) = (left.epoch.into(), left.commands);
            ("left_behind", look.say(say::complaint_left_behind { epoch, count }))
        }
        Kind::NeverConnected => ("never_connected", look.say(say::complaint_never_connected)),
        Kind::LinkDown(gate) => {
            let gate = if gate == GateState::Closed { "closed" } else { "open" };
            ("link_down", look.say(say::complaint_link_down { gate: gate.into() }))
        }
        Kind::OrdersDiffer => ("orders_differ", look.say(say::complaint_orders_differ)),
        Kind::Unsettled { since, unread } => ("unsettled", unsettled(since, unread, look)),
        Kind::OpsStopped(count) => {
            ("ops_stopped", look.say(say::complaint_ops_stopped { edge: name, count }))
        }
        Kind::OpsHeld(count) => {
            ("ops_held", look.say(say::complaint_ops_held { edge: name, count }))
        }
        Kind::OpsParked(count) => ("ops_parked", look.say(say::complaint_ops_parked { count })),
        Kind::DiskLow { free_bytes } => match free_bytes >> 20 {
            0 => ("disk_low", look.say(say::complaint_disk_full)),
            mib => ("disk_low", look.say(say::complaint_disk_low { mib: mib.into() })),
        },
        Kind::NewcomersWait(count) => {
            ("newcomers_wait", look.say(say::complaint_newcomers_wait { count }))
        }
        Kind::TakesAnyHub => ("takes_any_hub", look.say(say::complaint_takes_any_hub)),
        Kind::PlainLine => ("plain_line", look.say(say::complaint_plain_line)),
        Kind::ClockWrong { error_ms } => {
            let error = if error_ms > 0 { "ahead" } else { "behind" }.into();
            let by = age::duration(error_ms.abs()).into();
            ("clock_wrong", look.say(say::complaint_clock_wrong { by, error }))
        }
        Kind::CloudTokens { since } => {
            let since = age::moment(since).into();
            ("cloud_tokens", look.say(say::complaint_cloud_tokens { since }))
        }
    }
}

fn unsettled(since: UnixMillis, unread: u64, look: &Look) -> String {
    let since = age::moment(since).into();
    match unread {
        0 => look.say(say::complaint_event_missing { since }),
        count => look.say(say::complaint_feed_unread { since, count }),
    }
}

/// Suggests an edge to grant the region to, connected ones first.
fn could_hold<'r>(region: &str, report: &'r StatusReport) -> &'r str {
    let here = report.regions.iter().find(|status| status.region.as_str() == region);
    let edges = here.map_or(&[][..], |status| &status.edges);
    let up = edges.iter().find(|edge| edge.link == LinkState::Up);
    up.or(edges.first()).map_or("EDGE", |edge| edge.edge.as_str())
}
