//! The right to assign as order_db keeps it: a region's row, every fence and how it ended, every
//! version of the rules, and who changed what, when and why.
//!
//! Invariants: whoever changes how a region assigns holds its row alone until the commit, and every
//! deciding transaction shares it, so that a grant's digest is of exactly what was decided before it;
//! each change is told by one event of the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use platform::{
    sql::{Sql, Tx},
    transact, vals,
};
use process::clock::Clock;
use rules::{Assignment, Seat, Wanted, Wish};
use serde::Serialize;
use uuid::Uuid;
use wire::{
    AssignmentEvent, Code, EdgeId, FenceEnd, FenceEnding, FenceRecord, Hash, OfflineRules, Policy,
    Region, RenewAsked, TakeBack, UnixMillis, UserId,
};

use super::{
    Store, StoreError,
    read::{self, Lock},
    rows::{self, AssignmentRow, FenceRow, select_assignments, select_fences},
    turn::{Record, turn},
};

/// The newest fences and changes of a region that are shown.
const SHOWN_MAX: usize = 50;
const DIGEST: &str = "SELECT digest FROM fences WHERE region = ? AND fence = ?";
const NOTES: &str = "SELECT version, what, policy, holder, epoch, fence, rules_version, made_at, \
    made_by, why FROM assignment_changes WHERE region = ? ORDER BY version DESC LIMIT ?";
const ALL: &str = select_assignments!("ORDER BY region");
const FENCES: &str = select_fences!("WHERE region = ? ORDER BY fence DESC LIMIT ?");
const FENCES_OF: &str =
    select_fences!("WHERE holder = ? AND epoch <= ? ORDER BY granted_at DESC, fence DESC LIMIT ?");
const ENDED_EPOCH: &str = "SELECT epoch FROM ended_epochs WHERE edge = ?";
const ADD_ENDED_EPOCH: &str =
    "INSERT INTO ended_epochs (epoch, ended_at, why, edge) VALUES (?, ?, ?, ?)";
const RAISE_ENDED_EPOCH: &str =
    "UPDATE ended_epochs SET epoch = ?, ended_at = ?, why = ? WHERE edge = ?";

/// What an operator asks for; what is absent stays as it is. A take-back comes first.
#[derive(Debug, Clone)]
pub struct Assign {
    pub by: UserId,
    pub trace: String,
    pub take_back: Option<String>,
    pub right: Option<(Policy, Option<Seat>)>,
    pub rules: Option<OfflineRules>,
}

/// How a region assigns, and how that came to be.
#[derive(Debug, Clone, Serialize)]
pub struct RegionRecord {
    #[serde(flatten)]
    pub now: AssignmentEvent,
    /// What comes once the holder has given the right back.
    pub wanted: Option<WantedNext>,
    /// Newest first.
    pub fences: Vec<FenceRecord>,
    pub changes: Vec<Changed>,
}

#[derive(Debug, Clone, Serialize)]
pub struct WantedNext {
    pub policy: Policy,
    pub holder: Option<EdgeId>,
    pub epoch: Option<u64>,
    pub by: UserId,
}

#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    pub version: u64,
    /// `set`, or how a right ended.
    pub what: String,
    pub policy: Policy,
    pub holder: Option<EdgeId>,
    pub epoch: u64,
    pub fence: u64,
    pub rules_version: u64,
    pub at: UnixMillis,
    pub by: Option<UserId>,
    pub why: Option<String>,
}

type NoteRow =
    (i64, String, String, Option<String>, i64, i64, i64, i64, Option<Uuid>, Option<String>);

impl Store {
    /// Does what an operator asks for a region; a refusal changes nothing.
    pub async fn assign(
        &self,
        region: Region,
        asked: &Assign,
    ) -> Result<Result<(), Code>, StoreError> {
        transact!(self.sql, tx => { assign_in(tx, &self.clock, region, asked).await })
    }

    /// Takes back every right that this epoch of the edge, or one before it, holds or is to be
    /// granted, and grants it none from here on. Safe to repeat. Answers with all that they held.
    pub async fn end_epoch(&self, over: &TakeBack) -> Result<Vec<FenceRecord>, StoreError> {
        transact!(self.sql, tx => { end_epoch_in(tx, &self.clock, over).await })
    }

