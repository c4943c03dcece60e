//! The edges' status for operators.

use platform::{
    fields,
    sql::{ReadError, Row, StoredRow},
    vals,
};
use wire::{ChecksumState, EdgeStatus, LinkState, QuarantineStatus, UnixMillis};

use super::{Result, Store};
use crate::domain::status::{EdgeRecord, RegionRecord};

const PAGE: &str = "SELECT e.edge, e.region, e.created_at, e.enrolled_at, e.epoch, \
    e.program_version AS version, e.cursor_seq, e.outcome_count, e.undecided, e.link_up, e.link_since, \
    e.last_contact_at, e.outcome_cursor, e.feed_cursor, e.digest, e.ahead, e.pending, \
    e.oldest_pending_at, e.last_seq, e.clock_error_ms, e.disk_free_bytes, e.newcomers_waiting, f.region_digest, \
    p.at AS epoch_at, p.why AS epoch_why, e.readmitted_at, e.needs_operator_at, e.twin_seen_at, \
    e.repair_asked_at, e.repairs, e.repaired_at, e.unproven, e.assignment, \
    e.lost, e.lost_at, e.takes_any_hub, e.plain_line, e.cloud_tokens_since, \
    (SELECT MAX(c.expires_at) FROM enrolment_codes c WHERE c.edge = e.edge \
    AND e.public_key IS NULL) AS code_expires_at, \
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
    WHERE e.edge > ? ORDER BY e.edge LIMIT ?";
const OVERVIEW_PAGE: usize = 500;

impl Store {
    pub async fn read_overview(&self) -> Result<(Vec<RegionRecord>, Vec<EdgeRecord>)> {
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
    pub async fn list_edges(&self, after: &str, limit: usize) -> Result<Vec<EdgeRecord>> {
        let mut edges: Vec<EdgeRecord> = self.sql.fetch_all(PAGE, vals![after, limit]).await?;
        let mut left = self.left_behind_by_edge().await?;
        for EdgeRecord { stored, .. } in &mut edges {
            stored.left_behind = left.remove(&stored.edge).unwrap_or_default();
        }
        Ok(edges)
    }
}

impl Row for EdgeRecord {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let epoch_at: Option<UnixMillis> = row.get("epoch_at")?;
        let quarantine = epoch_at.zip(row.get("epoch_why")?);
        let change_at: Option<UnixMillis> = row.get("change_at")?;
        let outcome_at: Option<UnixMillis> = row.get("outcome_at")?;
        let stored = fields!(row => EdgeStatus {
            edge, last_contact_at, epoch, version, pending, oldest_pending_at, undecided,
            clock_error_ms, disk_free_bytes, newcomers_waiting, needs_operator_at, twin_seen_at, repair_asked_at,
            repairs, repaired_at, unproven, lost, lost_at, held, stopped, parked, takes_any_hub,
            plain_line, cloud_tokens_since;
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
