//! Takes an edge out of service on an operator's order: refuses its key, notifies the order
//! service, and finds the decided commands that are now distrusted.
//!
//! Invariant: one transaction refuses the key, raises the term to end the session, takes the log
//! from its worker, and records the operator. So the operator's cut-off applies to every op not yet
//! decided.

use platform::{
    sql::{ReadError, Row, StoredRow},
    transact, vals,
};
use wire::{CommandId, EdgeId, UnixMillis, UserId};

use super::{
    super::{Result, Store, read_op, read_outcome},
    DROP_CODES, EdgeActKind, NewAct,
};
use crate::domain::op::ReceivedOp;

const DISABLE: &str = "UPDATE edges SET disabled_at = COALESCE(disabled_at, ?), disabled_by = ?, \
    disabled_why = ?, retired_at = COALESCE(?, retired_at), disabling_open = 1, \
    distrusted_epoch = CASE WHEN ? IS NULL THEN distrusted_epoch ELSE epoch END, \
    distrusted_from = COALESCE(?, distrusted_from), \
    ending_why = CASE WHEN ending_epoch = epoch THEN ending_why ELSE 'edge_restored' END, \
    ending_epoch = epoch, term = term + 1, work_token = work_token + 1, work_until = 0, \
    link_up = 0, link_since = ? WHERE edge = ? AND enrolled_at IS NOT NULL";
const OPEN_DISABLINGS: &str =
    "SELECT edge FROM edges WHERE disabling_open = 1 ORDER BY edge LIMIT 100";
const DISABLING: &str = "SELECT ending_epoch, disabled_by, disabled_why, distrusted_epoch, distrusted_from \
    FROM edges WHERE edge = ? AND disabled_by IS NOT NULL";
const CLOSE_DISABLING: &str = "UPDATE edges SET disabling_open = 0 WHERE edge = ?";
const DECIDED: &str = "SELECT o.epoch, o.seq, o.bytes, d.bytes AS outcome FROM ops o \
    JOIN outcomes d ON d.edge = o.edge AND d.epoch = o.epoch AND d.seq = o.seq \
    WHERE o.edge = ? AND o.received_at >= ? AND o.epoch <= ? \
    AND (o.epoch > ? OR (o.epoch = ? AND o.seq > ?)) ORDER BY o.epoch, o.seq LIMIT ?";

const PART: usize = 500;

/// An operator's order about one edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisableRequest {
    /// Distrust everything that the edge sent since; `None` trusts all of it.
    pub since: Option<UnixMillis>,
    pub why: String,
    pub retires: bool,
    pub by: UserId,
}

/// A disabled edge, as reported to the order service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisablingNotice {
    pub epoch: u64,
    pub by: UserId,
    pub why: Option<String>,
    /// The last epoch and the moment from which its ops are distrusted.
    pub distrusted: Option<(u64, UnixMillis)>,
}

impl Row for DisablingNotice {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let last: Option<u64> = row.get("distrusted_epoch")?;
        Ok(Self {
            epoch: row.get("ending_epoch")?,
            by: row.get("disabled_by")?,
            why: row.get("disabled_why")?,
            distrusted: last.zip(row.get("distrusted_from")?),
        })
    }
}

/// Decided commands that are now distrusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DistrustedCommandsPage {
    pub commands: Vec<CommandId>,
    /// The place of the last one; `None` at the end.
    pub next: Option<(u64, u64)>,
}

impl Store {
    /// Returns true if the edge is enrolled. Repeatable, even with another `since`.
    pub(crate) async fn disable_edge(
        &self,
        edge: &EdgeId,
        order: &DisableRequest,
        now: UnixMillis,
    ) -> Result<bool> {
        let DisableRequest {
            since,
            why,
            retires,
            by,
        } = order;
        let retired_at = retires.then_some(now);
        transact!(self.sql, tx => {
            let values = vals![now, *by, why.clone(), retired_at, *since, *since, now, edge];
            if tx.exec(DISABLE, values).await? == 0 {
                return Ok(false);
            }
            tx.exec(DROP_CODES, vals![edge]).await?;
            let kind = if *retires { EdgeActKind::Retired } else { EdgeActKind::Disabled };
            let why = Some(why.clone());
            tx.insert(NewAct { edge, at: now, act: kind.as_str(), made_by: *by, since: *since, why })
                .await?;
            Ok(true)
        })
    }

    /// Lists disabled edges not yet reported to the order service.
    pub(crate) async fn list_open_disablings(&self) -> Result<Vec<EdgeId>> {
        Ok(self.sql.fetch_all(OPEN_DISABLINGS, vals![]).await?)
    }

    pub(crate) async fn find_disabling(&self, edge: &EdgeId) -> Result<Option<DisablingNotice>> {
        Ok(self.sql.fetch_optional(DISABLING, vals![edge]).await?)
    }

    pub(crate) async fn close_disabling(&self, edge: &EdgeId) -> Result<()> {
        self.sql.exec(CLOSE_DISABLING, vals![edge]).await?;
        Ok(())
    }

    /// Lists successful commands behind `after` whose ops arrived since the cut-off.
    pub(crate) async fn list_distrusted_commands(
        &self,
        edge: &EdgeId,
        last_epoch: u64,
        from: UnixMillis,
        after: (u64, u64),
    ) -> Result<DistrustedCommandsPage> {
        let (epoch, seq) = after;
        let values = vals![edge, from, last_epoch, epoch, epoch, seq, PART];
        let rows: Vec<(u64, u64, Vec<u8>, Vec<u8>)> = self.sql.fetch_all(DECIDED, values).await?;
        let last = rows.last().filter(|_| rows.len() == PART);
        let next = last.map(|(epoch, seq, ..)| (*epoch, *seq));
        let mut commands = Vec::new();
        for (epoch, seq, op, outcome) in rows {
            let keys = self.sql.data_keys();
            let outcome = read_outcome(keys, edge.as_str(), epoch, seq, outcome)?;
            if let ReceivedOp::Command(op) = read_op(keys, edge.as_str(), epoch, seq, op)?
                && outcome.has_succeeded()
            {
                commands.push(op.command.id);
            }
        }
        Ok(DistrustedCommandsPage { commands, next })
    }
}
