//! The rows that a session reads and writes: its edge's row with term, cursors, link and last Ack;
//! the ops that it receives, and the outcomes that it sends.
//!
//! Invariant: ops and cursor are stored in one transaction, guarded by the term.

use engine::{
    cloud::{EndingEpoch, EpochGrant, NewOp, NewOps, StoredEdge, feed_base},
    trusted_time::{LogHeadReports, OpBounds},
};
use platform::{
    columns, fields,
    sql::{ReadError, Row, StoredRow, Tx, Val},
    transact, vals,
};
use wire::{
    Ack, ChainHead, CommandId, CurrentEpoch, EdgeId, GateState, Hash, Hello, NumberedOutcome,
    Region, UnixMillis,
};

use super::{
    OPS, RECEIVED, Result, Store, StoreError, count_rows_in_frame, decode_stored, outcome_place,
};

const LINK_KEY: &str = "SELECT region, public_key, disabled_at FROM edges WHERE edge = ?";
const LINK_SESSION: &str = "SELECT e.region, e.term, e.nonce, e.link_up, e.epoch, \
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
    takes_any_hub = ?, plain_line = ?, plain_listeners = ? WHERE edge = ? AND term = ?";
/// Resets the Ack columns: they describe a newer file than the restored one.
const READS_FROM: &str = "UPDATE edges SET feed_cursor = ?, digest = NULL, ahead = 0, \
    unproven = NULL, assignment = NULL WHERE edge = ? AND feed_cursor > ?";
const PULSE: &str = "SELECT term, outcome_count, probe_number, probe_answered, repair_asked_at, disabled_at \
    FROM edges \
    WHERE edge = ?";
const LINK_DOWN: &str = "UPDATE edges SET link_up = 0, link_since = ? WHERE edge = ? AND term = ?";
const SAVE_ACK: &str = "UPDATE edges SET acked_at = ?, last_contact_at = ?, outcome_cursor = ?, \
    feed_cursor = ?, digest = ?, ahead = ?, pending = ?, oldest_pending_at = ?, last_seq = ?, \
    clock_error_ms = ?, disk_free_bytes = ?, disk_level = ?, disk_used_percent = ?, \
    photos_waiting = ?, newcomers_waiting = ?, unproven = ?, assignment = ?, \
    taken_since = ?, since_feed = ?, told_seq = ?, told_at = ?, told_feed = ?, newest_op_at = ? \
    WHERE edge = ? AND term = ?";
/// During a session only its Acks count, because a stranger may have sent an old token of the edge.
const NOTE_CLOCK_ERROR: &str = "UPDATE edges SET clock_error_ms = ? WHERE edge = ? AND link_up = 0";
const SEAT: &str = "SELECT region, epoch, disabled_at FROM edges \
    WHERE edge = ? AND enrolled_at IS NOT NULL";
const HOLDER: &str = "SELECT holder FROM regions WHERE region = ?";
const MOVE_CURSOR: &str = "UPDATE edges SET cursor_seq = ?, cursor_hash = ?, \
    undecided = undecided + ?, last_contact_at = ?, \
    taken_since = ?, since_feed = ?, told_seq = ?, told_at = ?, told_feed = ?, newest_op_at = ? \
    WHERE edge = ? AND term = ? AND epoch = ? AND cursor_seq = ? AND cursor_hash = ?";
const OUTCOMES: &str = "SELECT number, seq, command_id, bytes FROM outcomes \
    WHERE edge = ? AND epoch = ? AND number > ? ORDER BY number LIMIT ?";

const VERSION_CHARS_MAX: usize = 64;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkKey {
    pub region: Region,
    pub public_key: [u8; 32],
    pub disabled: bool,
}

/// The values that a session polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionPulse {
    pub term: u64,
    pub outcome_count: u64,
    /// The newest probe, until its answer is settled.
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

/// The values of `SAVE_ACK`.
fn ack_values(edge: &EdgeId, ack: &Ack, heads: &LogHeadReports, now: UnixMillis) -> Vec<Val> {
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
        ack.disk.map(|disk| disk.level),
        ack.disk.map(|disk| disk.used_percent),
        ack.photos_waiting,
        ack.newcomers_waiting.unwrap_or_default(),
        ack.unproven,
        ack.assignment,
    ];
    values.extend(head_values(heads));
    values.extend(vals![edge, ack.link_session.term]);
    values
}