    /// Gives the same holder a new fence, where the one it names still stands.
    pub async fn renew(&self, asked: &RenewAsked) -> Result<(), StoreError> {
        transact!(self.sql, tx => { renew_in(tx, &self.clock, asked).await })
    }

    pub async fn assignments(&self) -> Result<Vec<AssignmentEvent>, StoreError> {
        let rows = self.sql.all::<AssignmentRow>(ALL, Vec::new()).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let (region, assignment) = row.assignment()?;
            items.push(self.told(region, &assignment).await?);
        }
        Ok(items)
    }

    pub async fn region_record(&self, region: Region) -> Result<RegionRecord, StoreError> {
        const ONE: &str = select_assignments!("WHERE region = ?");
        let row = self.sql.one::<AssignmentRow>(ONE, vals![region]).await?;
        let (_, assignment) =
            row.ok_or(StoreError::Unreadable("a region without its row"))?.assignment()?;
        let fences = self.sql.all::<FenceRow>(FENCES, vals![region, SHOWN_MAX]).await?;
        let notes = self.sql.all::<NoteRow>(NOTES, vals![region, SHOWN_MAX]).await?;
        Ok(RegionRecord {
            now: self.told(region, &assignment).await?,
            wanted: assignment.wanted.map(|wanted| WantedNext {
                policy: wanted.policy,
                epoch: wanted.holder.as_ref().map(|seat| seat.epoch),
                holder: wanted.holder.map(|seat| seat.edge),
                by: wanted.by,
            }),
            fences: fences.into_iter().map(FenceRow::record).collect::<Result<_, _>>()?,
            changes: notes.into_iter().map(changed).collect::<Result<_, _>>()?,
        })
    }

    async fn told(
        &self,
        region: Region,
        assignment: &Assignment,
    ) -> Result<AssignmentEvent, StoreError> {
        let digest = granted_on(&self.sql, region, assignment).await?;
        Ok(AssignmentEvent { region, assignment: assignment.told(digest) })
    }
}

async fn assign_in(
    tx: &mut Tx,
    clock: &Clock,
    region: Region,
    asked: &Assign,
) -> Result<Result<(), Code>, StoreError> {
    let mut now = locked(tx, region).await?;
    let seat = asked.right.as_ref().and_then(|(_, seat)| seat.as_ref());
    if let Some(seat) = seat
        && is_over(tx, seat).await?
    {
        return Ok(Err(Code::EdgeEpochEnded));
    }
    let at = clock.now();
    let by = Some(asked.by);
    let record = |what, why: Option<&str>| Record {
        what,
        at,
        by,
        why: why.map(str::to_owned),
        trace: Some(asked.trace.clone()),
    };
    if let Some(why) = &asked.take_back {
        let how = FenceEnding::TakenBack;
        let end = FenceEnd { at, how, by, why: Some(why.clone()) };
        if let Some(turned) = now.taken_back(end) {
            turn(tx, clock, region, &turned, &record(how.as_str(), Some(why))).await?;
            now = turned.after;
        }
    }
    let right = asked.right.clone();
    let right = right.map(|(policy, holder)| Wanted { policy, holder, by: asked.by });
    let wish = Wish { right, rules: asked.rules.clone() };
    if let Some(turned) = now.wished(wish, None) {
        turn(tx, clock, region, &turned, &record("set", None)).await?;
    }
    Ok(Ok(()))
}

