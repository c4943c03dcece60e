//! The epochs of an edge: their grants, the ops of earlier epochs that it gets back, and the
//! commands that an ended epoch left without an outcome.
//!
//! Invariants: the end of an epoch is stored before it is announced, and no session holds the edge
//! from then on. Raising an epoch checks the judged term and cursor, so only one of two writers
//! succeeds. It resets the old epoch's cursor, undecided ops and session, but keeps its raw ops. A
//! command is listed as left behind from the transaction that ends its epoch until an outcome is
//! stored under its id for the same person, by any edge, or its op is forgotten.

use std::collections::{HashMap, HashSet};

use engine::{
    cloud::{LogPosition, LogTail, QuarantineGrant, QuarantineRequest},
    trusted_time::LogHeadReports,
};
use platform::{
    columns,
    sql::{ReadError, Row, StoredRow, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{ChainHead, CommandId, EdgeId, Hash, Hello, LeftBehind, UnixMillis, UserId};

use super::{
    Result, Store, StoreError, count_rows_in_frame, op_place, read_op,
    sessions::{head_values, read_head_notes},
};
use crate::domain::op::ReceivedOp;

const NOW: &str = "SELECT cursor_seq, cursor_hash, nonce, distrusted_epoch, taken_since, since_feed, told_seq, \
    told_at, told_feed, newest_op_at FROM edges WHERE edge = ? AND term = ? AND epoch = ?";
const BEGIN_TO_END: &str = "UPDATE edges SET ending_epoch = ?, ending_why = ?, term = term + 1, \
    link_up = 0, link_since = ? WHERE edge = ? AND term = ? AND epoch = ?";
const TERM: &str = "SELECT term FROM edges WHERE edge = ?";
const RAISE: &str = "UPDATE edges SET epoch = ?, term = term + 1, nonce = ?, cursor_seq = 0, \
    cursor_hash = ?, outcome_count = 0, outcome_cursor = 0, undecided = 0, last_seq = 0, \
    pending = 0, oldest_pending_at = NULL, link_up = 0, link_since = ?, last_contact_at = ?, \
    work_token = work_token + 1, work_until = 0, \
    taken_since = ?, since_feed = ?, told_seq = ?, told_at = ?, told_feed = ?, newest_op_at = ? \
    WHERE edge = ? AND term = ? AND epoch = ? AND cursor_hash = ?";
const DROP_UNDECIDED: &str = "DELETE FROM undecided WHERE edge = ?";
const GRANTED: &str =
    "SELECT grant_id, last_accepted, why FROM epochs WHERE edge = ? AND epoch = ?";
const HASH_AT: &str = "SELECT hash FROM ops WHERE edge = ? AND epoch = ? AND seq = ?";
const TAIL: &str = "SELECT epoch, seq, hash, bytes FROM ops WHERE edge = ? \
    AND ((epoch = ? AND seq > ?) OR epoch > ?) \
    AND epoch < (SELECT e.epoch FROM edges e WHERE e.edge = ops.edge) \
    ORDER BY epoch, seq LIMIT ?";
const READMIT: &str = "UPDATE edges SET readmitted_at = ?, needs_operator_at = NULL WHERE edge = ?";
const NEWEST: &str = "SELECT MAX(at) FROM epochs WHERE edge = ?";
const NEEDS_OPERATOR: &str = "UPDATE edges SET needs_operator_at = ? WHERE edge = ?";
const OLDEST: &str = "SELECT MIN(epoch) FROM ops WHERE edge = ? AND epoch < ?";
const OLD_OPS: &str = "SELECT seq FROM ops WHERE edge = ? AND epoch = ? AND received_at < ? \
    ORDER BY seq LIMIT ?";
const DROP_OPS: &str = "DELETE FROM ops WHERE edge = ? AND epoch = ? AND seq <= ?";
const DROP_OUTCOMES: &str = "DELETE FROM outcomes WHERE edge = ? AND epoch < ? AND at < ?";
const EPOCH: &str = "SELECT epoch FROM edges WHERE edge = ?";

columns! {
    struct EpochRow<'a> in epochs {
        edge: &'a EdgeId,
        epoch: u64,
        at: UnixMillis,
        why: &'static str,
        granted_to: Uuid,
        after_run: Option<Uuid>,
        grant_id: u64,
        last_accepted: Hash,
    }
}

struct EndingRow {
    cursor: ChainHead,
    after_run: Option<Uuid>,
    distrusted_epoch: Option<u64>,
    heads: LogHeadReports,
}

impl Row for EndingRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            cursor: ChainHead {
                seq: row.get("cursor_seq")?,
                hash: row.get("cursor_hash")?,
            },
            after_run: row.get("nonce")?,
            distrusted_epoch: row.get("distrusted_epoch")?,
            heads: read_head_notes(row)?,
        })
    }
}

