//! Work on an edge's log: the worker's claim (a lease), the next ops, and their results.

use std::collections::HashMap;

use engine::trusted_time::{OpArrival, OpBounds, TrustCutOff};
use platform::{
    columns, fields,
    sql::{NAMES_MAX, ReadError, Row, Statement, StoredRow, Tx, Val, in_list, split_batches},
    transact, vals,
};
use uuid::Uuid;
use wire::{CommandId, EdgeId, HeldReason, Region, Source, UnixMillis};

use super::{
    HELD_BY_REGION, NEEDS_OPERATOR, OP_BYTES, OUTCOMES, PARKED, Result, Store, StoreError,
    encode_stored, epochs, read_op, waiting_accepts,
};
use crate::domain::{
    op::{ReceivedOp, UndecidedOp},
    run_plan::{Barriers, DecidedOp, LogWalk, PassResults},
};

const WITH_WORK: &str =
    "SELECT edge FROM edges WHERE undecided > 0 AND edge > ? ORDER BY edge LIMIT ?";
const CLAIM: &str = "UPDATE edges SET worker = ?, work_token = work_token + 1, work_until = ? \
    WHERE edge = ? AND undecided > 0 \
    AND (worker = ? OR work_until <= ? OR work_until > ?)";
const CLAIMED: &str = "SELECT edge, region, epoch, work_token, distrusted_epoch, distrusted_from FROM edges \
    WHERE edge = ?";
const KEEP: &str = "UPDATE edges SET work_until = ? WHERE edge = ? AND work_token = ?";
const SENDS_CLOUD_TOKENS: &str = "UPDATE edges SET cloud_tokens_since = ? \
    WHERE edge = ? AND cloud_tokens_since IS NULL";
const SENDS_NO_CLOUD_TOKENS: &str = "UPDATE edges SET cloud_tokens_since = ? \
    WHERE edge = ? AND cloud_tokens_since IS NOT NULL";
const GIVE_UP: &str = "UPDATE edges SET work_until = 0 WHERE edge = ? AND work_token = ?";
const UNDECIDED: &str = "SELECT u.edge, u.epoch, u.seq, u.state, u.failures, o.hash, o.received_at, o.not_before, \
    o.knows_to, o.bytes \
    FROM undecided u JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE u.edge = ? AND u.epoch = ? AND u.seq > ? ";
const NOT_PARKED: &str = "AND u.state <> 'parked' ";
const WAITING: &str = "AND u.state IN ('held_region', 'held_operator', 'parked') ";
const IN_LOG_ORDER: &str = "ORDER BY u.seq LIMIT ?";
const HELD: &str = "SELECT seq, state FROM undecided WHERE edge = ? AND epoch = ? \
    AND state IN ('held_region', 'held_operator') ORDER BY seq LIMIT ?";
const TOKENS: &str = "SELECT seq, bytes FROM ops WHERE edge = ? AND epoch = ? AND seq IN (";
const COUNT_OUTCOMES: &str = "UPDATE edges SET outcome_count = outcome_count + ?, \
    undecided = undecided - ?, lost = lost + ?, lost_at = COALESCE(?, lost_at), work_until = ? \
    WHERE edge = ? AND epoch = ? AND work_token = ?";
const COUNT_LOST: &str = "UPDATE edges SET lost = lost + 1, lost_at = ? WHERE edge = ?";
const OUTCOME_COUNT: &str = "SELECT outcome_count FROM edges WHERE edge = ?";
const DECIDE: &str = "DELETE FROM undecided WHERE edge = ? AND epoch = ? AND seq IN (";
const SET_STATE: &str = "UPDATE undecided SET state = ?, for_holder = 0 \
    WHERE edge = ? AND epoch = ? AND seq IN (";
const FOR_HOLDER: &str =
    "UPDATE undecided SET for_holder = 1 WHERE edge = ? AND epoch = ? AND seq IN (";
const COUNT_FAILURE: &str =
    "UPDATE undecided SET failures = failures + 1 WHERE edge = ? AND epoch = ? AND seq = ?";
/// A claim expires in three seconds by its writer's clock; normal clock differences never end a
/// live claim. A claim further ahead than this comes from a wrong clock and would block the log, so
/// another worker takes it over. The token refuses the first worker's later writes.
const CLAIM_AHEAD_MAX_MS: i64 = 60_000;

