//! Rows of region assignments: rights, rules, and the record of every change.

use platform::{columns, row};
use rules::{Assignment, HolderEpoch, NextAssignment, OfflineRules};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{EdgeId, FenceEnd, FenceEnding, FenceRecord, Hash, Policy, Region, UnixMillis, UserId};

use crate::store::StoreError;

row! {
    pub struct AssignmentRow in region_assignment {
        region: Region,
        policy_version: u64,
        policy: Policy,
        holder: Option<EdgeId>,
        epoch: u64,
        fence: u64,
        wanted_policy: Option<Policy>,
        wanted_holder: Option<EdgeId>,
        wanted_epoch: Option<u64>,
        wanted_by: Option<UserId>,
        rules_version: u64,
        rules: String,
    }
}

impl AssignmentRow {
    pub fn from_assignment(region: Region, assignment: &Assignment, rules: String) -> Self {
        let wanted = assignment.wanted.as_ref();
        let seat = wanted.and_then(|wanted| wanted.holder.as_ref());
        Self {
            region,
            policy_version: assignment.policy_version,
            policy: assignment.policy,
            holder: assignment.holder.clone(),
            epoch: assignment.epoch,
            fence: assignment.fence,
            wanted_policy: wanted.map(|wanted| wanted.policy),
            wanted_holder: seat.map(|seat| seat.edge.clone()),
            wanted_epoch: seat.map(|seat| seat.epoch),
            wanted_by: wanted.map(|wanted| wanted.by),
            rules_version: assignment.rules_version,
            rules,
        }
    }

    pub fn into_assignment(self) -> Result<(Region, Assignment), StoreError> {
        let seat = self.wanted_holder.zip(self.wanted_epoch);
        let holder = seat.map(|(edge, epoch)| HolderEpoch { edge, epoch });
        let wanted = self.wanted_policy.zip(self.wanted_by);
        let assignment = Assignment {
            policy_version: self.policy_version,
            policy: self.policy,
            holder: self.holder,
            epoch: self.epoch,
            fence: self.fence,
            wanted: wanted.map(|(policy, by)| NextAssignment { policy, holder, by }),
            rules_version: self.rules_version,
            rules: offline_rules(&self.rules)?,
            ..Assignment::default()
        };
        Ok((self.region, assignment))
    }
}

row! {
    /// A recorded change of a region's assignment.
    #[derive(Debug, Clone, Serialize, ToSchema)]
    pub struct AssignmentChangeRow in assignment_changes {
        #[serde(skip)]
        pub region: Region,
        pub version: u64,
        /// `set`, or the reason a right ended.
        pub what: String,
        pub policy: Policy,
        #[schema(required)]
        pub holder: Option<EdgeId>,
        pub epoch: u64,
        pub fence: u64,
        pub rules_version: u64,
        /// Milliseconds since 1970.
        #[serde(rename = "at")]
        pub made_at: i64,
        #[serde(rename = "by")]
        #[schema(required)]
        pub made_by: Option<UserId>,
        #[schema(required)]
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
    /// The newest ended epoch of an edge.
    pub struct EndedEpochRow<'a> in ended_epochs {
        pub edge: &'a EdgeId,
        pub epoch: u64,
        pub ended_at: UnixMillis,
        pub why: &'static str,
    }
}

row! {
    pub struct FenceRow in fences {
        pub region: Region,
        pub fence: u64,
        pub holder: EdgeId,
        pub epoch: u64,
        /// The digest of the open orders at the grant.
        pub digest: Hash,
        pub granted_at: UnixMillis,
        pub granted_by: UserId,
        pub ended_at: Option<UnixMillis>,
        pub ended_how: Option<FenceEnding>,
        pub ended_by: Option<UserId>,
        pub ended_why: Option<String>,
    }
}

impl From<FenceRow> for FenceRecord {
    fn from(row: FenceRow) -> Self {
        let by = row.ended_by;
        let why = row.ended_why;
        Self {
            region: row.region,
            fence: row.fence,
            holder: row.holder,
            epoch: row.epoch,
            granted_at: row.granted_at,
            granted_by: row.granted_by,
            end: row
                .ended_at
                .zip(row.ended_how)
                .map(|(at, how)| FenceEnd { at, how, by, why }),
        }
    }
}

pub fn offline_rules(text: &str) -> Result<OfflineRules, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("offline rules"))
}