const TAIL_ROWS_MAX: usize = 500;
const DROPPED_MAX: usize = 500;

/// Epoch, seq, chain hash and bytes of an op.
type TailRow = (u64, u64, Hash, Vec<u8>);

impl Store {
    /// Records that the epoch must end, and why. Returns the new term: every session of the edge
    /// must send a new Hello, which is judged by this record. Returns `None`, and stores nothing,
    /// if the term or epoch has changed.
    pub(crate) async fn start_ending_epoch(
        &self,
        edge: &EdgeId,
        quarantine: &QuarantineRequest,
        now: UnixMillis,
    ) -> Result<Option<u64>> {
        let QuarantineRequest {
            over, epoch, why, ..
        } = quarantine;
        transact!(self.sql, tx => {
            let values = vals![*epoch, why.as_str(), now, edge, *over, *epoch];
            if tx.exec(BEGIN_TO_END, values).await? == 0 {
                return Ok(None);
            }
            Ok(tx.fetch_optional(TERM, vals![edge]).await?)
        })
    }

    /// Ends the epoch and grants the next one to the run that sent the Hello. Returns `None`, and
    /// stores nothing, if the term, epoch or cursor has changed.
    pub(crate) async fn raise_epoch(
        &self,
        edge: &EdgeId,
        quarantine: &QuarantineRequest,
        grant: u64,
        now: UnixMillis,
    ) -> Result<Option<QuarantineGrant>> {
        let QuarantineRequest {
            hello,
            over,
            epoch,
            why,
            ..
        } = quarantine;
        let raised = epoch + 1;
        let done = transact!(self.sql, tx => {
            let row: Option<EndingRow> = tx.fetch_optional(NOW, vals![edge, *over, *epoch]).await?;
            let Some(EndingRow { cursor, after_run, distrusted_epoch, heads }) = row else {
                return Ok(None);
            };
            let last_accepted = cursor.hash;
            let start = ChainHead::start_renewed_epoch(edge, raised, grant, last_accepted);
            let mut values = vals![raised, hello.nonce.0, start.hash, now, now];
            values.extend(head_values(&heads.for_new_epoch(cursor.seq)));
            values.extend(vals![edge, *over, *epoch, last_accepted]);
            if tx.exec(RAISE, values).await? == 0 {
                return Ok(None);
            }
            record_left_behind(tx, edge, *epoch).await?;
            tx.exec(DROP_UNDECIDED, vals![edge]).await?;
            let row = EpochRow {
                edge,
                epoch: raised,
                at: now,
                why: why.as_str(),
                granted_to: Uuid::from_bytes(hello.nonce.0),
                after_run,
                grant_id: grant,
                last_accepted,
            };
            tx.insert(row).await?;
            // An operator disabled this epoch and gave the edge a new key, so the new epoch needs
            // no further attention.
            if distrusted_epoch == Some(*epoch) {
                tx.exec(READMIT, vals![now, edge]).await?;
            }
            Ok::<_, StoreError>(Some(last_accepted))
        })?;
        let Some(last_accepted) = done else {
            return Ok(None);
        };
        let known = self.find_known_place(edge, hello).await?;
        Ok(Some(QuarantineGrant {
            epoch: raised,
            grant,
            last_accepted,
            why: *why,
            known,
        }))
    }

    /// Returns the grant of the current epoch.
    pub(crate) async fn find_current_grant(
        &self,
        edge: &EdgeId,
        quarantine: &QuarantineRequest,
    ) -> Result<Option<QuarantineGrant>> {
        let epoch = quarantine.epoch;
        let row = self.sql.fetch_optional(GRANTED, vals![edge, epoch]).await?;
        let Some((grant, last_accepted, why)) = row else {
            return Ok(None);
        };
        let known = self.find_known_place(edge, &quarantine.hello).await?;
        Ok(Some(QuarantineGrant {
            epoch,
            grant,
            last_accepted,
            why,
            known,
        }))
    }

