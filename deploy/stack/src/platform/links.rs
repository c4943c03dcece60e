//! The links of the edges: cutting and healing one, and waiting until all are up and all checksums
//! match.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::time::{sleep, timeout};
use wire::{
    ChecksumState, EdgeStatus, GateState, HealthIssue, HealthIssueKind, LinkState, Region,
    StatusReport,
};

use super::Stack;

/// Time until five links are up and the checksums match, after everything has started. It allows
/// for a busy machine; a platform that fails reports it earlier.
pub const HEALTHY_MAX: Duration = Duration::from_secs(120);
const STATUS_POLL: Duration = Duration::from_millis(100);
/// At default limits a person may call one endpoint a hundred times a minute.
const STATUS_POLL_AT_DEFAULT_LIMITS: Duration = Duration::from_secs(1);

impl Stack {
    /// Closes the gate of a region at the hub; returns once its link is down.
    pub async fn cut(&self, region: Region) -> Result<()> {
        self.set_gate(region, GateState::Closed, LinkState::Down)
            .await
    }

    /// Opens the gate of a region; returns once its link is up again.
    pub async fn heal(&self, region: Region) -> Result<()> {
        self.set_gate(region, GateState::Open, LinkState::Up).await
    }

    /// Returns once all links are up and every edge's orders equal the cloud's.
    pub async fn healthy(&self, deadline: Duration) -> Result<()> {
        let matches = |edge: &EdgeStatus| edge.checksum == ChecksumState::Match;
        self.until_status("everything is healthy", deadline, |status| {
            let mut edges = self.layout.edges.iter();
            let all_match = edges.all(|place| all_edges_match(status, place.region, matches));
            all_match
                && status
                    .list_health_issues()
                    .iter()
                    .all(|issue| self.is_expected(issue))
        })
        .await
    }

    /// True for an issue that belongs to the layout, which may leave regions without an edge. A
    /// right that an operator took back may also stay without a holder.
    fn is_expected(&self, issue: &HealthIssue) -> bool {
        let mut edges = self.layout.edges.iter();
        match issue.kind {
            HealthIssueKind::NoEdge => edges.all(|place| place.region.as_str() != issue.about),
            HealthIssueKind::NobodyHolds => true,
            // Tests that spoil events count the dead letters themselves.
            HealthIssueKind::DeadLetters(_) => true,
            _ => false,
        }
    }

    async fn set_gate(&self, region: Region, gate: GateState, link: LinkState) -> Result<()> {
        let sent = timeout(HEALTHY_MAX, self.send_gate(region, gate)).await;
        sent.with_context(|| format!("could not reach the hub of {region}"))??;
        let has_link =
            |status: &StatusReport| all_edges_match(status, region, |edge| edge.link == link);
        self.until_status(&format!("the link is {link:?}"), HEALTHY_MAX, has_link)
            .await
    }

    /// After a hub returns from a kill, the gateway rejects calls to it for a moment, so retry.
    async fn send_gate(&self, region: Region, gate: GateState) -> Result<()> {
        loop {
            match self.admin().await?.set_gate(region, gate).await {
                Err(error) if error.status.is_none_or(|status| status == 503) => {}
                Err(error) if error.status == Some(401) => self.drop_session().await,
                sent => return Ok(sent.map(|_| ())?),
            }
            sleep(STATUS_POLL).await;
        }
    }

    async fn until_status(
        &self,
        what: &str,
        deadline: Duration,
        is_reached: impl Fn(&StatusReport) -> bool,
    ) -> Result<()> {
        let mut last = String::from("no status report was received");
        let pause = if self.default_limits {
            STATUS_POLL_AT_DEFAULT_LIMITS
        } else {
            STATUS_POLL
        };
        let polling = async {
            loop {
                match self.status().await {
                    Ok(status) if is_reached(&status) => return,
                    Ok(status) => last = describe_status(&status),
                    Err(error) => last = format!("{error:#}"),
                }
                sleep(pause).await;
            }
        };
        let polled = timeout(deadline, polling).await;
        polled.map_err(|_| anyhow!("timed out after {deadline:?} waiting until {what}: {last}"))
    }
}

fn all_edges_match(
    status: &StatusReport,
    region: Region,
    matches: impl Fn(&EdgeStatus) -> bool,
) -> bool {
    let of_region = status.regions.iter().filter(|of| of.region == region);
    let mut edges = of_region.flat_map(|of| &of.edges).peekable();
    edges.peek().is_some() && edges.all(matches)
}

fn describe_status(status: &StatusReport) -> String {
    let edges = status.regions.iter().flat_map(|region| &region.edges);
    let states = edges.map(|e| format!("{} {:?}/{:?}", e.edge, e.link, e.checksum).to_lowercase());
    let complaints = status.list_health_issues().into_iter();
    let complaints = complaints.map(|issue| format!("{}: {:?}", issue.about, issue.kind));
    let states: Vec<String> = complaints.chain(states).collect();
    states.join("; ")
}