async fn end_epoch_in(
    tx: &mut Tx,
    clock: &Clock,
    over: &TakeBack,
) -> Result<Vec<FenceRecord>, StoreError> {
    let regions = BTreeSet::from(Region::ALL);
    let assignments = read::assignments(tx, &regions, Lock::ToChange).await?;
    let (at, how) = (clock.now(), FenceEnding::from(over.why));
    let seat = Seat { edge: over.edge.clone(), epoch: over.epoch };
    end_epoch_of(tx, &seat, at, how).await?;
    for (region, assignment) in assignments {
        let end = FenceEnd { at, how, by: None, why: None };
        if let Some(turned) = assignment.epoch_ended(&seat, end) {
            let record = Record { what: how.as_str(), at, by: None, why: None, trace: None };
            turn(tx, clock, region, &turned, &record).await?;
        }
    }
    let values = vals![&over.edge, over.epoch, SHOWN_MAX];
    let rows = tx.all::<FenceRow>(FENCES_OF, values).await?;
    rows.into_iter().map(FenceRow::record).collect()
}

async fn renew_in(tx: &mut Tx, clock: &Clock, asked: &RenewAsked) -> Result<(), StoreError> {
    const GRANTED_BY: &str = "SELECT granted_by FROM fences WHERE region = ? AND fence = ?";
    let now = locked(tx, asked.region).await?;
    let seat = Seat { edge: asked.edge.clone(), epoch: asked.epoch };
    let granted = tx.one::<(Uuid,)>(GRANTED_BY, vals![asked.region, asked.fence]).await?;
    let Some((by,)) = granted else { return Ok(()) };
    let (at, how) = (clock.now(), FenceEnding::Renewed);
    let end = FenceEnd { at, how, by: None, why: None };
    if let Some(turned) = now.renewed(&seat, asked.fence, end, UserId(by)) {
        let record = Record { what: how.as_str(), at, by: None, why: None, trace: None };
        turn(tx, clock, asked.region, &turned, &record).await?;
    }
    Ok(())
}

async fn locked(tx: &mut Tx, region: Region) -> Result<Assignment, StoreError> {
    let mut rows: BTreeMap<Region, Assignment> =
        read::assignments(tx, &BTreeSet::from([region]), Lock::ToChange).await?;
    rows.remove(&region).ok_or(StoreError::Unreadable("a region without its row"))
}

async fn is_over(tx: &mut Tx, seat: &Seat) -> Result<bool, StoreError> {
    let row = tx.one::<(i64,)>(ENDED_EPOCH, vals![&seat.edge]).await?;
    let ended = row.map(|(epoch,)| rows::count(epoch, "ended_epochs.epoch")).transpose()?;
    Ok(ended.is_some_and(|ended| seat.epoch <= ended))
}

/// Whoever ends an epoch holds the rows of all regions, so two of them do not meet here.
async fn end_epoch_of(
    tx: &mut Tx,
    seat: &Seat,
    at: UnixMillis,
    how: FenceEnding,
) -> Result<(), StoreError> {
    let row = tx.one::<(i64,)>(ENDED_EPOCH, vals![&seat.edge]).await?;
    let values = vals![seat.epoch, at, how.as_str(), &seat.edge];
    match row.map(|(epoch,)| rows::count(epoch, "ended_epochs.epoch")).transpose()? {
        None => tx.exec(ADD_ENDED_EPOCH, values).await?,
        Some(known) if known < seat.epoch => tx.exec(RAISE_ENDED_EPOCH, values).await?,
        Some(_) => 0,
    };
    Ok(())
}

async fn granted_on(
    sql: &Sql,
    region: Region,
    assignment: &Assignment,
) -> Result<Option<Hash>, StoreError> {
    if assignment.holder.is_none() {
        return Ok(None);
    }
    let row = sql.one::<(Vec<u8>,)>(DIGEST, vals![region, assignment.fence]).await?;
    row.map(|(digest,)| rows::hash(&digest, "fences.digest")).transpose()
}

fn changed(row: NoteRow) -> Result<Changed, StoreError> {
    let (version, what, policy, holder, epoch, fence, rules_version, at, by, why) = row;
    let count = |number| rows::count(number, "assignment_changes");
    Ok(Changed {
        version: count(version)?,
        what,
        policy: rows::read(&policy, "assignment_changes.policy")?,
        holder: holder.map(rows::edge_id).transpose()?,
        epoch: count(epoch)?,
        fence: count(fence)?,
        rules_version: count(rules_version)?,
        at: UnixMillis(at),
        by: by.map(UserId),
        why,
    })
}