    /// Returns ops of ended epochs after a place: as many of one epoch as fit in a frame.
    pub(crate) async fn read_ended_epoch_ops(
        &self,
        edge: &EdgeId,
        after: LogPosition,
    ) -> Result<LogTail> {
        let LogPosition { epoch, seq } = after;
        let values = vals![edge, epoch, seq, epoch, TAIL_ROWS_MAX];
        let mut rows: Vec<TailRow> = self.sql.fetch_all(TAIL, values).await?;
        for (epoch, seq, _, bytes) in &mut rows {
            let place = op_place(edge.as_str(), *epoch, *seq);
            *bytes = self.sql.data_keys().open(&place, std::mem::take(bytes))?;
        }
        take_first_epoch(rows)
    }

    /// Records that an operator has reviewed every epoch so far, even one dated ahead by a
    /// replica's fast clock. Returns true if the edge exists.
    pub(crate) async fn readmit_edge(&self, edge: &EdgeId, now: UnixMillis) -> Result<bool> {
        transact!(self.sql, tx => {
            let newest: Option<Option<UnixMillis>> = tx.fetch_optional(NEWEST, vals![edge]).await?;
            let at = newest.flatten().map_or(now, |at| now.max(at));
            Ok(tx.exec(READMIT, vals![at, edge]).await? == 1)
        })
    }

    pub(crate) async fn record_needs_operator(&self, edge: &EdgeId, now: UnixMillis) -> Result<()> {
        self.sql.exec(NEEDS_OPERATOR, vals![now, edge]).await?;
        Ok(())
    }

    /// Drops a batch of ops and outcomes from ended epochs that are older than `before`.
    pub(crate) async fn drop_old_epochs(&self, edge: &EdgeId, before: UnixMillis) -> Result<usize> {
        let Some(epoch) = self.sql.fetch_optional::<u64>(EPOCH, vals![edge]).await? else {
            return Ok(0);
        };
        self.sql
            .exec(DROP_OUTCOMES, vals![edge, epoch, before])
            .await?;
        self.delete_old_left_behind(edge, before).await?;
        let oldest: Option<Option<u64>> =
            self.sql.fetch_optional(OLDEST, vals![edge, epoch]).await?;
        let Some(oldest) = oldest.flatten() else {
            return Ok(0);
        };
        let values = vals![edge, oldest, before, DROPPED_MAX];
        let old: Vec<u64> = self.sql.fetch_all(OLD_OPS, values).await?;
        if let Some(last) = old.last() {
            self.sql.exec(DROP_OPS, vals![edge, oldest, *last]).await?;
        }
        Ok(old.len())
    }

    /// Returns the place up to which the edge certainly has the received ops: its newest outcome's
    /// place, if the same op is stored there. Otherwise it gets all stored ops.
    async fn find_known_place(&self, edge: &EdgeId, hello: &Hello) -> Result<LogPosition> {
        let nothing = LogPosition {
            epoch: hello.epoch,
            seq: 0,
        };
        let Some(settled) = hello.settled else {
            return Ok(nothing);
        };
        let values = vals![edge, hello.epoch, settled.seq];
        let here: Option<Vec<u8>> = self.sql.fetch_optional(HASH_AT, values).await?;
        let same = here.is_some_and(|here| here == settled.hash.0);
        Ok(if same {
            LogPosition {
                seq: settled.seq,
                ..nothing
            }
        } else {
            nothing
        })
    }
}

/// Takes the consecutive rows of the first epoch that fit in a frame.
fn take_first_epoch(rows: Vec<TailRow>) -> Result<LogTail> {
    let total = rows.len();
    let Some((epoch, first_seq, first_hash, _)) = rows.first() else {
        return Ok(LogTail::empty());
    };
    let epoch = *epoch;
    let first_seq = *first_seq;
    let first_hash = *first_hash;
    let fitting = count_rows_in_frame(rows.iter().map(|(.., op)| op.len()));
    let rows = rows.into_iter().take(fitting).zip(first_seq..);
    let run = rows.take_while(|((at, seq, ..), expected)| *at == epoch && seq == expected);
    let ops: Vec<_> = run.map(|((.., op), _)| op).collect();
    let more = ops.len() < total || total == TAIL_ROWS_MAX;
    Ok(LogTail {
        epoch,
        first_seq,
        first_hash,
        ops,
        more,
    })
}

