//! The data that operators see and set: the status of edges and regions, a region's gate, and
//! retries of stopped ops and waiting accepts. A region's row also holds the end of its feed.
//!
//! Invariant: the transaction of a retry records the operator.

use platform::{
    fields,
    sql::{ReadError, Row, StoredRow},
    transact, vals,
};
use wire::{
    ChecksumState, CommandId, DiskLevel, DiskUse, EdgeId, EdgeStatus, GateState, Hash, LinkState,
    Policy, QuarantineStatus, Region, RepairStatus, UnixMillis, UserId,
};

use super::{NEEDS_OPERATOR, Result, Store};
use crate::domain::{
    run_plan::FAILURES_OF_POISON_OP,
    status::{EdgeRecord, RegionRecord},
};

const PAGE: &str = "SELECT e.edge, e.region, e.created_at, e.enrolled_at, e.epoch, \
    e.program_version AS version, e.cursor_seq, e.outcome_count, e.undecided, \
    (e.link_up = 1 AND contact.closed_at IS NULL) AS link_up, \
    COALESCE(contact.closed_at, e.link_since) AS link_since, \
    COALESCE(contact.heard_at, e.last_contact_at) AS last_contact_at, \
    e.outcome_cursor, e.feed_cursor, e.digest, e.ahead, e.pending, \
    e.oldest_pending_at, e.last_seq, e.clock_error_ms, e.disk_free_bytes, e.newcomers_waiting, f.region_digest, \
    e.disk_level, e.disk_used_percent, e.photos_waiting, \
    p.at AS epoch_at, p.why AS epoch_why, e.readmitted_at, e.needs_operator_at, e.twin_seen_at, \
    e.repair_asked_at, e.repairs, e.repaired_at, e.unproven, e.assignment, \
    e.lost, e.lost_at, e.takes_any_hub, e.plain_line, e.plain_listeners, e.cloud_tokens_since, \
    (SELECT MAX(c.expires_at) FROM enrolment_codes c WHERE c.edge = e.edge \
    AND e.public_key IS NULL) AS code_expires_at, \
    (SELECT MAX(t.not_after) FROM certificates t WHERE t.edge = e.edge) \
    AS certificate_ends_at, \
    e.disabled_at, e.retired_at, \
    (SELECT COUNT(*) FROM undecided u WHERE u.edge = e.edge AND u.epoch = e.epoch \
    AND u.state IN ('held_region', 'held_operator')) AS held, \
    (SELECT COUNT(*) FROM undecided u WHERE u.edge = e.edge AND u.epoch = e.epoch \
    AND u.state = 'held_operator') AS stopped, \
    (SELECT COUNT(*) FROM undecided u WHERE u.edge = e.edge AND u.epoch = e.epoch \
    AND u.state = 'parked') AS parked, \
    (SELECT g.at FROM feed g WHERE g.region = e.region AND g.feed_seq > e.feed_cursor \
    ORDER BY g.feed_seq LIMIT 1) AS change_at, \
    (SELECT o.at FROM outcomes o WHERE o.edge = e.edge AND o.epoch = e.epoch \
    AND o.number > e.outcome_cursor ORDER BY o.number LIMIT 1) AS outcome_at \
    FROM edges e LEFT JOIN feed f ON f.region = e.region AND f.feed_seq = e.feed_cursor \
    LEFT JOIN epochs p ON p.edge = e.edge AND p.epoch = e.epoch \
    LEFT JOIN edge_contacts contact ON contact.edge = e.edge AND contact.term = e.term \
    WHERE e.edge > ? ORDER BY e.edge LIMIT ?";
const COUNT_UNSETTLED: &str = "SELECT e.undecided, \
    CASE WHEN e.last_seq > e.cursor_seq THEN e.last_seq - e.cursor_seq ELSE 0 END \
    FROM edges e WHERE e.edge = ?";
const OVERVIEW_PAGE: usize = 500;

