//! The work on an edge's log: who may do it, what is due, and what came of it.

use std::collections::HashMap;

use platform::{
    sql::{NAMES_MAX, ROWS_MAX, Statement, Tx, Val, in_list, parts},
    transact, vals,
};
use uuid::Uuid;
use wire::{EdgeId, HeldReason, Region, UnixMillis};

use super::{Store, StoreError, asks, count, edge, encoded, left_behind, region};
use crate::domain::{
    batch::{Decided, Progress},
    intake::{self, Read},
};

const WITH_WORK: &str =
    "SELECT edge FROM edges WHERE undecided > 0 AND edge > ? ORDER BY edge LIMIT ?";
const CLAIM: &str = "UPDATE edges SET worker = ?, work_token = work_token + 1, work_until = ? \
    WHERE edge = ? AND undecided > 0 \
    AND (worker = ? OR work_until <= ? OR work_until > ?)";
const CLAIMED: &str = "SELECT region, epoch, work_token FROM edges WHERE edge = ?";
const KEEP: &str = "UPDATE edges SET work_until = ? WHERE edge = ? AND work_token = ?";
const RELEASE: &str = "UPDATE edges SET work_until = 0 WHERE edge = ? AND work_token = ?";
const HELD: &str = "SELECT seq, state FROM undecided WHERE edge = ? AND epoch = ? \
    AND state IN ('held_region', 'held_operator') ORDER BY seq LIMIT ?";
const TOKENS: &str = "SELECT seq, bytes FROM ops WHERE edge = ? AND epoch = ? AND seq IN (";
const COUNT_OUTCOMES: &str = "UPDATE edges SET outcome_count = outcome_count + ?, \
    undecided = undecided - ?, lost = lost + ?, lost_at = COALESCE(?, lost_at), work_until = ? \
    WHERE edge = ? AND epoch = ? AND work_token = ?";
const OUTCOME_COUNT: &str = "SELECT outcome_count FROM edges WHERE edge = ?";
const DECIDE: &str = "DELETE FROM undecided WHERE edge = ? AND epoch = ? AND seq IN (";
const SET_STATE: &str = "UPDATE undecided SET state = ?, for_holder = 0 \
    WHERE edge = ? AND epoch = ? AND seq IN (";
const FOR_HOLDER: &str =
    "UPDATE undecided SET for_holder = 1 WHERE edge = ? AND epoch = ? AND seq IN (";
const COUNT_FAILURE: &str =
    "UPDATE undecided SET failures = failures + 1 WHERE edge = ? AND epoch = ? AND seq = ?";
const ADD_OUTCOMES: &str =
    "INSERT INTO outcomes (edge, epoch, number, seq, command_id, at, bytes) VALUES ";
const ONE_OUTCOME: &str = "(?, ?, ?, ?, ?, ?, ?)";

/// A claim ends in three seconds by the clock of whoever wrote it, and replicas' clocks differ a little:
/// nobody's live claim is taken for that. One that ends later than this was written by a clock that is
/// wrong, and would keep the log from everybody until then; what its writer still does, the token refuses.
const CLAIM_AHEAD_MAX_MS: i64 = 60_000;

/// As receipt writes it.
pub(super) const RECEIVED: &str = "received";
pub(super) const HELD_BY_REGION: &str = "held_region";
pub(super) const NEEDS_OPERATOR: &str = "held_operator";
pub(super) const PARKED: &str = "parked";

/// The right to work one edge's log, until somebody else raises the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub edge: EdgeId,
    pub region: Region,
    pub epoch: u64,
    token: u64,
}

impl Store {
    /// Those whose names come after `after`, at most `limit`, and what to ask after next time. What is
    /// held keeps an edge among these for as long as that lasts, so whoever always began with the first
    /// name would never come to those beyond.
    pub async fn edges_with_work(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<EdgeId>, String), StoreError> {
        let values = vals![after, limit + 1];
        let mut rows: Vec<(String,)> = self.sql.all(WITH_WORK, values).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map_or_else(String::new, |(name,)| name.clone());
        let edges = rows.into_iter().map(|(name,)| edge(name)).collect::<Result<_, _>>()?;
        Ok((edges, next))
    }

    /// `None` where there is nothing to do, or another replica does it.
    pub async fn claim(
        &self,
        edge: &EdgeId,
        worker: Uuid,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Result<Option<Claim>, StoreError> {
        transact!(self.sql, tx => {
            let too_far = now.plus_ms(CLAIM_AHEAD_MAX_MS);
            if tx.exec(CLAIM, vals![worker, until, edge, worker, now, too_far]).await? == 0 {
                return Ok(None);
            }
            let row: Option<(String, i64, i64)> = tx.one(CLAIMED, vals![edge]).await?;
            let claim = row.map(|(name, epoch, token)| {
                let region = region(&name)?;
                Ok(Claim { edge: edge.clone(), region, epoch: count(epoch), token: count(token) })
            });
            claim.transpose()
        })
    }

    /// While its worker waits for somebody. Should another have the log already, this changes nothing.
    pub async fn keep(&self, claim: &Claim, until: UnixMillis) -> Result<(), StoreError> {
        self.sql.exec(KEEP, vals![until, &claim.edge, claim.token]).await?;
        Ok(())
    }

    pub async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        self.sql.exec(RELEASE, vals![&claim.edge, claim.token]).await?;
        Ok(())
    }