/// Minimum page size: while a bad op is isolated, most rows may have to wait.
const PAGE_MIN: usize = 100;

columns! {
    struct OutcomeRow<'a> in outcomes sealed by OUTCOMES {
        edge: &'a EdgeId,
        epoch: u64,
        number: u64,
        seq: u64,
        command_id: Option<CommandId>,
        at: UnixMillis,
        bytes: Vec<u8>,
    }
}

/// A lease on one edge's log, valid until another worker raises the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkClaim {
    pub edge: EdgeId,
    pub region: Region,
    pub epoch: u64,
    token: u64,
    /// Set if an operator distrusts later ops.
    pub cut_off: Option<TrustCutOff>,
}

impl Row for WorkClaim {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let last = row.get::<Option<_>>("distrusted_epoch")?;
        let from = row.get("distrusted_from")?;
        let cut_off = last
            .zip(from)
            .map(|(epoch, from)| TrustCutOff { epoch, from });
        Ok(
            fields!(row => WorkClaim { edge, region, epoch; token: row.get("work_token")?, cut_off }),
        )
    }
}

impl WorkClaim {
    /// Returns true if an operator distrusts ops that arrived then.
    pub(crate) fn distrusts_op_at(&self, epoch: u64, received_at: UnixMillis) -> bool {
        self.cut_off
            .is_some_and(|cut_off| cut_off.covers_op(epoch, received_at))
    }
}

struct UndecidedRow {
    state: String,
    op: UndecidedOp,
}

impl Row for UndecidedRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let read = stored_op(row)?;
        let arrival = read_arrival(row)?;
        let distrusted = false;
        let op = fields!(row => UndecidedOp { seq, hash, failures; read, arrival, distrusted });
        Ok(fields!(row => UndecidedRow { state; op }))
    }
}

/// Opens the op of a row that also has edge, epoch and seq.
pub(super) fn stored_op(row: &StoredRow<'_>) -> Result<ReceivedOp, ReadError> {
    Ok(ReceivedOp::read(&row.opened::<Vec<u8>>(&OP_BYTES)?))
}

pub(super) fn read_arrival(row: &StoredRow<'_>) -> Result<OpArrival, ReadError> {
    let bounds = OpBounds {
        not_before: row.get("not_before")?,
        knows_to: row.get("knows_to")?,
    };
    Ok(OpArrival {
        received_at: row.get("received_at")?,
        bounds,
    })
}

impl Store {
    /// Lists up to `limit` edges with undecided ops, by name after `after`, and the next `after`.
    /// Always starting at the first name would starve the others, because a held op keeps its edge
    /// listed.
    pub(crate) async fn list_edges_with_work(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<EdgeId>, String)> {
        let values = vals![after, limit + 1];
        let mut edges: Vec<EdgeId> = self.sql.fetch_all(WITH_WORK, values).await?;
        let more = edges.len() > limit;
        edges.truncate(limit);
        let next = edges
            .last()
            .filter(|_| more)
            .map(EdgeId::to_string)
            .unwrap_or_default();
        Ok((edges, next))
    }

