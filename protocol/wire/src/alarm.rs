//! Alarms: the health issues of the status report that admins are told of, and the events about
//! them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    assignment::QuarantineWhy,
    ids::{EdgeId, Region},
    status::{HealthIssue, HealthIssueKind, LinkState, RegionStatus, StatusReport},
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
        CertificateEnds "certificate_ends",
        PartAway "part_away",
        DeadLetters "dead_letters",
    }
}

words_from_text!(AlarmKind);

/// The body of `platform.alarm_raised` and `platform.alarm_ended`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlarmEvent {
    /// Absent if the alarm is about a part of the cloud, and from the event that only counts: a look
    /// tells a limited number of alarms one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Alarm>,
    /// The alarm, if it is about a part of the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_alarm: Option<PartAlarm>,
    /// The other alarms of the look, which have no event of their own. It is 1 in an event with a
    /// `part_alarm`: a reader that does not know that field counts the alarm at least.
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

/// One health issue of a part of the cloud that lasts, or lasted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartAlarm {
    /// A kind of `AlarmKind`, or one of a newer hub.
    pub kind: String,
    pub part: String,
    pub since: UnixMillis,
}

/// A health issue as an alarm names it: several issues of one kind about one subject are one alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmSubject {
    pub kind: AlarmKind,
    pub scope: AlarmScope,
    /// When the issue began, if the report tells.
    pub since: Option<UnixMillis>,
}

/// What has the health issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmScope {
    Region(Region),
    Edge { region: Region, edge: EdgeId },
    Part(String),
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
            Self::CertificateEnds { .. } => AlarmKind::CertificateEnds,
            Self::PartAway { .. } => AlarmKind::PartAway,
            Self::DeadLetters(_) => AlarmKind::DeadLetters,
        }
    }
}

impl StatusReport {
    /// The health issues as alarms, each once, in the order of the report.
    pub fn list_alarm_subjects(&self) -> Vec<AlarmSubject> {
        let mut subjects: Vec<AlarmSubject> = Vec::new();
        for issue in self.list_health_issues() {
            let Some(subject) = self.find_alarm_subject(&issue) else {
                continue;
            };
            let is_known =
                |known: &AlarmSubject| known.kind == subject.kind && known.scope == subject.scope;
            if !subjects.iter().any(is_known) {
                subjects.push(subject);
            }
        }
        subjects
    }

    fn find_alarm_subject(&self, issue: &HealthIssue) -> Option<AlarmSubject> {
        let kind = issue.kind.alarm_kind();
        let about = issue.about.as_str();
        // An edge may have the name of a part, but never its issues.
        let part = || AlarmScope::Part(about.to_owned());
        let known = |scope, since| Some(AlarmSubject { kind, scope, since });
        match issue.kind {
            HealthIssueKind::PartAway { since } => return known(part(), Some(since)),
            HealthIssueKind::DeadLetters(_) => return known(part(), None),
            _ => {}
        }
        for RegionStatus { region, edges, .. } in &self.regions {
            if region.as_str() == about {
                return known(AlarmScope::Region(*region), None);
            }
            if let Some(status) = edges.iter().find(|edge| edge.edge.as_str() == about) {
                let region = *region;
                let edge = status.edge.clone();
                // A report tells since when a link is down; other issues begin with the first look.
                let is_down = kind == AlarmKind::LinkDown && status.link == LinkState::Down;
                let since = status.since.filter(|_| is_down);
                return known(AlarmScope::Edge { region, edge }, since);
            }
        }
        None
    }
}
