//! Commands that an ended epoch left without an outcome.
//!
//! Invariant: a command is listed from the transaction that ends its epoch until an outcome is
//! stored under its id for the same person, by any edge, or its op is forgotten.

use std::collections::{HashMap, HashSet};

use platform::{columns, sql::Tx, vals};
use wire::{CommandId, EdgeId, LeftBehind, UnixMillis, UserId};

use super::{Result, Store, sealed::read_op};
use crate::domain::op::ReceivedOp;

const UNDECIDED: &str = "SELECT u.seq, o.received_at, o.bytes FROM undecided u \
    JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE u.edge = ? AND u.epoch = ? AND u.seq > ? ORDER BY u.seq LIMIT ?";
const ANY: &str = "SELECT command_id FROM left_behind LIMIT 1";
const SAME_ID: &str = "SELECT l.edge, l.epoch, l.seq, o.bytes FROM left_behind l \
    JOIN ops o ON o.edge = l.edge AND o.epoch = l.epoch AND o.seq = l.seq \
    WHERE l.command_id IN (";
const CAME_BACK: &str = "DELETE FROM left_behind WHERE edge = ? AND epoch = ? AND seq = ?";
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
pub(super) async fn note_left(tx: &mut Tx, edge: &EdgeId, epoch: u64) -> Result<()> {
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
            come_back(tx, &ids).await?;
            tx.insert_all(left).await?;
        }
    }
}

/// Removes commands that now have an outcome or are listed elsewhere. An id belongs to its person:
/// another person's command with it stays.
pub(super) async fn come_back(tx: &mut Tx, ids: &[(CommandId, UserId)]) -> Result<()> {
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
            tx.exec(CAME_BACK, vals![edge, epoch, seq]).await?;
        }
    }
    Ok(())
}

impl Store {
    pub(super) async fn left_behind_by_edge(&self) -> Result<LeftBehindByEdge> {
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
    pub(super) async fn forget_left_behind(&self, edge: &EdgeId, before: UnixMillis) -> Result<()> {
        let commands = self.sql.exec(FORGET, vals![edge, before]).await?;
        if commands > 0 {
            tracing::warn!(edge.id = %edge, commands, "Deleted commands without an outcome");
        }
        Ok(())
    }
}
