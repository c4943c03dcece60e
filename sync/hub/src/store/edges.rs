//! The stored state of an edge: its term, cursors, link and last Ack.

use engine::{
    cloud::{EndingEpoch, EpochGrant, StoredEdge, feed_base},
    trusted_time::LogHeadReports,
};
use platform::{
    fields,
    sql::{ReadError, Row, StoredRow, Val},
    transact, vals,
};
use wire::{Ack, ChainHead, EdgeId, GateState, Hello, Region, UnixMillis};

use super::{Result, Store, StoreError};

const LINK_KEY: &str = "SELECT region, public_key, disabled_at FROM edges WHERE edge = ?";
const STANDING: &str = "SELECT e.region, e.term, e.nonce, e.link_up, e.epoch, \
    e.cursor_seq, e.cursor_hash, e.outcome_count, p.granted_to, p.after_run, \
    e.ending_epoch, e.ending_why, \
    (SELECT COUNT(*) FROM epochs n WHERE n.edge = e.edge AND n.at > ? \
        AND n.at > COALESCE(e.readmitted_at, 0)) AS epochs_today, \
    r.feed_generation, r.feed_seq, r.tombstones_to AS feed_holds_from, \
    r.compacted_to AS feed_compacted_to, r.orders, r.gate, e.disabled_at, \
    e.taken_since, e.since_feed, e.told_seq, e.told_at, e.told_feed, e.newest_op_at, \
    CASE WHEN r.holder = e.edge AND r.holder_epoch = e.epoch THEN r.granted_seq END \
        AS granted_seq \
    FROM edges e JOIN regions r ON r.region = e.region \
    LEFT JOIN epochs p ON p.edge = e.edge AND p.epoch = e.epoch WHERE e.edge = ?";
const RAISE_TERM: &str = "UPDATE edges SET term = term + 1, nonce = ?, program_version = ?, \
    link_up = 1, link_since = ?, last_contact_at = ?, needs_operator_at = NULL, \
    takes_any_hub = ?, plain_line = ? WHERE edge = ? AND term = ?";
/// Resets the Ack columns: they describe a newer file than the restored one.
const READS_FROM: &str = "UPDATE edges SET feed_cursor = ?, digest = NULL, ahead = 0, \
    unproven = NULL, assignment = NULL WHERE edge = ? AND feed_cursor > ?";
const PULSE: &str = "SELECT term, outcome_count, probe_number, probe_answered, repair_asked_at, disabled_at \
    FROM edges \
    WHERE edge = ?";
const CONTACT: &str = "UPDATE edges SET last_contact_at = ? WHERE edge = ? AND term = ?";
const LINK_DOWN: &str = "UPDATE edges SET link_up = 0, link_since = ? WHERE edge = ? AND term = ?";
const SAVE_ACK: &str = "UPDATE edges SET acked_at = ?, last_contact_at = ?, outcome_cursor = ?, \
    feed_cursor = ?, digest = ?, ahead = ?, pending = ?, oldest_pending_at = ?, last_seq = ?, \
    clock_error_ms = ?, disk_free_bytes = ?, newcomers_waiting = ?, unproven = ?, assignment = ?, \
    taken_since = ?, since_feed = ?, told_seq = ?, told_at = ?, told_feed = ?, newest_op_at = ? \
    WHERE edge = ? AND term = ?";
/// During a session only its Acks count, because a stranger may have sent an old token of the edge.
const NOTE_CLOCK_ERROR: &str = "UPDATE edges SET clock_error_ms = ? WHERE edge = ? AND link_up = 0";

const VERSION_CHARS_MAX: usize = 64;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkKey {
    pub region: Region,
    pub public_key: [u8; 32],
    pub disabled: bool,
}

/// The values that a session polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPulse {
    pub term: u64,
    pub outcome_count: u64,
    /// The newest probe, until answered.
    pub probe: Option<u64>,
    /// The edge needs a repair snapshot.
    pub repair: bool,
    pub disabled: bool,
}

struct StoredEdgeRow(StoredEdge);

impl Row for StoredEdgeRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let granted_to = row.get::<Option<_>>("granted_to")?;
        let after = row.get("after_run")?;
        let ending = row
            .get::<Option<_>>("ending_epoch")?
            .zip(row.get("ending_why")?);
        // A run that was silent for long may be alive. Replica clocks differ, so only an unanswered
        // probe proves its end.
        let newest = row.get::<Option<_>>("nonce")?;
        let link_up = row.get("link_up")?;
        Ok(Self(fields!(row => StoredEdge {
            region, term, epoch, epochs_today, outcome_count, feed_generation, feed_seq,
            feed_holds_from, feed_compacted_to, granted_seq, orders;
            running: newest.filter(|_| link_up),
            grant: granted_to.map(|to| EpochGrant { to, after }),
            ending: ending.map(|(epoch, why)| EndingEpoch { epoch, why }),
            cursor: ChainHead { seq: row.get("cursor_seq")?, hash: row.get("cursor_hash")? },
            gate_open: row.get::<GateState>("gate")? == GateState::Open,
            disabled: row.get::<Option<UnixMillis>>("disabled_at")?.is_some(),
            heads: read_head_notes(row)?,
        })))
    }
}

/// Term, outcome count, newest probe, newest answered probe, repair request time, and disabling
/// time.
type PulseRow = (u64, u64, u64, u64, Option<UnixMillis>, Option<UnixMillis>);

