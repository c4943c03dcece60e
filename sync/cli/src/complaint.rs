//! Owns what is said of a report that is not as it should be: the problem, and the next step.
//! Invariant: there is a complaint exactly where `wire::StatusReport::complaints` finds one, so the
//! exit code of `status` and every other reader of the report agree on what healthy means.

mod link;
mod log;
mod machine;
mod region;

use serde::Serialize;
use wire::{
    ChecksumState, EdgeStatus, GateState, Language, LinkState, RegionStatus, StatusReport,
    UnixMillis,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// A stable word for scripts.
    pub kind: Kind,
    /// The region or the edge.
    pub about: String,
    pub problem: String,
    pub next_step: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    GateClosed,
    NoEdge,
    NeverConnected,
    LinkDown,
    OrdersDiffer,
    Unsettled,
    OpsStopped,
    OpsHeld,
    OpsParked,
    AsksStopped,
    NeedsOperator,
    Twin,
    Restored,
    Cloned,
    Contradicted,
    GrantDiffers,
    LeftBehind,
    DiskLow,
    ClockWrong,
}

/// Everything that is not as it should be; empty when all is well.
pub fn all(report: &StatusReport, language: Language) -> Vec<Complaint> {
    report.regions.iter().flat_map(|region| of_region(region, report.now, language)).collect()
}

fn of_region(region: &RegionStatus, now: UnixMillis, language: Language) -> Vec<Complaint> {
    let name = region.region.as_str();
    let contradicted =
        region.contradicted_lately(now).then(|| region::contradicted(region, language));
    let closed = (region.gate == GateState::Closed).then(|| region::gate_closed(name, language));
    let stopped = (region.asks_stopped > 0).then(|| region::asks_stopped(region, language));
    let empty = region.edges.is_empty().then(|| region::no_edge(name, language));
    let edges = region.edges.iter().flat_map(|edge| {
        let link = of_edge(edge, region.gate, language);
        of_log(edge, language).into_iter().chain(link).chain(of_machine(edge, language))
    });
    closed.into_iter().chain(contradicted).chain(stopped).chain(empty).chain(edges).collect()
}

fn of_edge(edge: &EdgeStatus, gate: GateState, language: Language) -> Option<Complaint> {
    match (edge.link, edge.checksum) {
        (LinkState::Never, _) => Some(link::never_connected(edge, language)),
        (LinkState::Down, _) => Some(link::link_down(edge, gate, language)),
        (LinkState::Up, ChecksumState::Mismatch) => Some(link::orders_differ(edge, language)),
        _ if edge.unsettled_since.is_some() => Some(link::unsettled(edge, language)),
        _ if edge.stopped > 0 => Some(log::ops_stopped(edge, language)),
        _ if edge.held > 0 => Some(log::ops_held(edge, language)),
        _ if edge.parked > 0 => Some(log::ops_parked(edge, language)),
        _ => None,
    }
}

/// What concerns its log itself, whatever else is wrong.
fn of_log(edge: &EdgeStatus, language: Language) -> Vec<Complaint> {
    let stopped = edge.needs_operator_at.map(|_| log::needs_operator(edge, language));
    let twin = edge.twin_seen_at.map(|_| log::twin(edge, language));
    let quarantine = edge.quarantine.map(|quarantine| log::restored(edge, quarantine, language));
    let unproven = edge.unproven.map(|fence| link::grant_differs(edge, fence, language));
    let left = edge.left_behind.iter().map(|left| log::left_behind(edge, *left, language));
    stopped.into_iter().chain(twin).chain(quarantine).chain(unproven).chain(left).collect()
}

fn of_machine(edge: &EdgeStatus, language: Language) -> impl Iterator<Item = Complaint> {
    let disk = edge.disk_is_low().then(|| machine::disk_low(edge, language));
    let clock = edge.clock_is_wrong().then(|| machine::clock_wrong(edge, language));
    disk.into_iter().chain(clock)
}

fn complaint(
    kind: Kind,
    about: &str,
    problem: impl Into<String>,
    next_step: impl Into<String>,
) -> Complaint {
    Complaint {
        kind,
        about: about.to_owned(),
        problem: problem.into(),
        next_step: next_step.into(),
    }
}