    /// Returns `None` if no op is undecided or another worker has the log.
    pub(crate) async fn claim_log(
        &self,
        edge: &EdgeId,
        worker: Uuid,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Result<Option<WorkClaim>> {
        transact!(self.sql, tx => {
            let too_far = now.plus_ms(CLAIM_AHEAD_MAX_MS);
            if tx.exec(CLAIM, vals![worker, until, edge, worker, now, too_far]).await? == 0 {
                return Ok(None);
            }
            Ok(tx.fetch_optional(CLAIMED, vals![edge]).await?)
        })
    }

    /// Has no effect if another worker has taken the log.
    pub(crate) async fn extend_claim(&self, claim: &WorkClaim, until: UnixMillis) -> Result<()> {
        self.sql
            .exec(KEEP, vals![until, &claim.edge, claim.token])
            .await?;
        Ok(())
    }

    pub(crate) async fn give_up_claim(&self, claim: &WorkClaim) -> Result<()> {
        self.sql
            .exec(GIVE_UP, vals![&claim.edge, claim.token])
            .await?;
        Ok(())
    }

    /// Returns the next due ops of the walk in log order, without held ops, ops behind them, and
    /// parked ops whose owner is away.
    pub(crate) async fn read_due_ops(
        &self,
        claim: &WorkClaim,
        walk: &mut LogWalk,
        owner_is_away: bool,
        limit: usize,
    ) -> Result<Vec<UndecidedOp>> {
        let states = if owner_is_away { NOT_PARKED } else { "" };
        let barriers = &mut walk.barriers;
        self.read_undecided(states, claim, walk.after, limit, |state, op| {
            match state {
                NEEDS_OPERATOR => barriers.add_blocking_op(op.seq, &op.read),
                HELD_BY_REGION => barriers.add_held_op(op.seq, &op.read),
                _ => return !barriers.stop(op.seq, &op.read),
            }
            false
        })
        .await
    }

    /// Returns the next ops after `beyond` that their region holds, for a retry, without those
    /// behind a waiting op.
    pub(crate) async fn read_held_ops_to_retry(
        &self,
        claim: &WorkClaim,
        beyond: u64,
        limit: usize,
    ) -> Result<Vec<UndecidedOp>> {
        let mut barriers = Barriers::default();
        self.read_undecided(WAITING, claim, 0, limit, |state, op| {
            match state {
                HELD_BY_REGION if op.seq <= beyond => barriers.add_held_op(op.seq, &op.read),
                HELD_BY_REGION => return !barriers.stop(op.seq, &op.read),
                _ => barriers.add_blocking_op(op.seq, &op.read),
            }
            false
        })
        .await
    }

    /// Returns due ops in these states, in log order. Only due ops count towards the limit.
    async fn read_undecided(
        &self,
        states: &'static str,
        claim: &WorkClaim,
        mut after: u64,
        limit: usize,
        mut is_due: impl FnMut(&str, &UndecidedOp) -> bool + Send,
    ) -> Result<Vec<UndecidedOp>> {
        let page = limit.max(PAGE_MIN);
        let text = Statement::new(UNDECIDED)
            .append_text(states)
            .append_text(IN_LOG_ORDER);
        let mut due = Vec::new();
        loop {
            let values = vals![&claim.edge, claim.epoch, after, page];
            let rows: Vec<UndecidedRow> = self.sql.fetch_all(text.clone(), values).await?;
            let last_page = rows.len() < page;
            for UndecidedRow { state, mut op } in rows {
                if due.len() == limit {
                    break;
                }
                after = op.seq;
                op.distrusted = claim.distrusts_op_at(claim.epoch, op.arrival.received_at);
                if is_due(&state, &op) {
                    due.push(op);
                }
            }
            if last_page || due.len() == limit {
                return Ok(due);
            }
        }
    }

    /// Lists the oldest held ops of an epoch with their reasons.
    pub(crate) async fn list_held_ops(
        &self,
        edge: &EdgeId,
        epoch: u64,
        limit: usize,
    ) -> Result<Vec<(u64, HeldReason)>> {
        let rows: Vec<(u64, String)> = self.sql.fetch_all(HELD, vals![edge, epoch, limit]).await?;
        Ok(rows
            .into_iter()
            .map(|(seq, state)| (seq, parse_held_reason(&state)))
            .collect())
    }

    /// Records since when the edge sends tokens that the cloud accepts.
    pub(crate) async fn note_cloud_tokens(
        &self,
        edge: &EdgeId,
        sends: bool,
        now: UnixMillis,
    ) -> Result<()> {
        let since = sends.then_some(now);
        let text = if sends {
            SENDS_CLOUD_TOKENS
        } else {
            SENDS_NO_CLOUD_TOKENS
        };
        if self.sql.exec(text, vals![since, edge]).await? == 1 && sends {
            tracing::warn!(edge.id = %edge, "`{edge}` stores people's cloud tokens: upgrade it");
        }
        Ok(())
    }

    /// Skips places without a token.
    pub(crate) async fn read_tokens(
        &self,
        claim: &WorkClaim,
        seqs: &[u64],
    ) -> Result<HashMap<u64, String>> {
        let mut tokens = HashMap::new();
        for part in split_batches(seqs, NAMES_MAX) {
            let mut values = vals![&claim.edge, claim.epoch];
            values.extend(part.iter().map(Val::from));
            let text = in_list(TOKENS, part.len(), ")");
            let rows: Vec<(u64, Vec<u8>)> = self.sql.fetch_all(text, values).await?;
            for (seq, bytes) in rows {
                let edge = claim.edge.as_str();
                let read = read_op(self.sql.data_keys(), edge, claim.epoch, seq, bytes)?;
                if let ReceivedOp::Token { token } = read {
                    tokens.insert(seq, token);
                }
            }
        }
        Ok(tokens)
    }

    /// Stores the results of a pass atomically. Returns `false`, and stores none, if another worker
    /// has taken the log.
    pub(crate) async fn commit_progress(
        &self,
        claim: &WorkClaim,
        results: &PassResults,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Result<bool> {
        transact!(self.sql, tx => {
            let decided = results.decided.len();
            let has_lost = |decided: &&DecidedOp| decided.has_lost();
            let lost = results.decided.iter().filter(has_lost);
            let (put, own): (Vec<_>, Vec<_>) = lost.partition(|lost| lost.made_at.is_some());
            let lost = own.len();
            let lost_at = (lost > 0).then_some(now);
            let guard = vals![
                decided,
                decided,
                lost,
                lost_at,
                until,
                &claim.edge,
                claim.epoch,
                claim.token
            ];
            if tx.exec(COUNT_OUTCOMES, guard).await? == 0 {
                return Ok(false);
            }
            for decided in put {
                // An accept from the portal counts for no edge.
                if let Some(Source::Edge(edge)) = &decided.made_at {
                    tx.exec(COUNT_LOST, vals![now, edge]).await?;
                }
            }
            add_outcomes(tx, claim, &results.decided, now).await?;
            let held_by_region = list_held_seqs(results, HeldReason::Region);
            set_state(tx, claim, HELD_BY_REGION, &held_by_region).await?;
            let log = vals![&claim.edge, claim.epoch];
            tx.exec_named(FOR_HOLDER, &log, &results.for_holder, ")").await?;
            let for_operator = list_held_seqs(results, HeldReason::NeedsOperator);
            set_state(tx, claim, NEEDS_OPERATOR, &for_operator).await?;
            set_state(tx, claim, PARKED, &results.parked).await?;
            if let Some(seq) = results.failed {
                tx.exec(COUNT_FAILURE, vals![&claim.edge, claim.epoch, seq]).await?;
            }
            Ok(true)
        })
    }
}

/// Numbers the outcomes from the edge's previous count: the guard has raised it and locks the row.
async fn add_outcomes(
    tx: &mut Tx,
    claim: &WorkClaim,
    decided: &[DecidedOp],
    now: UnixMillis,
) -> Result<()> {
    let total: u64 = tx
        .fetch_optional(OUTCOME_COUNT, vals![&claim.edge])
        .await?
        .unwrap_or_default();
    let mut number = total.saturating_sub(decided.len() as u64);
    let log = vals![&claim.edge, claim.epoch];
    let seqs = decided.iter().map(|op| op.seq);
    if tx.exec_named(DECIDE, &log, seqs, ")").await? != decided.len() as u64 {
        return Err(StoreError::Contradiction("an op would be decided twice"));
    }
    let mut rows = Vec::with_capacity(decided.len());
    for decided in decided {
        number += 1;
        rows.push(OutcomeRow {
            edge: &claim.edge,
            epoch: claim.epoch,
            number,
            seq: decided.seq,
            command_id: decided.command_id,
            at: now,
            bytes: encode_stored(&decided.outcome)?,
        });
    }
    tx.insert_all(rows).await?;
    let ids: Vec<_> = decided
        .iter()
        .filter_map(|d| Some((d.command_id?, d.user_id?)))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let commands: Vec<_> = ids.iter().map(|(id, _)| *id).collect();
    waiting_accepts::reset_accept_failures(tx, &commands).await?;
    epochs::remove_left_behind(tx, &ids).await
}

fn list_held_seqs(results: &PassResults, wanted: HeldReason) -> Vec<u64> {
    results
        .held
        .iter()
        .filter(|(_, reason)| *reason == wanted)
        .map(|(seq, _)| *seq)
        .collect()
}

fn parse_held_reason(state: &str) -> HeldReason {
    match state {
        HELD_BY_REGION => HeldReason::Region,
        _ => HeldReason::NeedsOperator,
    }
}

async fn set_state(tx: &mut Tx, claim: &WorkClaim, state: &str, seqs: &[u64]) -> Result<()> {
    let first = vals![state, &claim.edge, claim.epoch];
    tx.exec_named(SET_STATE, &first, seqs, ")").await?;
    Ok(())
}
