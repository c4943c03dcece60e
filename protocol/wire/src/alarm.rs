//! Alarms: the health issues of the status report that admins are told of, and the events about
//! them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    assignment::QuarantineWhy,
    ids::{EdgeId, Region},
    status::{HealthIssueKind, LinkState, StatusReport},
    time::UnixMillis,
};

words! {
    /// What an alarm is about: a health issue without its numbers. Scripts read the same words from
    /// `holdfast status`.
    AlarmKind {
        GateClosed "gate_closed",
        Contradicted "contradicted",
        AsksStopped "asks_stopped",
        NoEdge "no_edge",
        NobodyHolds "nobody_holds",
        NeedsOperator "needs_operator",
        Twin "twin",
        Restored "restored",
        Cloned "cloned",
        GrantDiffers "grant_differs",
        LeftBehind "left_behind",
        NeverConnected "never_connected",
        LinkDown "link_down",
        OrdersDiffer "orders_differ",
        Unsettled "unsettled",
        OpsStopped "ops_stopped",
        OpsHeld "ops_held",
        OpsParked "ops_parked",
        DiskLow "disk_low",
        NewcomersWait "newcomers_wait",
        TakesAnyHub "takes_any_hub",
        PlainLine "plain_line",
        PlainListeners "plain_listeners",
        ClockWrong "clock_wrong",
        CloudTokens "cloud_tokens",
    }
}

words_from_text!(AlarmKind);

/// The body of `platform.alarm_raised` and `platform.alarm_ended`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlarmEvent {
    /// Absent from the event that only counts: a look tells a limited number of alarms one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Alarm>,
    /// The other alarms of the look, which have no event of their own.
    #[serde(default)]
    #[schema(required)]
    pub more: u64,
}

/// One health issue that lasts, or lasted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alarm {
    /// A kind of `AlarmKind`, or one of a newer hub.
    pub kind: String,
    pub region: Region,
    /// Absent if the alarm is about the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeId>,
    pub since: UnixMillis,
}

/// A health issue as an alarm names it: several issues of one kind about one subject are one alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmSubject {
    pub kind: AlarmKind,
    pub region: Region,
    pub edge: Option<EdgeId>,
    /// When the issue began, if the report tells.
    pub since: Option<UnixMillis>,
}

impl HealthIssueKind {
    pub fn alarm_kind(self) -> AlarmKind {
        match self {
            Self::GateClosed => AlarmKind::GateClosed,
            Self::Contradicted(_) => AlarmKind::Contradicted,
            Self::AsksStopped(_) => AlarmKind::AsksStopped,
            Self::NoEdge => AlarmKind::NoEdge,
            Self::NobodyHolds => AlarmKind::NobodyHolds,
            Self::NeedsOperator => AlarmKind::NeedsOperator,
            Self::Twin => AlarmKind::Twin,
            Self::Quarantined(status, _) => match status.why {
                QuarantineWhy::EdgeRestored => AlarmKind::Restored,
                QuarantineWhy::EdgeCloned => AlarmKind::Cloned,
            },
            Self::GrantDiffers { .. } => AlarmKind::GrantDiffers,
            Self::LeftBehind(_) => AlarmKind::LeftBehind,
            Self::NeverConnected => AlarmKind::NeverConnected,
            Self::LinkDown(_) => AlarmKind::LinkDown,
            Self::OrdersDiffer => AlarmKind::OrdersDiffer,
            Self::Unsettled { .. } => AlarmKind::Unsettled,
            Self::OpsStopped(_) => AlarmKind::OpsStopped,
            Self::OpsHeld(_) => AlarmKind::OpsHeld,
            Self::OpsParked(_) => AlarmKind::OpsParked,
            Self::DiskLow { .. } => AlarmKind::DiskLow,
            Self::NewcomersWait(_) => AlarmKind::NewcomersWait,
            Self::TakesAnyHub => AlarmKind::TakesAnyHub,
            Self::PlainLine => AlarmKind::PlainLine,
            Self::PlainListeners => AlarmKind::PlainListeners,
            Self::ClockWrong { .. } => AlarmKind::ClockWrong,
            Self::CloudTokens { .. } => AlarmKind::CloudTokens,
        }
    }
}

impl StatusReport {
    /// The health issues as alarms, each once, in the order of the report.
    pub fn list_alarm_subjects(&self) -> Vec<AlarmSubject> {
        let mut subjects: Vec<AlarmSubject> = Vec::new();
        for issue in self.list_health_issues() {
            let kind = issue.kind.alarm_kind();
            let found = self.regions.iter().find_map(|region| {
                if region.region.as_str() == issue.about {
                    return Some((region.region, None));
                }
                let mut edges = region.edges.iter();
                let edge = edges.find(|edge| edge.edge.as_str() == issue.about)?;
                Some((region.region, Some(edge)))
            });
            let Some((region, edge)) = found else {
                continue;
            };
            // A report tells since when a link is down; other issues begin with the first look.
            let since = edge
                .filter(|edge| kind == AlarmKind::LinkDown && edge.link == LinkState::Down)
                .and_then(|edge| edge.since);
            let edge = edge.map(|edge| edge.edge.clone());
            let is_known = |known: &AlarmSubject| {
                known.kind == kind && known.region == region && known.edge == edge
            };
            if !subjects.iter().any(is_known) {
                subjects.push(AlarmSubject {
                    kind,
                    region,
                    edge,
                    since,
                });
            }
        }
        subjects
    }
}