pub(super) fn read_head_notes(row: &StoredRow<'_>) -> Result<LogHeadReports, ReadError> {
    Ok(LogHeadReports {
        since: row.get("taken_since")?,
        since_feed: row.get("since_feed")?,
        told_seq: row.get("told_seq")?,
        told_at: row.get("told_at")?,
        told_feed: row.get("told_feed")?,
        newest: row.get("newest_op_at")?,
    })
}

/// The values of the head columns, in the order of the statements.
pub(super) fn head_values(heads: &LogHeadReports) -> Vec<Val> {
    let LogHeadReports {
        since,
        since_feed,
        told_seq,
        told_at,
        told_feed,
        newest,
    } = *heads;
    vals![since, since_feed, told_seq, told_at, told_feed, newest]
}

impl Store {
    /// Returns `None` if no such edge has registered a key.
    pub async fn link_key(&self, edge: &EdgeId) -> Result<Option<LinkKey>> {
        let row: Option<(Region, Option<Vec<u8>>, Option<UnixMillis>)> =
            self.sql.fetch_optional(LINK_KEY, vals![edge]).await?;
        let Some((region, Some(key), disabled_at)) = row else {
            return Ok(None);
        };
        let public_key = key
            .try_into()
            .map_err(|_| StoreError::Unreadable("a public key"))?;
        Ok(Some(LinkKey {
            region,
            public_key,
            disabled: disabled_at.is_some(),
        }))
    }

    /// Records how far a refused edge's clock is ahead, for the operators' status.
    pub async fn note_clock_error(&self, edge: &EdgeId, error_ms: i64) -> Result<()> {
        self.sql
            .exec(NOTE_CLOCK_ERROR, vals![error_ms, edge])
            .await?;
        Ok(())
    }

    pub async fn load_edge_state(
        &self,
        edge: &EdgeId,
        now: UnixMillis,
    ) -> Result<Option<StoredEdge>> {
        let day_ago = now.plus_ms(-DAY_MS);
        let row: Option<StoredEdgeRow> = self
            .sql
            .fetch_optional(STANDING, vals![day_ago, edge])
            .await?;
        Ok(row.map(|StoredEdgeRow(stored)| stored))
    }

    /// Raises the term: older sessions can no longer write, and compaction stops at this session's
    /// first feed number. The edge may miss changes that are being compacted right now; its digest
    /// then differs, and it gets a snapshot. Returns the new term and the edge's rows; `None` if
    /// the term has moved past `over`.
    pub async fn take_over(
        &self,
        edge: &EdgeId,
        hello: &Hello,
        over: u64,
        now: UnixMillis,
    ) -> Result<Option<(u64, StoredEdge)>> {
        let version: String = hello.version.chars().take(VERSION_CHARS_MAX).collect();
        let plain_line = hello.plain_line == Some(true);
        // On a plain line without a pinned key, an edge trusts no hub key.
        let has_no_key = plain_line && hello.pinned != Some(true);
        let takes_any_hub = hello.challenge.is_none() || has_no_key;
        transact!(self.sql, tx => {
            let nonce = hello.nonce.0;
            let values =
                vals![nonce, version.clone(), now, now, takes_any_hub, plain_line, edge, over];
            if tx.exec(RAISE_TERM, values).await? == 0 {
                return Ok(None);
            }
            let values = vals![now.plus_ms(-DAY_MS), edge];
            let Some(StoredEdgeRow(stored)) = tx.fetch_optional(STANDING, values).await? else { return Ok(None) };
            let from = feed_base(hello, &stored);
            tx.exec(READS_FROM, vals![from, edge, from]).await?;
            Ok(Some((stored.term, stored)))
        })
    }

    pub async fn read_session_pulse(&self, edge: &EdgeId) -> Result<Option<SessionPulse>> {
        let row: Option<PulseRow> = self.sql.fetch_optional(PULSE, vals![edge]).await?;
        Ok(row.map(
            |(term, outcome_count, asked, answered, repair, disabled)| SessionPulse {
                term,
                outcome_count,
                probe: (asked > answered).then_some(asked),
                repair: repair.is_some(),
                disabled: disabled.is_some(),
            },
        ))
    }

    /// Returns true if the term is still current.
    pub async fn record_contact(&self, edge: &EdgeId, term: u64, now: UnixMillis) -> Result<bool> {
        Ok(self.sql.exec(CONTACT, vals![now, edge, term]).await? == 1)
    }

    /// Has no effect under another term, whose session then owns the link.
    pub async fn link_down(&self, edge: &EdgeId, term: u64, now: UnixMillis) -> Result<()> {
        self.sql.exec(LINK_DOWN, vals![now, edge, term]).await?;
        Ok(())
    }

    /// Returns true if the term is still current.
    pub async fn save_ack(
        &self,
        edge: &EdgeId,
        ack: &Ack,
        heads: &LogHeadReports,
        now: UnixMillis,
    ) -> Result<bool> {
        let seen_error_ms = ack.edge_now.0.saturating_sub(now.0);
        let clock_error_ms = ack.clock_error_ms.unwrap_or(seen_error_ms);
        let mut values = vals![
            now,
            now,
            ack.outcome_cursor,
            ack.feed_cursor,
            ack.digest,
            ack.ahead,
            ack.pending,
            ack.oldest_pending_at,
            ack.last_seq,
            clock_error_ms,
            ack.disk_free_bytes,
            ack.newcomers_waiting.unwrap_or_default(),
            ack.unproven,
            ack.assignment,
        ];
        values.extend(head_values(heads));
        values.extend(vals![edge, ack.standing.term]);
        Ok(self.sql.exec(SAVE_ACK, values).await? == 1)
    }
}