    /// The ops of an epoch that are held, and why, oldest first.
    pub async fn held(
        &self,
        edge: &EdgeId,
        epoch: u64,
        limit: usize,
    ) -> Result<Vec<(u64, HeldReason)>, StoreError> {
        let rows: Vec<(i64, String)> = self.sql.all(HELD, vals![edge, epoch, limit]).await?;
        let reason = |state: &str| match state {
            HELD_BY_REGION => HeldReason::Region,
            _ => HeldReason::NeedsOperator,
        };
        Ok(rows.into_iter().map(|(seq, state)| (count(seq), reason(&state))).collect())
    }

    /// The tokens at these places of the log; a place that holds none is left out.
    pub async fn tokens(
        &self,
        claim: &Claim,
        seqs: &[u64],
    ) -> Result<HashMap<u64, String>, StoreError> {
        let mut tokens = HashMap::new();
        for part in parts(seqs, NAMES_MAX) {
            let values = with_seqs(vals![&claim.edge, claim.epoch], part.iter().copied());
            let text = in_list(TOKENS, part.len(), ")");
            let rows: Vec<(i64, Vec<u8>)> = self.sql.all(text, values).await?;
            for (seq, bytes) in rows {
                if let Read::Token { token } = intake::read(&bytes) {
                    tokens.insert(count(seq), token);
                }
            }
        }
        Ok(tokens)
    }

    /// Stores what a pass has brought, all or nothing. `false` where another worker has the log by
    /// now; then nothing is stored.
    pub async fn commit(
        &self,
        claim: &Claim,
        progress: &Progress,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let decided = progress.decided.len();
            let lost = progress.decided.iter().filter(|decided| decided.has_lost()).count();
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
            add_outcomes(tx, claim, &progress.decided, now).await?;
            let held = |wanted| {
                let held = progress.held.iter().filter(move |(_, reason)| *reason == wanted);
                held.map(|(seq, _)| *seq).collect::<Vec<_>>()
            };
            set_state(tx, claim, HELD_BY_REGION, &held(HeldReason::Region)).await?;
            for part in parts(&progress.for_holder, NAMES_MAX) {
                let values = with_seqs(vals![&claim.edge, claim.epoch], part.iter().copied());
                tx.exec(in_list(FOR_HOLDER, part.len(), ")"), values).await?;
            }
            set_state(tx, claim, NEEDS_OPERATOR, &held(HeldReason::NeedsOperator)).await?;
            set_state(tx, claim, PARKED, &progress.parked).await?;
            if let Some(seq) = progress.failed {
                tx.exec(COUNT_FAILURE, vals![&claim.edge, claim.epoch, seq]).await?;
            }
            Ok(true)
        })
    }
}

/// Numbered from where the edge's count stood: the guard has raised it and holds the row.
async fn add_outcomes(
    tx: &mut Tx,
    claim: &Claim,
    decided: &[Decided],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let row: Option<(i64,)> = tx.one(OUTCOME_COUNT, vals![&claim.edge]).await?;
    let total = row.map_or(0, |(total,)| count(total));
    let mut number = total.saturating_sub(decided.len() as u64);
    for part in parts(decided, ROWS_MAX) {
        let seqs = part.iter().map(|decided| decided.seq);
        let values = with_seqs(vals![&claim.edge, claim.epoch], seqs);
        let changed = tx.exec(in_list(DECIDE, part.len(), ")"), values).await?;
        if changed != part.len() as u64 {
            return Err(StoreError::Contradiction("an op was to be decided twice"));
        }
        let mut values = Vec::with_capacity(part.len() * 7);
        for decided in part {
            number += 1;
            values.extend(vals![
                &claim.edge,
                claim.epoch,
                number,
                decided.seq,
                decided.command_id,
                now,
                encoded(&decided.outcome)?,
            ]);
        }
        let text = Statement::new(ADD_OUTCOMES).repeat(ONE_OUTCOME, ", ", part.len());
        tx.exec(text, values).await?;
    }
    let ids: Vec<_> = decided.iter().filter_map(|d| Some((d.command_id?, d.user_id?))).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let commands: Vec<_> = ids.iter().map(|(id, _)| *id).collect();
    asks::ask_again(tx, &commands).await?;
    left_behind::come_back(tx, &ids).await
}

async fn set_state(
    tx: &mut Tx,
    claim: &Claim,
    state: &str,
    seqs: &[u64],
) -> Result<(), StoreError> {
    for part in parts(seqs, NAMES_MAX) {
        let values = with_seqs(vals![state, &claim.edge, claim.epoch], part.iter().copied());
        tx.exec(in_list(SET_STATE, part.len(), ")"), values).await?;
    }
    Ok(())
}

fn with_seqs(mut values: Vec<Val>, seqs: impl Iterator<Item = u64>) -> Vec<Val> {
    values.extend(seqs.map(Val::from));
    values
}
