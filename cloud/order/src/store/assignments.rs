//! The assignment right in order_db: a region's row, every fence and its end, every version of the
//! rules, and an audit record of every change.
//!
//! Invariants: an assignment change locks the region's row exclusively until commit, and every
//! deciding transaction locks it shared, so a grant's digest covers exactly the decisions before
//! it; each change publishes one event in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use platform::{
    ChangeError,
    sql::{Columns, NAMES_MAX, ReadError, Row, Statement, StoredRow, Tx, Val, split_batches},
    transact, vals,
};
use rules::{Assignment, HolderEpoch, NextAssignment, RequestedAssignment};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    AssignmentEvent, Code, EdgeId, FenceEnd, FenceEnding, FenceRecord, Hash, LeaseRenewalRequest,
    LeaseRevocation, OfflineRules, Policy, Region, TimelineEntry, UserId,
};

use super::{
    Store, StoreError,
    assignment_rows::{
        AssignmentAudit, AssignmentChangeRow, AssignmentLock, AssignmentRow, EndedEpochRow,
        FenceRow, apply_transition, lock_assignments,
    },
};

/// The newest fences and changes of a region shown.
const SHOWN_MAX: usize = 50;
/// Each region's row with the digest of its last grant.
const ASSIGNMENTS: &str = ", fences.digest FROM region_assignment LEFT JOIN fences \
    ON fences.region = region_assignment.region AND fences.fence = region_assignment.fence ";
const NOTES: &str = "WHERE region = ? ORDER BY version DESC LIMIT ?";
const FENCES: &str = "WHERE region = ? ORDER BY fence DESC LIMIT ?";
const FENCES_OF: &str =
    "WHERE holder = ? AND epoch <= ? ORDER BY granted_at DESC, fence DESC LIMIT ?";
const ENDED_EPOCH: &str = "SELECT epoch FROM ended_epochs WHERE edge = ?";

/// An operator's request; absent parts stay unchanged. A take-back comes first.
#[derive(Debug, Clone)]
pub struct AssignmentRequest {
    pub by: UserId,
    pub trace: String,
    pub take_back: Option<String>,
    pub right: Option<(Policy, Option<HolderEpoch>)>,
    pub rules: Option<OfflineRules>,
}

/// A region's assignment and its history.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AssignmentRecord {
    #[serde(flatten)]
    pub now: AssignmentEvent,
    /// Takes effect once the holder releases the right.
    #[schema(required)]
    pub wanted: Option<NextRight>,
    /// Newest first.
    pub fences: Vec<FenceRecord>,
    pub changes: Vec<AssignmentChangeRow>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NextRight {
    pub policy: Policy,
    #[schema(required)]
    pub holder: Option<EdgeId>,
    #[schema(required)]
    pub epoch: Option<u64>,
    pub by: UserId,
}

struct AssignmentDigestRow {
    row: AssignmentRow,
    digest: Option<Hash>,
}

impl Row for AssignmentDigestRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            row: Row::read(row)?,
            digest: row.get("digest")?,
        })
    }
}

impl Store {
    /// A refusal changes nothing.
    pub async fn change_assignment(
        &self,
        region: Region,
        request: &AssignmentRequest,
    ) -> Result<(), ChangeError> {
        transact!(self.sql, tx => {
            let mut now = lock_assignment(tx, region).await?;
            let holder = request.right.as_ref().and_then(|(_, holder)| holder.as_ref());
            if let Some(holder) = holder
                && has_epoch_ended(tx, holder).await?
            {
                return Err(Code::EdgeEpochEnded.into());
            }
            let (at, by) = (self.clock.now(), Some(request.by));
            let trace = Some(request.trace.clone());
            if let Some(why) = &request.take_back {
                let end = FenceEnd { at, how: FenceEnding::TakenBack, by, why: Some(why.clone()) };
                let record = AssignmentAudit { trace: trace.clone(), ..AssignmentAudit::from_fence_end(&end) };
                if let Some(turned) = now.taken_back(end) {
                    apply_transition(tx, &self.clock, region, &turned, &record).await?;
                    now = turned.after;
                }
            }
            let right = request.right.clone();
            let next = |(policy, holder)| NextAssignment { policy, holder, by: request.by };
            let wish = RequestedAssignment { right: right.map(next), rules: request.rules.clone() };
            if let Some(turned) = now.apply_request(wish) {
                let record = AssignmentAudit { what: "set", at, by, why: None, trace };
                apply_transition(tx, &self.clock, region, &turned, &record).await?;
            }
            Ok(())
        })
    }