const UNDECIDED: &str = "SELECT u.seq, o.received_at, o.bytes FROM undecided u \
    JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE u.edge = ? AND u.epoch = ? AND u.seq > ? ORDER BY u.seq LIMIT ?";
const ANY: &str = "SELECT command_id FROM left_behind LIMIT 1";
const SAME_ID: &str = "SELECT l.edge, l.epoch, l.seq, o.bytes FROM left_behind l \
    JOIN ops o ON o.edge = l.edge AND o.epoch = l.epoch AND o.seq = l.seq \
    WHERE l.command_id IN (";
const DELETE_LEFT_BEHIND: &str = "DELETE FROM left_behind WHERE edge = ? AND epoch = ? AND seq = ?";
const FORGET: &str = "DELETE FROM left_behind WHERE edge = ? AND received_at < ?";
const NUMBERS: &str = "SELECT edge, epoch, COUNT(*) FROM left_behind GROUP BY edge, epoch \
    ORDER BY edge, epoch";

const PART: usize = 500;

columns! {
    struct LeftBehindRow<'a> in left_behind {
        edge: &'a EdgeId,
        epoch: u64,
        seq: i64,
        command_id: CommandId,
        received_at: i64,
    }
}

/// The epochs of each edge, in order.
pub(super) type LeftBehindByEdge = HashMap<EdgeId, Vec<LeftBehind>>;

/// Lists the epoch's undecided commands. A relogged command counts once.
async fn record_left_behind(tx: &mut Tx, edge: &EdgeId, epoch: u64) -> Result<()> {
    let mut after = 0;
    loop {
        let values = vals![edge, epoch, after, PART];
        let rows: Vec<(i64, i64, Vec<u8>)> = tx.fetch_all(UNDECIDED, values).await?;
        let Some((last, ..)) = rows.last() else {
            return Ok(());
        };
        after = *last;
        let mut ids = Vec::new();
        let mut left = Vec::new();
        for (seq, received_at, bytes) in rows {
            let op_seq = seq.unsigned_abs();
            let read = read_op(tx.data_keys(), edge.as_str(), epoch, op_seq, bytes)?;
            if let ReceivedOp::Command(op) = read {
                let command_id = op.command.id;
                ids.push((command_id, op.actor.user_id));
                left.push(LeftBehindRow {
                    edge,
                    epoch,
                    seq,
                    command_id,
                    received_at,
                });
            }
        }
        if !ids.is_empty() {
            remove_left_behind(tx, &ids).await?;
            tx.insert_all(left).await?;
        }
    }
}

/// Removes commands that now have an outcome or are listed elsewhere. An id belongs to its person:
/// another person's command with it stays.
pub(super) async fn remove_left_behind(tx: &mut Tx, ids: &[(CommandId, UserId)]) -> Result<()> {
    if tx
        .fetch_optional::<CommandId>(ANY, vals![])
        .await?
        .is_none()
    {
        return Ok(());
    }
    let names = ids.iter().map(|(id, _)| *id);
    let rows: Vec<(String, u64, u64, Vec<u8>)> = tx.all_named(SAME_ID, &[], names, ")").await?;
    let back: HashSet<_> = ids.iter().copied().collect();
    for (edge, epoch, seq, bytes) in rows {
        if let ReceivedOp::Command(op) = read_op(tx.data_keys(), &edge, epoch, seq, bytes)?
            && back.contains(&(op.command.id, op.actor.user_id))
        {
            tx.exec(DELETE_LEFT_BEHIND, vals![edge, epoch, seq]).await?;
        }
    }
    Ok(())
}

impl Store {
    pub(super) async fn count_left_behind(&self) -> Result<LeftBehindByEdge> {
        let rows: Vec<(EdgeId, u64, u64)> = self.sql.fetch_all(NUMBERS, vals![]).await?;
        let mut by_edge = LeftBehindByEdge::new();
        for (edge, epoch, commands) in rows {
            by_edge
                .entry(edge)
                .or_default()
                .push(LeftBehind { epoch, commands });
        }
        Ok(by_edge)
    }

    /// Forgets commands with their ops: the edge can no longer relog them from the hub.
    async fn delete_old_left_behind(&self, edge: &EdgeId, before: UnixMillis) -> Result<()> {
        let commands = self.sql.exec(FORGET, vals![edge, before]).await?;
        if commands > 0 {
            tracing::warn!(edge.id = %edge, commands, "Deleted commands without an outcome");
        }
        Ok(())
    }
}