impl Store {
    pub(crate) async fn read_overview(&self) -> Result<(Vec<RegionRecord>, Vec<EdgeRecord>)> {
        let mut edges: Vec<EdgeRecord> = Vec::new();
        loop {
            let after = edges
                .last()
                .map(|last| last.stored.edge.to_string())
                .unwrap_or_default();
            let page = self.list_edges(&after, OVERVIEW_PAGE).await?;
            let whole = page.len() == OVERVIEW_PAGE;
            edges.extend(page);
            if !whole {
                break;
            }
        }
        // Read last, so a feed that moves meanwhile shows as a lag, never as a difference.
        Ok((self.list_regions().await?, edges))
    }

    /// Returns up to `limit` edges, by name after `after`.
    pub(crate) async fn list_edges(&self, after: &str, limit: usize) -> Result<Vec<EdgeRecord>> {
        let mut edges: Vec<EdgeRecord> = self.sql.fetch_all(PAGE, vals![after, limit]).await?;
        let mut left = self.count_left_behind().await?;
        for EdgeRecord { stored, .. } in &mut edges {
            stored.left_behind = left.remove(&stored.edge).unwrap_or_default();
        }
        Ok(edges)
    }

    /// Counts undecided ops, and ops that the edge has announced but not sent.
    pub(crate) async fn count_unsettled_ops(&self, edge: &EdgeId) -> Result<(u64, u64)> {
        Ok(self
            .sql
            .fetch_optional(COUNT_UNSETTLED, vals![edge])
            .await?
            .unwrap_or_default())
    }
}

impl Row for EdgeRecord {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let epoch_at: Option<UnixMillis> = row.get("epoch_at")?;
        let quarantine = epoch_at.zip(row.get("epoch_why")?);
        let change_at: Option<UnixMillis> = row.get("change_at")?;
        let outcome_at: Option<UnixMillis> = row.get("outcome_at")?;
        let disk_level = row.get::<Option<DiskLevel>>("disk_level")?;
        let disk_used_percent: Option<u32> = row.get("disk_used_percent")?;
        let stored = fields!(row => EdgeStatus {
            edge, last_contact_at, epoch, version, pending, oldest_pending_at, undecided,
            clock_error_ms, disk_free_bytes, photos_waiting, newcomers_waiting, needs_operator_at, twin_seen_at, repair_asked_at,
            repairs, repaired_at, unproven, lost, lost_at, held, stopped, parked, takes_any_hub,
            plain_line, plain_listeners, cloud_tokens_since, certificate_ends_at;
            disk: disk_level.zip(disk_used_percent).map(|(level, used_percent)| DiskUse { level, used_percent }),
            lag_down_since: change_at.into_iter().chain(outcome_at).min(),
            quarantine: quarantine.map(|(at, why)| QuarantineStatus { at, why }),
            // Filled in from another table.
            left_behind: Vec::new(),
            // Derived from the other fields later.
            link: LinkState::Never,
            since: None,
            lag_up_ops: 0,
            lag_down_changes: 0,
            lag_down_outcomes: 0,
            checksum: ChecksumState::Unknown,
            unsettled_since: None,
        });
        Ok(fields!(row => EdgeRecord {
            region, created_at, enrolled_at, code_expires_at, cursor_seq, outcome_count, link_up, link_since,
            outcome_cursor, feed_cursor, digest, ahead, last_seq, region_digest, assignment,
            readmitted_at, disabled_at, retired_at;
            stored
        }))
    }
}

const KNOWN: &str = "SELECT region FROM regions";
const ADD: &str = "INSERT INTO regions (region, gate, policy, feed_generation, feed_seq, \
    feed_digest, compacted_to, orders) VALUES (?, 'open', ?, ?, 0, ?, 0, 0)";
const ALL: &str = "SELECT region, gate, policy, holder, feed_generation, feed_seq, feed_digest, \
    compacted_to, orders, lost, compared_at, repaired, repaired_at, contradictions, contradicted_at, \
    (SELECT COUNT(*) FROM asks a WHERE a.region = regions.region) AS asks_waiting, \
    (SELECT COUNT(*) FROM asks a WHERE a.region = regions.region AND a.failures >= ?) \
    AS asks_stopped FROM regions";
const SET_GATE: &str =
    "UPDATE regions SET gate = ?, gate_changed_at = ?, gate_changed_by = ? WHERE region = ?";