    /// Takes back every right the edge holds or is about to get in this epoch or an earlier one,
    /// and blocks further grants to them. Safe to repeat. Returns all fences they held.
    pub async fn end_epoch(&self, over: &LeaseRevocation) -> Result<Vec<FenceRecord>, StoreError> {
        transact!(self.sql, tx => {
            let regions = BTreeSet::from(Region::ALL);
            let assignments = lock_assignments(tx, &regions, AssignmentLock::ToChange).await?;
            let LeaseRevocation { why: how, by, reason: why, .. } = over.clone();
            let end = FenceEnd { at: self.clock.now(), how, by, why };
            let holder = HolderEpoch { edge: over.edge.clone(), epoch: over.epoch };
            end_epoch_of(tx, &holder, &end).await?;
            for (region, assignment) in assignments {
                if let Some(turned) = assignment.epoch_ended(&holder, end.clone()) {
                    apply_transition(tx, &self.clock, region, &turned, &AssignmentAudit::from_fence_end(&end)).await?;
                }
            }
            let values = vals![&over.edge, over.epoch, SHOWN_MAX];
            let rows = tx.fetch_all::<FenceRow>(FenceRow::select(FENCES_OF), values).await?;
            Ok(rows.into_iter().map(FenceRecord::from).collect())
        })
    }

    /// Issues a new fence to the same holder if the fence in the request is still current.
    pub async fn renew_fence(&self, asked: &LeaseRenewalRequest) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            let now = lock_assignment(tx, asked.region).await?;
            let holder = HolderEpoch { edge: asked.edge.clone(), epoch: asked.epoch };
            let text = FenceRow::select("WHERE region = ? AND fence = ?");
            let granted = tx.fetch_optional::<FenceRow>(text, vals![asked.region, asked.fence]).await?;
            let Some(FenceRow { granted_by, .. }) = granted else { return Ok(()) };
            let (at, how) = (self.clock.now(), FenceEnding::Renewed);
            let end = FenceEnd { at, how, by: None, why: None };
            let record = AssignmentAudit::from_fence_end(&end);
            if let Some(turned) = now.renew_right(&holder, asked.fence, end, granted_by) {
                apply_transition(tx, &self.clock, asked.region, &turned, &record).await?;
            }
            Ok(())
        })
    }

    /// Fills in the end of the right behind each entry's promise.
    pub async fn fill_in_promise_ends<'a>(
        &self,
        region: Region,
        lines: impl Iterator<Item = &'a mut TimelineEntry>,
    ) -> Result<(), StoreError> {
        let promises: Vec<_> = lines.filter_map(|line| line.promise.as_mut()).collect();
        let fences: BTreeSet<u64> = promises.iter().map(|promise| promise.fence).collect();
        let fences: Vec<u64> = fences.into_iter().collect();
        let mut ends = BTreeMap::new();
        for part in split_batches(&fences, NAMES_MAX) {
            let mut values = vals![region];
            values.extend(part.iter().map(Val::from));
            let text = FenceRow::select("WHERE region = ? AND fence IN (");
            let text = text.append_marks(part.len()).append_text(")");
            let rows: Vec<FenceRow> = self.sql.fetch_all(text, values).await?;
            ends.extend(
                rows.into_iter()
                    .map(|row| (row.fence, FenceRecord::from(row).end)),
            );
        }
        for promise in promises {
            promise.end = ends.get(&promise.fence).cloned().flatten();
        }
        Ok(())
    }

    pub async fn list_assignments(&self) -> Result<Vec<AssignmentEvent>, StoreError> {
        let text = select_with_digest("ORDER BY region_assignment.region");
        let rows = self
            .sql
            .fetch_all::<AssignmentDigestRow>(text, Vec::new())
            .await?;
        rows.into_iter()
            .map(|row| row.read().map(|(event, _)| event))
            .collect()
    }

    pub(super) async fn find_offline_rules(
        &self,
        region: Region,
    ) -> Result<OfflineRules, StoreError> {
        let text = select_with_digest("WHERE region_assignment.region = ?");
        let row = self
            .sql
            .fetch_optional::<AssignmentDigestRow>(text, vals![region])
            .await?;
        let (now, _) = row
            .ok_or(StoreError::Unreadable("a region has no assignment row"))?
            .read()?;
        Ok(now.assignment.rules)
    }

    pub async fn region_record(&self, region: Region) -> Result<AssignmentRecord, StoreError> {
        let text = select_with_digest("WHERE region_assignment.region = ?");
        let row = self
            .sql
            .fetch_optional::<AssignmentDigestRow>(text, vals![region])
            .await?;
        let (now, wanted) = row
            .ok_or(StoreError::Unreadable("a region has no assignment row"))?
            .read()?;
        let values = vals![region, SHOWN_MAX];
        let fences = self
            .sql
            .fetch_all::<FenceRow>(FenceRow::select(FENCES), values.clone())
            .await?;
        Ok(AssignmentRecord {
            now,
            wanted: wanted.map(|wanted| NextRight {
                policy: wanted.policy,
                epoch: wanted.holder.as_ref().map(|holder| holder.epoch),
                holder: wanted.holder.map(|holder| holder.edge),
                by: wanted.by,
            }),
            fences: fences.into_iter().map(FenceRecord::from).collect(),
            changes: self
                .sql
                .fetch_all(AssignmentChangeRow::select(NOTES), values)
                .await?,
        })
    }
}

