//! The edges as an operator sees them.

use std::collections::HashMap;

use platform::vals;
use wire::{ChecksumState, EdgeStatus, LeftBehind, LinkState, QuarantineStatus, UnixMillis};

use super::{
    Result, Store, count, edge,
    epochs::quarantine_why,
    hash, region,
    work::{NEEDS_OPERATOR, PARKED},
};
use crate::domain::status::{EdgeRecord, RegionRecord};

const PAGE: &str = "SELECT e.edge, e.region, e.created_at, e.enrolled_at, e.epoch, \
    e.program_version, e.cursor_seq, e.outcome_count, e.undecided, e.link_up, e.link_since, \
    e.last_contact_at, e.outcome_cursor, e.feed_cursor, e.digest, e.ahead, e.pending, \
    e.oldest_pending_at, e.last_seq, e.clock_error_ms, e.disk_free_bytes, f.region_digest, \
    p.at AS epoch_at, p.why AS epoch_why, e.readmitted_at, e.needs_operator_at, e.twin_seen_at, \
    e.repair_asked_at, e.repairs, e.repaired_at, e.unproven, e.assignment, \
    e.lost, e.lost_at, \
    (SELECT g.at FROM feed g WHERE g.region = e.region AND g.feed_seq > e.feed_cursor \
    ORDER BY g.feed_seq LIMIT 1) AS change_at, \
    (SELECT o.at FROM outcomes o WHERE o.edge = e.edge AND o.epoch = e.epoch \
    AND o.number > e.outcome_cursor ORDER BY o.number LIMIT 1) AS outcome_at \
    FROM edges e LEFT JOIN feed f ON f.region = e.region AND f.feed_seq = e.feed_cursor \
    LEFT JOIN epochs p ON p.edge = e.edge AND p.epoch = e.epoch \
    WHERE e.edge > ? ORDER BY e.edge LIMIT ?";
const WAITING: &str = "SELECT u.edge, u.state, COUNT(*) FROM undecided u \
    JOIN edges e ON e.edge = u.edge AND e.epoch = u.epoch \
    WHERE u.state <> 'received' GROUP BY u.edge, u.state";

#[derive(sqlx::FromRow)]
struct Row {
    edge: String,
    region: String,
    created_at: i64,
    enrolled_at: Option<i64>,
    epoch: i64,
    program_version: Option<String>,
    cursor_seq: i64,
    outcome_count: i64,
    undecided: i64,
    link_up: i64,
    link_since: Option<i64>,
    last_contact_at: Option<i64>,
    outcome_cursor: i64,
    feed_cursor: i64,
    digest: Option<Vec<u8>>,
    ahead: i64,
    pending: i64,
    oldest_pending_at: Option<i64>,
    last_seq: i64,
    clock_error_ms: Option<i64>,
    disk_free_bytes: Option<i64>,
    region_digest: Option<Vec<u8>>,
    epoch_at: Option<i64>,
    epoch_why: Option<String>,
    readmitted_at: Option<i64>,
    needs_operator_at: Option<i64>,
    twin_seen_at: Option<i64>,
    repair_asked_at: Option<i64>,
    repairs: i64,
    repaired_at: Option<i64>,
    unproven: Option<i64>,
    assignment: Option<Vec<u8>>,
    lost: i64,
    lost_at: Option<i64>,
    change_at: Option<i64>,
    outcome_at: Option<i64>,
}

/// The ops of an edge that wait.
#[derive(Default, Clone, Copy)]
struct WaitingOps {
    held: u64,
    /// Of those held.
    stopped: u64,
    parked: u64,
}

type Waiting = HashMap<String, WaitingOps>;

/// Edges read at once for an overview.
const OVERVIEW_PAGE: usize = 500;

