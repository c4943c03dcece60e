//! Writes one assignment change: the fence that ended or was issued, the row, the audit record, and
//! the event.
//!
//! Invariant: the caller locks the region's row exclusively, so that a grant's digest covers
//! exactly the decisions before it.

use platform::{
    outbox,
    sql::{Columns, Tx, Val},
    vals,
};
use process::clock::Clock;
use rules::{Assignment, AssignmentTransition};
use uuid::Uuid;
use wire::{
    AssignmentEvent, Event, EventId, EventType, FenceEnd, Hash, OrderId, OrderStatus, Region,
    UnixMillis, UserId, is_open, open_digest,
};

use super::{
    StoreError,
    rows::{AssignmentChangeRow, AssignmentRow, FenceRow, RulesRow},
};

const EVENT_VERSION: u32 = 1;
/// Orders per read when computing a grant's digest.
const DIGEST_PART: usize = 5_000;

const END: &str = "UPDATE fences SET ended_at = ?, ended_how = ?, ended_by = ?, ended_why = ? \
    WHERE region = ? AND fence = ?";
/// The author, time and reason of a change.
pub struct AssignmentAudit {
    pub what: &'static str,
    pub at: UnixMillis,
    pub by: Option<UserId>,
    pub why: Option<String>,
    pub trace: Option<String>,
}

impl AssignmentAudit {
    pub fn from_fence_end(end: &FenceEnd) -> Self {
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

pub async fn apply_transition(
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
    Ok(outbox::store::add(tx, &event).await?)
}

async fn insert_grant(
    tx: &mut Tx,
    region: Region,
    after: &Assignment,
    by: UserId,
    at: UnixMillis,
) -> Result<Hash, StoreError> {
    let digest = open_orders(tx, region).await?;
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
async fn open_orders(tx: &mut Tx, region: Region) -> Result<Hash, StoreError> {
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
