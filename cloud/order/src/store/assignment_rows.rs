//! The rows of a region's assignment: how they are locked and read, and how one change of the
//! assignment writes them. A change writes the fence that ended or was issued, the region's row,
//! the audit record, and the event.
//!
//! Invariant: the caller of a change locks the region's row exclusively, so that a grant's digest
//! covers exactly the decisions before it.

use std::collections::{BTreeMap, BTreeSet};

use planted::{Defect, is_planted};
use platform::{
    columns, outbox, row,
    sql::{Columns, Tx, Val},
    vals,
};
use process::clock::Clock;
use rules::{Assignment, AssignmentTransition, HolderEpoch, NextAssignment, OfflineRules};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    AssignmentEvent, EdgeId, Event, EventId, EventType, FenceEnd, FenceEnding, FenceRecord, Hash,
    OrderId, OrderStatus, Policy, Region, UnixMillis, UserId, is_open, open_digest,
};

use super::StoreError;

const EVENT_VERSION: u32 = 1;

/// Orders per read when computing a grant's digest.
const DIGEST_PART: usize = 5_000;

const END: &str = "UPDATE fences SET ended_at = ?, ended_how = ?, ended_by = ?, ended_why = ? \
    WHERE region = ? AND fence = ?";

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
    pub(super) fn from_assignment(region: Region, assignment: &Assignment, rules: String) -> Self {
        let wanted = assignment.wanted.as_ref();
        let wanted_holder = wanted.and_then(|wanted| wanted.holder.as_ref());
        Self {
            region,
            policy_version: assignment.policy_version,
            policy: assignment.policy,
            holder: assignment.holder.clone(),
            epoch: assignment.epoch,
            fence: assignment.fence,
            wanted_policy: wanted.map(|wanted| wanted.policy),
            wanted_holder: wanted_holder.map(|holder| holder.edge.clone()),
            wanted_epoch: wanted_holder.map(|holder| holder.epoch),
            wanted_by: wanted.map(|wanted| wanted.by),
            rules_version: assignment.rules_version,
            rules,
        }
    }

    pub(super) fn into_assignment(self) -> Result<(Region, Assignment), StoreError> {
        let named = self.wanted_holder.zip(self.wanted_epoch);
        let holder = named.map(|(edge, epoch)| HolderEpoch { edge, epoch });
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

pub(super) fn offline_rules(text: &str) -> Result<OfflineRules, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("offline rules"))
}

/// How a region's assignment is locked until the transaction ends. SQLite has one writer at a time
/// and requires neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssignmentLock {
    /// Shared with other decisions; blocks changes.
    ToDecide,
    ToChange,
}

pub(super) async fn lock_assignments(
    tx: &mut Tx,
    regions: &BTreeSet<Region>,
    lock: AssignmentLock,
) -> Result<BTreeMap<Region, Assignment>, StoreError> {
    if regions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let text = AssignmentRow::select("WHERE region IN (").append_marks(regions.len());
    let text = text.append_text(") ORDER BY region");
    let text = match lock {
        _ if !tx.is_mysql() => text,
        AssignmentLock::ToDecide if is_planted(Defect::AssignmentNotLocked) => text,
        // MariaDB lacks MySQL's newer FOR SHARE; both support this.
        AssignmentLock::ToDecide => text.append_text(" LOCK IN SHARE MODE"),
        AssignmentLock::ToChange => text.append_text(" FOR UPDATE"),
    };
    let values = regions.iter().map(Into::into).collect();
    let rows = tx.fetch_all::<AssignmentRow>(text, values).await?;
    rows.into_iter()
        .map(AssignmentRow::into_assignment)
        .collect()
}

/// The author, time and reason of a change.
pub(super) struct AssignmentAudit {
    pub what: &'static str,
    pub at: UnixMillis,
    pub by: Option<UserId>,
    pub why: Option<String>,
    pub trace: Option<String>,
}

impl AssignmentAudit {
    pub(super) fn from_fence_end(end: &FenceEnd) -> Self {
        let FenceEnd { at, how, by, why } = end;
        Self {
            what: how.as_str(),
            at: *at,
            by: *by,
            why: why.clone(),
            trace: None,
        }
    }
}