impl Store {
    /// All regions and all edges.
    pub async fn overview(&self) -> Result<(Vec<RegionRecord>, Vec<EdgeRecord>)> {
        let mut edges: Vec<EdgeRecord> = Vec::new();
        loop {
            let after = edges.last().map(|last| last.stored.edge.to_string()).unwrap_or_default();
            let page = self.edges(&after, OVERVIEW_PAGE).await?;
            let whole = page.len() == OVERVIEW_PAGE;
            edges.extend(page);
            if !whole {
                break;
            }
        }
        // Last: a feed that moves on meanwhile makes a lag, never a difference.
        Ok((self.regions().await?, edges))
    }

    /// The edges after `after` by name, at most `limit`.
    pub async fn edges(&self, after: &str, limit: usize) -> Result<Vec<EdgeRecord>> {
        let rows: Vec<Row> = self.sql.all(PAGE, vals![after, limit]).await?;
        let waiting = self.waiting().await?;
        let mut left = self.left_behind_by_edge().await?;
        let rows = rows.into_iter().map(|row| {
            let left_behind = left.remove(&row.edge).unwrap_or_default();
            read(row, &waiting, left_behind)
        });
        rows.collect()
    }

    async fn waiting(&self) -> Result<Waiting> {
        let rows: Vec<(String, String, i64)> = self.sql.all(WAITING, vals![]).await?;
        let mut waiting = Waiting::new();
        for (edge, state, number) in rows {
            let WaitingOps { held, stopped, parked } = waiting.entry(edge).or_default();
            *(if state == PARKED { parked } else { held }) += count(number);
            *stopped += if state == NEEDS_OPERATOR { count(number) } else { 0 };
        }
        Ok(waiting)
    }
}

fn read(row: Row, waiting: &Waiting, left_behind: Vec<LeftBehind>) -> Result<EdgeRecord> {
    let why = row.epoch_why.as_deref().map(quarantine_why).transpose()?;
    let quarantine = row.epoch_at.zip(why);
    let WaitingOps { held, stopped, parked } = waiting.get(&row.edge).copied().unwrap_or_default();
    let moment = |at: Option<i64>| at.map(UnixMillis);
    let stored = EdgeStatus {
        edge: edge(row.edge)?,
        last_contact_at: moment(row.last_contact_at),
        epoch: count(row.epoch),
        version: row.program_version,
        pending: u32::try_from(row.pending).unwrap_or(u32::MAX),
        oldest_pending_at: moment(row.oldest_pending_at),
        undecided: count(row.undecided),
        held,
        stopped,
        parked,
        lag_down_since: moment(row.change_at.into_iter().chain(row.outcome_at).min()),
        clock_error_ms: row.clock_error_ms,
        disk_free_bytes: row.disk_free_bytes.map(count),
        left_behind,
        quarantine: quarantine.map(|(at, why)| QuarantineStatus { at: UnixMillis(at), why }),
        needs_operator_at: moment(row.needs_operator_at),
        twin_seen_at: moment(row.twin_seen_at),
        repair_asked_at: moment(row.repair_asked_at),
        repairs: count(row.repairs),
        repaired_at: moment(row.repaired_at),
        unproven: row.unproven.map(count),
        lost: count(row.lost),
        lost_at: moment(row.lost_at),
        link: LinkState::Never,
        since: None,
        lag_up_ops: 0,
        lag_down_changes: 0,
        lag_down_outcomes: 0,
        checksum: ChecksumState::Unknown,
        unsettled_since: None,
    };
    Ok(EdgeRecord {
        stored,
        region: region(&row.region)?,
        created_at: UnixMillis(row.created_at),
        enrolled_at: moment(row.enrolled_at),
        cursor_seq: count(row.cursor_seq),
        outcome_count: count(row.outcome_count),
        link_up: row.link_up == 1,
        link_since: moment(row.link_since),
        outcome_cursor: count(row.outcome_cursor),
        feed_cursor: count(row.feed_cursor),
        digest: row.digest.as_deref().map(hash).transpose()?,
        ahead: count(row.ahead),
        last_seq: count(row.last_seq),
        region_digest: row.region_digest.as_deref().map(hash).transpose()?,
        assignment: row.assignment.as_deref().map(hash).transpose()?,
        readmitted_at: moment(row.readmitted_at),
    })
}
