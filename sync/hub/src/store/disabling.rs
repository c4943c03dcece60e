//! Takes edges out of service: disables them, gives them a new key, or retires them.
//!
//! Invariant: one transaction refuses the key, raises the term to end the session, takes the log
//! from its worker, and records the operator. So the operator's cut-off applies to every op not yet
//! decided.

use platform::{
    columns, row,
    sql::{Columns, ReadError, Row, StoredRow},
    transact, vals,
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{CommandId, EdgeId, Hash, UnixMillis, UserId};

use super::{
    Result, Store,
    enrol::{NewCode, keep_key},
    sealed::{read_op, read_outcome},
};
use crate::domain::{enrolment, op::ReceivedOp};

const DISABLE: &str = "UPDATE edges SET disabled_at = COALESCE(disabled_at, ?), disabled_by = ?, \
    disabled_why = ?, retired_at = COALESCE(?, retired_at), disabling_open = 1, \
    distrusted_epoch = CASE WHEN ? IS NULL THEN distrusted_epoch ELSE epoch END, \
    distrusted_from = COALESCE(?, distrusted_from), \
    ending_why = CASE WHEN ending_epoch = epoch THEN ending_why ELSE 'edge_restored' END, \
    ending_epoch = epoch, term = term + 1, work_token = work_token + 1, work_until = 0, \
    link_up = 0, link_since = ? WHERE edge = ? AND enrolled_at IS NOT NULL";
const REFUSE_KEY: &str = "UPDATE edges SET public_key = NULL, term = term + 1, link_up = 0, \
    link_since = ? WHERE edge = ? AND enrolled_at IS NOT NULL";
const ENROLLED: &str = "SELECT COUNT(*) FROM edges WHERE edge = ? AND enrolled_at IS NOT NULL";
const DROP_CODES: &str = "DELETE FROM enrolment_codes WHERE edge = ?";
const OPEN: &str = "SELECT edge FROM edges WHERE disabling_open = 1 ORDER BY edge LIMIT 100";
const DISABLING: &str = "SELECT ending_epoch, disabled_by, disabled_why, distrusted_epoch, distrusted_from \
    FROM edges WHERE edge = ? AND disabled_by IS NOT NULL";
const CLOSE: &str = "UPDATE edges SET disabling_open = 0 WHERE edge = ?";
const DECIDED: &str = "SELECT o.epoch, o.seq, o.bytes, d.bytes AS outcome FROM ops o \
    JOIN outcomes d ON d.edge = o.edge AND d.epoch = o.epoch AND d.seq = o.seq \
    WHERE o.edge = ? AND o.received_at >= ? AND o.epoch <= ? \
    AND (o.epoch > ? OR (o.epoch = ? AND o.seq > ?)) ORDER BY o.epoch, o.seq LIMIT ?";
const LEFT: &str = "SELECT e.undecided, \
    CASE WHEN e.last_seq > e.cursor_seq THEN e.last_seq - e.cursor_seq ELSE 0 END \
    FROM edges e WHERE e.edge = ?";
const ACTS: &str = "WHERE edge = ? ORDER BY at DESC LIMIT 100";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeActKind {
    Disabled,
    Retired,
    /// Given a new key; the old one is refused at once.
    Rekeyed,
    /// Given a new key; the old one stays valid until the edge registers it.
    Rotated,
}

columns! {
    struct NewAct<'a> in edge_acts {
        edge: &'a EdgeId,
        at: UnixMillis,
        act: &'static str,
        made_by: UserId,
        since: Option<UnixMillis>,
        why: Option<String>,
    }
}

row! {
    /// One line of an edge's record.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
    pub struct EdgeAct in edge_acts {
        pub at: UnixMillis,
        /// `disabled`, `retired`, `rekeyed` or `rotated`.
        pub act: String,
        pub made_by: UserId,
        /// The hub distrusts everything that the edge sent since.
        #[schema(required)]
        pub since: Option<UnixMillis>,
        #[schema(required)]
        pub why: Option<String>,
    }
}