impl Store {
    /// Returns `None` if no such edge has registered a key.
    pub(crate) async fn find_link_key(&self, edge: &EdgeId) -> Result<Option<LinkKey>> {
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
    pub(crate) async fn note_clock_error(&self, edge: &EdgeId, error_ms: i64) -> Result<()> {
        self.sql
            .exec(NOTE_CLOCK_ERROR, vals![error_ms, edge])
            .await?;
        Ok(())
    }

    pub(crate) async fn load_edge_state(
        &self,
        edge: &EdgeId,
        now: UnixMillis,
    ) -> Result<Option<StoredEdge>> {
        let day_ago = now.plus_ms(-DAY_MS);
        let row: Option<StoredEdgeRow> = self
            .sql
            .fetch_optional(LINK_SESSION, vals![day_ago, edge])
            .await?;
        Ok(row.map(|StoredEdgeRow(stored)| stored))
    }

    /// Raises the term: older sessions can no longer write, and compaction stops at this session's
    /// first feed number. The edge may miss changes that are being compacted right now; its digest
    /// then differs, and it gets a snapshot. Returns the new term and the edge's rows; `None` if
    /// the term has moved past `over`.
    pub(crate) async fn take_over(
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
            let plain_listeners = hello.plain_listeners == Some(true);
            let values = vals![
                nonce, version.clone(), now, now, takes_any_hub, plain_line, plain_listeners, edge,
                over,
            ];
            if tx.exec(RAISE_TERM, values).await? == 0 {
                return Ok(None);
            }
            let values = vals![now.plus_ms(-DAY_MS), edge];
            let Some(StoredEdgeRow(stored)) = tx.fetch_optional(LINK_SESSION, values).await? else { return Ok(None) };
            let from = feed_base(hello, &stored);
            tx.exec(READS_FROM, vals![from, edge, from]).await?;
            Ok(Some((stored.term, stored)))
        })
    }

    pub(crate) async fn read_session_pulse(&self, edge: &EdgeId) -> Result<Option<SessionPulse>> {
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

    /// Has no effect under another term, whose session then owns the link.
    pub(crate) async fn record_link_down(
        &self,
        edge: &EdgeId,
        term: u64,
        now: UnixMillis,
    ) -> Result<()> {
        self.sql.exec(LINK_DOWN, vals![now, edge, term]).await?;
        Ok(())
    }

    /// Returns true if the term is still current.
    pub(crate) async fn save_ack(
        &self,
        edge: &EdgeId,
        ack: &Ack,
        heads: &LogHeadReports,
        now: UnixMillis,
    ) -> Result<bool> {
        transact!(self.sql, tx => { Self::save_ack_in(tx, edge, ack, heads, now).await })
    }

    pub(super) async fn save_ack_in(
        tx: &mut Tx,
        edge: &EdgeId,
        ack: &Ack,
        heads: &LogHeadReports,
        now: UnixMillis,
    ) -> Result<bool> {
        let values = ack_values(edge, ack, heads, now);
        Ok(tx.exec(SAVE_ACK, values).await? == 1)
    }

    /// Returns an enrolled edge's region and current epoch, and true if an operator has disabled
    /// it.
    pub(crate) async fn find_current_epoch(
        &self,
        edge: &EdgeId,
    ) -> Result<Option<(CurrentEpoch, bool)>> {
        let row: Option<(Region, u64, Option<UnixMillis>)> =
            self.sql.fetch_optional(SEAT, vals![edge]).await?;
        Ok(row.map(|(region, epoch, disabled_at)| {
            (
                CurrentEpoch {
                    edge: edge.clone(),
                    region,
                    epoch,
                },
                disabled_at.is_some(),
            )
        }))
    }

    pub(crate) async fn find_region_holder(&self, region: Region) -> Result<Option<EdgeId>> {
        Ok(self
            .sql
            .fetch_optional::<Option<EdgeId>>(HOLDER, vals![region])
            .await?
            .flatten())
    }
}

columns! {
    struct OpRow<'a> in ops sealed by OPS {
        edge: &'a EdgeId,
        epoch: u64,
        seq: u64,
        hash: Hash,
        received_at: UnixMillis,
        not_before: UnixMillis,
        knows_to: u64,
        bytes: &'a [u8],
    }
}

columns! {
    struct NewUndecided<'a> in undecided {
        edge: &'a EdgeId,
        epoch: u64,
        seq: u64,
        state: &'static str,
        failures: u32,
    }
}

impl Store {
    /// Returns `false`, and stores none, if the term, epoch or cursor has changed: another session
    /// has the edge.
    pub(crate) async fn store_ops(
        &self,
        edge: &EdgeId,
        new: &NewOps,
        now: UnixMillis,
    ) -> Result<bool> {
        let cursor = new.cursor();
        transact!(self.sql, tx => {
            let mut values = vals![cursor.seq, cursor.hash, new.ops.len(), now];
            values.extend(head_values(&new.heads));
            values.extend(vals![edge, new.term, new.epoch, new.after.seq, new.after.hash]);
            if tx.exec(MOVE_CURSOR, values).await? == 0 {
                return Ok(false);
            }
            let epoch = new.epoch;
            let rows = new.ops.iter().map(|NewOp { head, bytes, bounds }| {
                let OpBounds { not_before, knows_to } = *bounds;
                OpRow {
                    edge,
                    epoch,
                    seq: head.seq,
                    hash: head.hash,
                    received_at: now,
                    not_before,
                    knows_to,
                    bytes,
                }
            });
            tx.insert_all(rows.collect()).await?;
            let places = new.ops.iter().map(|op| {
                NewUndecided { edge, epoch, seq: op.head.seq, state: RECEIVED, failures: 0 }
            });
            tx.insert_all(places.collect()).await?;
            Ok(true)
        })
    }

    /// Returns outcomes after `after` without a gap: at most `limit` and one frame.
    pub(crate) async fn read_outcomes(
        &self,
        edge: &EdgeId,
        epoch: u64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<NumberedOutcome>> {
        let rows: Vec<(u64, u64, Option<CommandId>, Vec<u8>)> = self
            .sql
            .fetch_all(OUTCOMES, vals![edge, epoch, after, limit])
            .await?;
        let mut opened = Vec::with_capacity(rows.len());
        for (number, seq, command_id, bytes) in rows {
            let place = outcome_place(edge.as_str(), epoch, seq);
            opened.push((
                number,
                seq,
                command_id,
                self.sql.data_keys().open(&place, bytes)?,
            ));
        }
        let fitting = count_rows_in_frame(opened.iter().map(|(.., bytes)| bytes.len()));
        let mut outcomes = Vec::with_capacity(fitting);
        for (number, seq, command_id, bytes) in opened.into_iter().take(fitting) {
            let outcome = decode_stored(&bytes, "an outcome")?;
            outcomes.push(NumberedOutcome {
                number,
                seq,
                command_id,
                outcome,
            });
        }
        Ok(outcomes)
    }
}
