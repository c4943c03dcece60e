//! Owns the complaints about a report: each problem, and the next step.
//! Invariant: there is a complaint exactly where `wire::StatusReport::complaints` finds one, so the
//! exit code of `status` and every other reader of the report agree on what healthy means.

use serde::Serialize;
use texts::Sentence;
use wire::{
    ChecksumState, EdgeStatus, GateState, LinkState, QuarantineWhy, RegionStatus, StatusReport,
    UnixMillis,
};

use crate::{
    age,
    look::{Look, with_step},
    say,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// A stable word for scripts.
    pub kind: &'static str,
    /// The region or the edge.
    pub about: String,
    pub problem: String,
    pub next_step: String,
}

/// Empty when all is well.
pub fn all(report: &StatusReport, look: &Look) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for region in &report.regions {
        of_region(&mut About::new(region.region, look, &mut complaints), region, report.now);
        for edge in &region.edges {
            let mut about = About::new(&edge.edge, look, &mut complaints);
            of_log(&mut about, edge);
            of_link(&mut about, edge, region.gate);
            of_machine(&mut about, edge);
        }
    }
    complaints
}

struct About<'a> {
    name: String,
    look: &'a Look,
    complaints: &'a mut Vec<Complaint>,
}

impl<'a> About<'a> {
    fn new(name: impl ToString, look: &'a Look, complaints: &'a mut Vec<Complaint>) -> Self {
        Self { name: name.to_string(), look, complaints }
    }

    fn add(&mut self, kind: &'static str, sentence: impl Sentence) {
        let (problem, next_step) = with_step(self.look.say(sentence));
        self.complaints.push(Complaint { kind, about: self.name.clone(), problem, next_step });
    }
}

fn of_region(about: &mut About<'_>, status: &RegionStatus, now: UnixMillis) {
    let region = || status.region.into();
    if status.gate == GateState::Closed {
        about.add("gate_closed", say::complaint_gate_closed { region: region() });
    }
    if status.contradicted_lately(now) {
        let times = status.repairs.unwrap_or_default().contradictions.into();
        about.add("contradicted", say::complaint_contradicted { times });
    }
    if let count @ 1.. = status.asks_stopped {
        about.add("asks_stopped", say::complaint_asks_stopped { count });
    }
    if status.edges.is_empty() {
        about.add("no_edge", say::complaint_no_edge { region: region() });
    }
}

/// The gravest alone: while the link is down, nothing else of it is news.
fn of_link(about: &mut About<'_>, status: &EdgeStatus, gate: GateState) {
    let edge = (&status.edge).into();
    match (status.link, status.checksum) {
        (LinkState::Never, _) => about.add("never_connected", say::complaint_never_connected),
        (LinkState::Down, _) => {
            let gate = if gate == GateState::Closed { "closed" } else { "open" };
            about.add("link_down", say::complaint_link_down { gate: gate.into() });
        }
        (LinkState::Up, ChecksumState::Mismatch) => {
            about.add("orders_differ", say::complaint_orders_differ);
        }
        _ if let Some(since) = status.unsettled_since => unsettled(about, status, since),
        _ if let count @ 1.. = status.stopped => {
            about.add("ops_stopped", say::complaint_ops_stopped { edge, count });
        }
        _ if let count @ 1.. = status.held => {
            about.add("ops_held", say::complaint_ops_held { edge, count });
        }
        _ if let count @ 1.. = status.parked => {
            about.add("ops_parked", say::complaint_ops_parked { count });
        }
        _ => {}
    }
}

/// Nothing is on its way and yet it does not agree: either the edge cannot read on, or an outcome has
/// told it of a change that the feed never brought.
fn unsettled(about: &mut About<'_>, status: &EdgeStatus, since: UnixMillis) {
    let since = age::moment(since).into();
    match status.lag_down_changes {
        0 => about.add("unsettled", say::complaint_event_missing { since }),
        count => about.add("unsettled", say::complaint_feed_unread { since, count }),
    }
}

/// These concern its log itself, whatever else is wrong.
fn of_log(about: &mut About<'_>, status: &EdgeStatus) {
    let edge = || (&status.edge).into();
    if status.needs_operator_at.is_some() {
        about.add("needs_operator", say::complaint_needs_operator { edge: edge() });
    }
    if status.twin_seen_at.is_some() {
        about.add("twin", say::complaint_twin);
    }
    if let Some(quarantine) = status.quarantine {
        let (kind, why) = match quarantine.why {
            QuarantineWhy::EdgeRestored => ("restored", "edge_restored".into()),
            QuarantineWhy::EdgeCloned => ("cloned", "edge_cloned".into()),
        };
        let (at, epoch) = (age::moment(quarantine.at).into(), status.epoch.into());
        about.add(kind, say::complaint_quarantine { edge: edge(), why, at, epoch });
    }
    if let Some(fence) = status.unproven {
        about.add("grant_differs", say::complaint_grant_differs { fence: fence.into() });
    }
    for left in &status.left_behind {
        let (epoch, count) = (left.epoch.into(), left.commands);
        about.add("left_behind", say::complaint_left_behind { epoch, count });
    }
}

fn of_machine(about: &mut About<'_>, status: &EdgeStatus) {
    if status.disk_is_low() {
        let mib = (status.disk_free_bytes.unwrap_or_default() >> 20).into();
        about.add("disk_low", say::complaint_disk_low { mib });
    }
    if status.clock_is_wrong() {
        let error_ms = status.clock_error_ms.unwrap_or_default();
        let error = if error_ms > 0 { "ahead" } else { "behind" }.into();
        let by = age::duration(error_ms.abs()).into();
        about.add("clock_wrong", say::complaint_clock_wrong { by, error });
    }
}
