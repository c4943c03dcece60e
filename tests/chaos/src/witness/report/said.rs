//! The output of `holdfast status` for one region, parsed from its JSON and from its table.

use wire::{
    ChecksumState, EdgeStatus, GateState, LinkState, Policy, Region, StatusReport, UnixMillis,
};

#[derive(Debug)]
pub(crate) struct SaidRegion {
    pub now: UnixMillis,
    pub policy: String,
    /// Only in the JSON.
    pub counts: Option<SaidCounts>,
    pub edges: Vec<SaidEdge>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SaidCounts {
    pub gate: GateState,
    pub feed_seq: u64,
    pub orders: u64,
    pub asks: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SaidEdge {
    pub edge: String,
    pub link: String,
    pub epoch: u64,
    pub pending: u64,
    pub waiting: u64,
    pub lag_up: u64,
    pub lag_down: u64,
    pub checksum: String,
    /// Only in the JSON.
    pub undecided: Option<u64>,
}

impl SaidRegion {
    pub(crate) fn of_report(report: StatusReport, region: Region) -> Option<Self> {
        let now = report.now;
        let said = report
            .regions
            .into_iter()
            .find(|said| said.region == region)?;
        let counts = SaidCounts {
            gate: said.gate,
            feed_seq: said.feed_seq,
            orders: said.orders,
            asks: said.asks_waiting,
        };
        Some(Self {
            now,
            policy: policy_and_holder(said.policy, said.holder.as_ref()),
            counts: Some(counts),
            edges: said.edges.iter().map(SaidEdge::from).collect(),
        })
    }

    /// Parses the piped table; tabs separate its cells.
    pub(crate) fn of_table(table: &str, region: Region, now: UnixMillis) -> Option<Self> {
        let rows = table
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let rows = rows.filter(|cells| cells.first() == Some(&region.as_str()));
        let mut policy = None;
        let mut edges = Vec::new();
        for cells in rows {
            let [
                _,
                edge,
                _,
                link,
                pending,
                lag,
                checksum,
                assigns,
                epoch,
                waiting,
                _,
            ] = <[&str; 11]>::try_from(cells).ok()?;
            let (up, down) = lag.split_once(" / ")?;
            policy = Some(assigns.to_owned());
            edges.push(SaidEdge {
                edge: edge.to_owned(),
                // The mark comes first, and the time last.
                link: link.split(' ').nth(1)?.to_owned(),
                epoch: epoch.parse().ok()?,
                pending: number(pending)?,
                waiting: waiting.parse().ok()?,
                lag_up: up.parse().ok()?,
                lag_down: number(down)?,
                checksum: checksum.split(' ').nth(1)?.to_owned(),
                undecided: None,
            });
        }
        Some(Self {
            now,
            policy: policy?,
            counts: None,
            edges,
        })
    }
}

impl From<&EdgeStatus> for SaidEdge {
    fn from(said: &EdgeStatus) -> Self {
        let link = match said.link {
            LinkState::Up => "up",
            LinkState::Down => "down",
            LinkState::Never => "never",
        };
        let checksum = match said.checksum {
            ChecksumState::Match => "match",
            ChecksumState::Mismatch => "differs",
            ChecksumState::Settling => "settling",
            ChecksumState::Unknown => "unknown",
        };
        Self {
            edge: said.edge.to_string(),
            link: link.to_owned(),
            epoch: said.epoch,
            pending: said.pending.into(),
            waiting: said.held + said.parked,
            lag_up: said.lag_up_ops,
            lag_down: said.lag_down_changes + said.lag_down_outcomes,
            checksum: checksum.to_owned(),
            undecided: Some(said.undecided),
        }
    }
}

pub(super) fn policy_and_holder(policy: Policy, holder: Option<&impl ToString>) -> String {
    match holder {
        Some(holder) => format!("{} ({})", policy.as_str(), holder.to_string()),
        None => policy.as_str().to_owned(),
    }
}

/// The number before a remark such as `, oldest 3s`.
fn number(cell: &str) -> Option<u64> {
    cell.split(',').next()?.parse().ok()
}
