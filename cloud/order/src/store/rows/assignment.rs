//! How regions assign: the rights, the rules, and the record of every change.

use platform::{columns, sql::bigint};
use rules::{Assignment, NextAssignment, OfflineRules, Seat};
use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;
use wire::{EdgeId, FenceEnd, FenceEnding, FenceRecord, Region, UnixMillis, UserId};

use super::{count, edge_id, read, region};
use crate::store::StoreError;

columns! {
    #[derive(FromRow)]
    pub struct AssignmentRow in region_assignment {
        region: String,
        policy_version: i64,
        policy: String,
        holder: Option<String>,
        epoch: i64,
        fence: i64,
        wanted_policy: Option<String>,
        wanted_holder: Option<String>,
        wanted_epoch: Option<i64>,
        wanted_by: Option<Uuid>,
        rules_version: i64,
        rules: String,
    }
}

impl AssignmentRow {
    pub fn of(region: Region, assignment: &Assignment, rules: String) -> Self {
        let wanted = assignment.wanted.as_ref();
        let seat = wanted.and_then(|wanted| wanted.holder.as_ref());
        Self {
            region: region.as_str().to_owned(),
            policy_version: bigint(assignment.policy_version),
            policy: assignment.policy.as_str().to_owned(),
            holder: assignment.holder.as_ref().map(|edge| edge.as_str().to_owned()),
            epoch: bigint(assignment.epoch),
            fence: bigint(assignment.fence),
            wanted_policy: wanted.map(|wanted| wanted.policy.as_str().to_owned()),
            wanted_holder: seat.map(|seat| seat.edge.as_str().to_owned()),
            wanted_epoch: seat.map(|seat| bigint(seat.epoch)),
            wanted_by: wanted.map(|wanted| wanted.by.0),
            rules_version: bigint(assignment.rules_version),
            rules,
        }
    }

    pub fn assignment(self) -> Result<(Region, Assignment), StoreError> {
        let region = region(&self.region)?;
        let wanted = self.wanted()?;
        let assignment = Assignment {
            policy_version: count(self.policy_version, "region_assignment.policy_version")?,
            policy: read(&self.policy, "region_assignment.policy")?,
            holder: self.holder.map(edge_id).transpose()?,
            epoch: count(self.epoch, "region_assignment.epoch")?,
            fence: count(self.fence, "region_assignment.fence")?,
            wanted,
            rules_version: count(self.rules_version, "region_assignment.rules_version")?,
            rules: offline_rules(&self.rules)?,
            ..Assignment::default()
        };
        Ok((region, assignment))
    }

    fn wanted(&self) -> Result<Option<NextAssignment>, StoreError> {
        let (Some(policy), Some(by)) = (&self.wanted_policy, self.wanted_by) else {
            return Ok(None);
        };
        let holder = match (&self.wanted_holder, self.wanted_epoch) {
            (Some(edge), Some(epoch)) => Some(Seat {
                edge: edge_id(edge.clone())?,
                epoch: count(epoch, "region_assignment.wanted_epoch")?,
            }),
            _ => None,
        };
        let policy = read(policy, "region_assignment.wanted_policy")?;
        Ok(Some(NextAssignment { policy, holder, by: UserId(by) }))
    }
}

columns! {
    /// One change of how a region assigns, as it is kept and shown.
    #[derive(Debug, Clone, FromRow, Serialize)]
    pub struct AssignmentChangeRow in assignment_changes {
        #[serde(skip)]
        pub region: String,
        pub version: i64,
        /// `set`, or how a right ended.
        pub what: String,
        pub policy: String,
        pub holder: Option<String>,
        pub epoch: i64,
        pub fence: i64,
        pub rules_version: i64,
        #[serde(rename = "at")]
        pub made_at: i64,
        #[serde(rename = "by")]
        pub made_by: Option<Uuid>,
        pub why: Option<String>,
    }
}

columns! {
    /// A version of a region's offline rules.
    pub struct RulesRow<'a> in region_rules {
        pub region: Region,
        pub version: u64,
        pub rules: &'a str,
        pub made_at: UnixMillis,
        pub made_by: Option<UserId>,
    }
}

columns! {
    /// The newest epoch of an edge that is over.
    pub struct EndedEpochRow<'a> in ended_epochs {
        pub edge: &'a EdgeId,
        pub epoch: u64,
        pub ended_at: UnixMillis,
        pub why: &'static str,
    }
}

columns! {
    #[derive(FromRow)]
    pub struct FenceRow in fences {
        pub region: String,
        pub fence: i64,
        pub holder: String,
        pub epoch: i64,
        /// Of the open orders that the right was granted on.
        pub digest: Vec<u8>,
        pub granted_at: i64,
        pub granted_by: Uuid,
        pub ended_at: Option<i64>,
        pub ended_how: Option<String>,
        pub ended_by: Option<Uuid>,
        pub ended_why: Option<String>,
    }
}

impl FenceRow {
    pub fn record(self) -> Result<FenceRecord, StoreError> {
        let end = match (self.ended_at, &self.ended_how) {
            (Some(at), Some(how)) => Some(FenceEnd {
                at: UnixMillis(at),
                // As with codes: a right that a newer version has ended has ended.
                how: how.parse().unwrap_or(FenceEnding::Unrecognised),
                by: self.ended_by.map(UserId),
                why: self.ended_why,
            }),
            _ => None,
        };
        Ok(FenceRecord {
            region: region(&self.region)?,
            fence: count(self.fence, "fences.fence")?,
            holder: edge_id(self.holder)?,
            epoch: count(self.epoch, "fences.epoch")?,
            granted_at: UnixMillis(self.granted_at),
            granted_by: UserId(self.granted_by),
            end,
        })
    }
}

pub fn offline_rules(text: &str) -> Result<OfflineRules, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("offline rules"))
}