impl Row for RegionRecord {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let repairs = fields!(row => RepairStatus {
            compared_at, repaired, repaired_at, contradictions, contradicted_at
        });
        Ok(fields!(row => RegionRecord {
            region, gate, policy, holder, feed_generation, feed_seq, feed_digest, compacted_to,
            orders, lost, asks_waiting, asks_stopped;
            repairs
        }))
    }
}

impl Store {
    /// Creates missing region rows, before any other query. A new row starts a new feed generation.
    pub(crate) async fn ensure_regions(&self, generation: u64) -> Result<()> {
        transact!(self.sql, tx => {
            let known: Vec<String> = tx.fetch_all(KNOWN, vals![]).await?;
            for region in Region::ALL {
                if known.iter().any(|name| name == region.as_str()) {
                    continue;
                }
                let values = vals![region, Policy::default().as_str(), generation, Hash::ZERO];
                match tx.exec(ADD, values).await {
                    Ok(_) => {}
                    // Another replica was faster.
                    Err(error) if error.is_duplicate_key() => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        })
    }

    /// In the order of `Region::ALL`.
    pub(crate) async fn list_regions(&self) -> Result<Vec<RegionRecord>> {
        let mut states: Vec<RegionRecord> = self
            .sql
            .fetch_all(ALL, vals![FAILURES_OF_POISON_OP])
            .await?;
        states.sort_by_key(|state| state.region.index());
        Ok(states)
    }

    pub(crate) async fn set_gate(
        &self,
        region: Region,
        gate: GateState,
        by: UserId,
        now: UnixMillis,
    ) -> Result<()> {
        self.sql
            .exec(SET_GATE, vals![gate.as_str(), now, by, region])
            .await?;
        Ok(())
    }
}

const RETRY_OP: &str = "UPDATE undecided SET state = 'received', failures = 0 \
    WHERE edge = ? AND epoch = ? AND seq = ? AND state = ?";
const STATE: &str = "SELECT state FROM undecided WHERE edge = ? AND epoch = ? AND seq = ?";
const NOTE: &str = "INSERT INTO op_retries (edge, epoch, seq, at, made_by) VALUES (?, ?, ?, ?, ?)";
const ASKS: &str = "SELECT user_id FROM asks WHERE command_id = ?";
const RETRY_ACCEPT: &str =
    "UPDATE asks SET failures = 0 WHERE command_id = ? AND user_id = ? AND failures >= ?";
const RECORD_ACCEPT_RETRY: &str =
    "INSERT INTO ask_retries (command_id, user_id, at, made_by) VALUES (?, ?, ?, ?)";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryResult {
    /// It is retried with a fresh failure count.
    Retried,
    /// It waits for something else.
    NotStopped,
    /// No such op or accept waits.
    Unknown,
}

impl Store {
    pub(crate) async fn retry_op(
        &self,
        edge: &EdgeId,
        epoch: u64,
        seq: u64,
        by: UserId,
        now: UnixMillis,
    ) -> Result<RetryResult> {
        transact!(self.sql, tx => {
            if tx.exec(RETRY_OP, vals![edge, epoch, seq, NEEDS_OPERATOR]).await? == 1 {
                tx.exec(NOTE, vals![edge, epoch, seq, now, by]).await?;
                return Ok(RetryResult::Retried);
            }
            let state: Option<String> = tx.fetch_optional(STATE, vals![edge, epoch, seq]).await?;
            Ok(if state.is_some() { RetryResult::NotStopped } else { RetryResult::Unknown })
        })
    }

    /// Retries the portal's accepts with that id. There may be several, because an id is unique
    /// only per user.
    pub(crate) async fn retry_asks(
        &self,
        id: CommandId,
        by: UserId,
        now: UnixMillis,
    ) -> Result<RetryResult> {
        transact!(self.sql, tx => {
            let users: Vec<UserId> = tx.fetch_all(ASKS, vals![id]).await?;
            let mut retried = if users.is_empty() { RetryResult::Unknown } else { RetryResult::NotStopped };
            for user in users {
                if tx.exec(RETRY_ACCEPT, vals![id, user, FAILURES_OF_POISON_OP]).await? == 1 {
                    tx.exec(RECORD_ACCEPT_RETRY, vals![id, user, now, by]).await?;
                    retried = RetryResult::Retried;
                }
            }
            Ok(retried)
        })
    }
}