/// An operator's order about one edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisableRequest {
    /// Distrust everything that the edge sent since; `None` trusts all of it.
    pub since: Option<UnixMillis>,
    pub why: String,
    pub retires: bool,
    pub by: UserId,
}

/// An operator's order to give an edge a new key, with the hash of the code that it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RekeyRequest {
    /// `Rekeyed` or `Rotated`.
    pub kind: EdgeActKind,
    pub code_hash: Hash,
    pub by: UserId,
    pub why: Option<String>,
}

/// A disabled edge, as reported to the order service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisablingNotice {
    pub epoch: u64,
    pub by: UserId,
    pub why: Option<String>,
    /// The last epoch and the moment from which its ops are distrusted.
    pub distrusted: Option<(u64, UnixMillis)>,
}

/// Decided commands that are now distrusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistrustedCommandsPage {
    pub commands: Vec<CommandId>,
    /// The place of the last one; `None` at the end.
    pub next: Option<(u64, u64)>,
}

const PART: usize = 500;

impl EdgeActKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Retired => "retired",
            Self::Rekeyed => "rekeyed",
            Self::Rotated => "rotated",
        }
    }
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

impl Store {
    /// Returns true if the edge is enrolled. Repeatable, even with another `since`.
    pub async fn disable_edge(
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

    /// Stores a code that gives an enrolled edge a new key. The old key is refused now, or for
    /// `Rotated` once the code is used. Returns the code's expiry; `None` if the edge is not
    /// enrolled.
    pub async fn issue_rekey_code(
        &self,
        edge: &EdgeId,
        request: &RekeyRequest,
        now: UnixMillis,
    ) -> Result<Option<UnixMillis>> {
        let RekeyRequest {
            kind,
            code_hash,
            by,
            why,
        } = request;
        let until = enrolment::expires_at(now);
        transact!(self.sql, tx => {
            let known = match kind {
                EdgeActKind::Rotated => tx.fetch_optional::<u64>(ENROLLED, vals![edge]).await?.unwrap_or_default(),
                _ => {
                    keep_key(tx, edge, now).await?;
                    tx.exec(REFUSE_KEY, vals![now, edge]).await?
                }
            };
            if known == 0 {
                return Ok(None);
            }
            tx.exec(DROP_CODES, vals![edge]).await?;
            let code = NewCode {
                code_hash: *code_hash,
                edge,
                created_at: now,
                created_by: *by,
                expires_at: until,
                new_key: true,
            };
            tx.insert(code).await?;
            let act = kind.as_str();
            tx.insert(NewAct { edge, at: now, act, made_by: *by, since: None, why: why.clone() })
                .await?;
            Ok(Some(until))
        })
    }

    /// Returns the newest first.
    pub async fn list_edge_acts(&self, edge: &EdgeId) -> Result<Vec<EdgeAct>> {
        Ok(self
            .sql
            .fetch_all(EdgeAct::select(ACTS), vals![edge])
            .await?)
    }

    /// Counts undecided ops, and ops that the edge has announced but not sent.
    pub async fn count_unsettled_ops(&self, edge: &EdgeId) -> Result<(u64, u64)> {
        Ok(self
            .sql
            .fetch_optional(LEFT, vals![edge])
            .await?
            .unwrap_or_default())
    }

    /// Lists disabled edges not yet reported to the order service.
    pub async fn open_disablings(&self) -> Result<Vec<EdgeId>> {
        Ok(self.sql.fetch_all(OPEN, vals![]).await?)
    }

    pub async fn find_disabling(&self, edge: &EdgeId) -> Result<Option<DisablingNotice>> {
        Ok(self.sql.fetch_optional(DISABLING, vals![edge]).await?)
    }

    pub async fn close_disabling(&self, edge: &EdgeId) -> Result<()> {
        self.sql.exec(CLOSE, vals![edge]).await?;
        Ok(())
    }

    /// Lists successful commands behind `after` whose ops arrived since the cut-off.
    pub async fn list_distrusted_commands(
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
