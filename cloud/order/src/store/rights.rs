//! The right to assign as order_db keeps it: a region's row, every fence and how it ended, every
//! version of the rules, and who changed what, when and why.
//!
//! Invariants: whoever changes how a region assigns holds its row alone until the commit, and every
//! deciding transaction shares it, so that a grant's digest is of exactly what was decided before it;
//! each change is told by one event of the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use platform::{
    outbox,
    sql::{Sql, Tx, Val},
    transact, vals,
};
use process::clock::Clock;
use rules::{Assignment, Seat, Turned, Wanted, Wish};
use serde::Serialize;
use uuid::Uuid;
use wire::{
    AssignmentEvent, Code, EdgeId, Event, EventId, EventType, FenceEnd, FenceEnding, FenceRecord,
    Hash, OfflineRules, OrderId, OrderStatus, Policy, Region, TakeBack, UnixMillis, UserId,
    is_open, open_digest,
};

use super::{
    Store, StoreError,
    read::{self, Lock},
    rows::{self, AssignmentRow, FenceRow, select_assignments, select_fences},
};

const EVENT_VERSION: u32 = 1;
/// The newest fences and changes of a region that are shown.
const SHOWN_MAX: usize = 50;
/// Orders of one read of a grant's digest.
const DIGEST_PART: usize = 5_000;

const END: &str = "UPDATE fences SET ended_at = ?, ended_how = ?, ended_by = ?, ended_why = ? \
    WHERE region = ? AND fence = ?";
const GRANT: &str = "INSERT INTO fences \
    (region, fence, holder, epoch, digest, granted_at, granted_by) VALUES (?, ?, ?, ?, ?, ?, ?)";
const DIGEST: &str = "SELECT digest FROM fences WHERE region = ? AND fence = ?";
const TURN: &str = "UPDATE region_assignment SET policy_version = ?, policy = ?, holder = ?, \
    epoch = ?, fence = ?, wanted_policy = ?, wanted_holder = ?, wanted_epoch = ?, wanted_by = ?, \
    rules_version = ?, rules = ? WHERE region = ?";
const RULES: &str = "INSERT INTO region_rules (region, version, rules, made_at, made_by) \
    VALUES (?, ?, ?, ?, ?)";
const NOTE: &str = "INSERT INTO assignment_changes (region, version, what, policy, holder, epoch, \
    fence, rules_version, made_at, made_by, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
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

/// Who changed it, when and why.
pub(super) struct Record {
    what: &'static str,
    at: UnixMillis,
    by: Option<UserId>,
    why: Option<String>,
    trace: Option<String>,
}

type NoteRow =
    (i64, String, String, Option<String>, i64, i64, i64, i64, Option<Uuid>, Option<String>);

impl Record {
    /// By the holder itself, in its log.
    pub fn released(at: UnixMillis) -> Self {
        Self { what: FenceEnding::Released.as_str(), at, by: None, why: None, trace: None }
    }
}

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

/// Writes a change of a region's assignment, its record and its event. The caller holds the row.
pub(super) async fn turn(
    tx: &mut Tx,
    clock: &Clock,
    region: Region,
    turned: &Turned,
    record: &Record,
) -> Result<(), StoreError> {
    let after = &turned.after;
    if let Some((fence, end)) = &turned.ended {
        let values = vals![end.at, end.how.as_str(), end.by, end.why.as_deref(), region, *fence];
        tx.exec(END, values).await?;
    }
    let rules = serde_json::to_string(&after.rules)?;
    if turned.new_rules {
        let version = after.rules_version;
        let values = vals![region, version, rules.as_str(), record.at, record.by];
        tx.exec(RULES, values).await?;
    }
    let digest = match turned.granted {
        Some(by) => Some(grant(tx, region, after, by, record.at).await?),
        None => standing_digest(tx, region, after).await?,
    };
    move_row(tx, region, after, rules).await?;
    note(tx, region, after, record).await?;
    let body = AssignmentEvent { region, assignment: after.told(digest) };
    let trace = record.trace.clone().unwrap_or_else(|| clock.new_id().simple().to_string());
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
        "How `{region}` assigns has changed"
    );
    Ok(outbox::store::add(tx, &event).await?)
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

async fn grant(
    tx: &mut Tx,
    region: Region,
    after: &Assignment,
    by: UserId,
    at: UnixMillis,
) -> Result<Hash, StoreError> {
    let digest = open_orders(tx, region).await?;
    let values = vals![region, after.fence, &after.holder, after.epoch, digest, at, by];
    tx.exec(GRANT, values).await?;
    Ok(digest)
}

/// The digest of the region's open orders as this transaction sees them.
async fn open_orders(tx: &mut Tx, region: Region) -> Result<Hash, StoreError> {
    const OPEN: &str = "SELECT id, version FROM orders WHERE location = ? \
        AND status IN (?, ?, ?, ?) AND id > ? ORDER BY id LIMIT ?";
    let open: Vec<Val> =
        OrderStatus::ALL.iter().filter(|status| is_open(**status)).map(Val::from).collect();
    let mut digest = Hash::ZERO;
    let mut after = Uuid::nil();
    loop {
        let mut values = vals![region];
        values.extend(open.clone());
        values.extend(vals![after, DIGEST_PART]);
        let rows = tx.all::<(Uuid, i64)>(OPEN, values).await?;
        let read = rows.len();
        after = rows.last().map_or(after, |(id, _)| *id);
        let counted = rows
            .into_iter()
            .map(|(id, version)| Ok((OrderId(id), rows::count(version, "orders.version")?)));
        digest.toggle(open_digest(counted.collect::<Result<Vec<_>, StoreError>>()?));
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
    let row = tx.one::<(Vec<u8>,)>(DIGEST, vals![region, after.fence]).await?;
    row.map(|(digest,)| rows::hash(&digest, "fences.digest")).transpose()
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

async fn move_row(
    tx: &mut Tx,
    region: Region,
    after: &Assignment,
    rules: String,
) -> Result<(), StoreError> {
    let wanted = after.wanted.as_ref();
    let seat = wanted.and_then(|wanted| wanted.holder.as_ref());
    let values = vals![
        after.policy_version,
        after.policy.as_str(),
        &after.holder,
        after.epoch,
        after.fence,
        wanted.map(|wanted| wanted.policy.as_str()),
        seat.map(|seat| &seat.edge),
        seat.map(|seat| seat.epoch),
        wanted.map(|wanted| wanted.by),
        after.rules_version,
        rules,
        region,
    ];
    tx.exec(TURN, values).await?;
    Ok(())
}

async fn note(
    tx: &mut Tx,
    region: Region,
    after: &Assignment,
    record: &Record,
) -> Result<(), StoreError> {
    let values = vals![
        region,
        after.policy_version,
        record.what,
        after.policy.as_str(),
        &after.holder,
        after.epoch,
        after.fence,
        after.rules_version,
        record.at,
        record.by,
        record.why.as_deref(),
    ];
    tx.exec(NOTE, values).await?;
    Ok(())
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