pub(super) async fn apply_transition(
    tx: &mut Tx,
    clock: &Clock,
    region: Region,
    transition: &AssignmentTransition,
    record: &AssignmentAudit,
) -> Result<(), StoreError> {
    let after = &transition.after;
    if let Some((fence, end)) = &transition.ended {
        let values = vals![
            end.at,
            end.how.as_str(),
            end.by,
            end.why.as_deref(),
            region,
            *fence
        ];
        tx.exec(END, values).await?;
    }
    let rules = serde_json::to_string(&after.rules)?;
    if transition.new_rules {
        let version = after.rules_version;
        let made_at = record.at;
        let made_by = record.by;
        tx.insert(RulesRow {
            region,
            version,
            rules: &rules,
            made_at,
            made_by,
        })
        .await?;
    }
    let digest = match transition.granted {
        Some(by) => Some(insert_grant(tx, region, after, by, record.at).await?),
        None => standing_digest(tx, region, after).await?,
    };
    let mut values = AssignmentRow::from_assignment(region, after, rules).values();
    values.push(region.into());
    tx.exec(AssignmentRow::update("WHERE region = ?"), values)
        .await?;
    tx.insert(to_change_row(region, after, record)).await?;
    let body = AssignmentEvent {
        region,
        assignment: after.to_region_assignment(digest),
    };
    let trace = record
        .trace
        .clone()
        .unwrap_or_else(|| clock.new_id().simple().to_string());
    let event = Event {
        id: EventId(clock.new_id()),
        kind: EventType::RegionAssigned,
        version: EVENT_VERSION,
        at: record.at,
        trace,
        body: serde_json::to_value(&body)?,
    };
    tracing::info!(
        %region, what = record.what, fence = after.fence, version = after.policy_version,
        "Changed how `{region}` assigns orders"
    );
    Ok(outbox::add(tx, &event).await?)
}

async fn insert_grant(
    tx: &mut Tx,
    region: Region,
    after: &Assignment,
    by: UserId,
    at: UnixMillis,
) -> Result<Hash, StoreError> {
    let digest = read_open_digest(tx, region).await?;
    let holder = after.holder.clone();
    let row = FenceRow {
        region,
        fence: after.fence,
        holder: holder.ok_or(StoreError::Contradiction(
            "a granted assignment has no holder",
        ))?,
        epoch: after.epoch,
        digest,
        granted_at: at,
        granted_by: by,
        ended_at: None,
        ended_how: None,
        ended_by: None,
        ended_why: None,
    };
    tx.insert(row).await?;
    Ok(digest)
}

/// The digest of the region's open orders as this transaction sees them.
async fn read_open_digest(tx: &mut Tx, region: Region) -> Result<Hash, StoreError> {
    const OPEN: &str = "SELECT id, version FROM orders WHERE location = ? \
        AND status IN (?, ?, ?, ?) AND id > ? ORDER BY id LIMIT ?";
    let open: Vec<Val> = OrderStatus::ALL
        .iter()
        .filter(|status| is_open(**status))
        .map(Val::from)
        .collect();
    let mut digest = Hash::ZERO;
    let mut after = OrderId(Uuid::nil());
    loop {
        let mut values = vals![region];
        values.extend(open.clone());
        values.extend(vals![after, DIGEST_PART]);
        let rows = tx.fetch_all::<(OrderId, u64)>(OPEN, values).await?;
        let read = rows.len();
        after = rows.last().map_or(after, |(id, _)| *id);
        digest.toggle_member(open_digest(rows));
        if read < DIGEST_PART {
            return Ok(digest);
        }
    }
}

async fn standing_digest(
    tx: &mut Tx,
    region: Region,
    after: &Assignment,
) -> Result<Option<Hash>, StoreError> {
    if after.holder.is_none() {
        return Ok(None);
    }
    let text = FenceRow::select("WHERE region = ? AND fence = ?");
    let row = tx
        .fetch_optional::<FenceRow>(text, vals![region, after.fence])
        .await?;
    Ok(row.map(|row| row.digest))
}

fn to_change_row(
    region: Region,
    after: &Assignment,
    record: &AssignmentAudit,
) -> AssignmentChangeRow {
    AssignmentChangeRow {
        region,
        version: after.policy_version,
        what: record.what.to_owned(),
        policy: after.policy,
        holder: after.holder.clone(),
        epoch: after.epoch,
        fence: after.fence,
        rules_version: after.rules_version,
        made_at: record.at.0,
        made_by: record.by,
        why: record.why.clone(),
    }
}
