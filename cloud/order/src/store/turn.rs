//! Writing one change of a region's assignment: the fence that ended or was given out, the row, the
//! record of who did it, and the event that tells it.
//!
//! Invariant: the caller holds the region's row alone, so that a grant's digest is of exactly what was
//! decided before it.

use platform::{
    outbox,
    sql::{Tx, Val},
    vals,
};
use process::clock::Clock;
use rules::{Assignment, Turned};
use uuid::Uuid;
use wire::{
    AssignmentEvent, Event, EventId, EventType, FenceEnding, Hash, OrderId, OrderStatus, Region,
    UnixMillis, UserId, is_open, open_digest,
};

use super::{StoreError, rows};

const EVENT_VERSION: u32 = 1;
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

/// Who changed it, when and why.
pub struct Record {
    pub what: &'static str,
    pub at: UnixMillis,
    pub by: Option<UserId>,
    pub why: Option<String>,
    pub trace: Option<String>,
}

impl Record {
    /// By the holder itself, in its log.
    pub fn released(at: UnixMillis) -> Self {
        Self { what: FenceEnding::Released.as_str(), at, by: None, why: None, trace: None }
    }
}

/// Writes a change of a region's assignment, its record and its event.
pub async fn turn(
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