fn select_with_digest(tail: &'static str) -> Statement {
    Statement::new("SELECT ")
        .append_text(AssignmentRow::LIST)
        .append_text(ASSIGNMENTS)
        .append_text(tail)
}

impl AssignmentDigestRow {
    fn read(self) -> Result<(AssignmentEvent, Option<NextAssignment>), StoreError> {
        let (region, assignment) = self.row.into_assignment()?;
        let told = assignment.to_region_assignment(self.digest);
        Ok((
            AssignmentEvent {
                region,
                assignment: told,
            },
            assignment.wanted,
        ))
    }
}

async fn lock_assignment(tx: &mut Tx, region: Region) -> Result<Assignment, StoreError> {
    let mut rows: BTreeMap<Region, Assignment> =
        lock_assignments(tx, &BTreeSet::from([region]), AssignmentLock::ToChange).await?;
    rows.remove(&region)
        .ok_or(StoreError::Unreadable("a region has no assignment row"))
}

async fn has_epoch_ended(tx: &mut Tx, holder: &HolderEpoch) -> Result<bool, StoreError> {
    Ok(ended_epoch(tx, &holder.edge)
        .await?
        .is_some_and(|ended| holder.epoch <= ended))
}

/// The caller locks the rows of all regions, so two calls never run concurrently.
async fn end_epoch_of(tx: &mut Tx, holder: &HolderEpoch, end: &FenceEnd) -> Result<(), StoreError> {
    let edge = &holder.edge;
    let epoch = holder.epoch;
    let known = ended_epoch(tx, edge).await?;
    let row = EndedEpochRow {
        edge,
        epoch,
        ended_at: end.at,
        why: end.how.as_str(),
    };
    match known {
        None => tx.insert(row).await?,
        Some(known) if known < epoch => {
            let mut values = row.values();
            values.push(edge.into());
            tx.exec(EndedEpochRow::update("WHERE edge = ?"), values)
                .await?;
        }
        Some(_) => {}
    }
    Ok(())
}

async fn ended_epoch(tx: &mut Tx, edge: &EdgeId) -> Result<Option<u64>, StoreError> {
    Ok(tx.fetch_optional(ENDED_EPOCH, vals![edge]).await?)
}
