//! Waiting accepts, which people made at the portal and no one has decided yet (table `asks`), and
//! forwarded accepts: waiting ones and held ones of the region's other edges, sent to the region's
//! holder, which logs each as its own op.
//!
//! Invariants: a portal accept stays here until it is decided on any path. After too many lone
//! failures only an operator, or a decision on its id, makes the hub retry it; the holder still
//! gets it.

use std::collections::HashMap;

use platform::{
    columns, fields, row,
    sql::{ReadError, Row, StoredRow, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{
    Command, CommandId, EdgeId, ForwardedAccept, Region, Source, UnixMillis, UserId, WaitingAccept,
};

use super::{
    ACCEPT_TOKEN, ACCEPTS, Result, Store, decode_stored, encode_stored, feed::reads::Revocations,
    read_op,
};
use crate::domain::{
    op::{AcceptKey, ReceivedOp},
    run_plan::FAILURES_OF_POISON_OP,
    status::CONTACT_STALE_MS,
};

const LOCK: &str = "UPDATE regions SET holder = holder WHERE region = ?";
const KNOWN: &str =
    "SELECT command_id, user_id, command, actor FROM asks WHERE command_id = ? AND user_id = ?";
/// The edge's own row has the contact until the session of its term has recorded one.
const HOLDER_IN_REACH: &str = "SELECT COUNT(*) FROM regions r JOIN edges e ON e.edge = r.holder \
    AND e.epoch = r.holder_epoch \
    LEFT JOIN edge_contacts contact ON contact.edge = e.edge AND contact.term = e.term \
    WHERE r.region = ? AND r.gate = 'open' AND e.link_up = 1 \
    AND contact.closed_at IS NULL AND COALESCE(contact.heard_at, e.last_contact_at) > ?";
const NUMBER: &str = "SELECT COUNT(*) FROM asks WHERE region = ?";
const PORTAL: &str = "SELECT a.command_id, a.user_id, a.command, a.actor, a.token, a.taken_at FROM asks a \
    JOIN regions r ON r.region = a.region \
    WHERE a.region = ? AND r.holder = ? AND r.holder_epoch = ? \
    ORDER BY CASE WHEN a.failures < ? THEN 0 ELSE 1 END, a.taken_at, a.command_id, a.user_id LIMIT ?";
const HELD: &str = "SELECT o.edge, o.epoch, o.seq, o.bytes FROM regions r \
    JOIN edges e ON e.region = r.region AND e.edge <> r.holder \
    JOIN undecided u ON u.edge = e.edge AND u.epoch = e.epoch \
        AND u.state = 'held_region' AND u.for_holder = 1 \
    JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE r.region = ? AND r.holder = ? AND r.holder_epoch = ? \
    AND (e.distrusted_from IS NULL OR u.epoch > e.distrusted_epoch OR o.received_at < e.distrusted_from) \
    ORDER BY o.received_at, o.edge, o.seq LIMIT ?";
const TOKEN: &str = "SELECT bytes FROM ops WHERE edge = ? AND epoch = ? AND seq = ?";
const WAITING: &str = "SELECT command_id, user_id, region, command, actor, failures, taken_at FROM asks \
    WHERE failures < ? AND (command_id > ? OR (command_id = ? AND user_id > ?)) \
    ORDER BY command_id, user_id LIMIT ?";
const COUNT_FAILURE: &str = "UPDATE asks SET failures = failures + 1 \
    WHERE command_id = ? AND user_id = ? AND failures = ?";
const FAILED: &str = "SELECT command_id FROM asks WHERE failures > 0 LIMIT 1";
const AGAIN: &str = "UPDATE asks SET failures = 0 WHERE failures > 0 AND command_id IN (";
const DROP: &str = "DELETE FROM asks WHERE command_id = ? AND user_id = ?";

columns! {
    struct NewWaitingAccept in asks sealed by ACCEPTS {
        command_id: CommandId,
        user_id: UserId,
        region: Region,
        command: Vec<u8>,
        actor: Vec<u8>,
        token: String,
        taken_at: UnixMillis,
    }
}

/// Waiting accepts per region. Further ones are refused as `TooMany`.
const WAITING_MAX: u64 = 1_000;

/// A page of portal accepts to retry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WaitingAcceptsPage {
    pub accepts: Vec<WaitingAccept>,
    /// Accepts that this version cannot decode.
    pub unreadable: Vec<AcceptKey>,
    /// Lone failures, for readable and unreadable accepts.
    pub failures: HashMap<AcceptKey, u32>,
    /// The next page starts behind this accept; `None` at the end.
    pub next: Option<AcceptKey>,
}

impl WaitingAcceptsPage {
    pub(crate) fn count_failures(&self, accept_key: &AcceptKey) -> u32 {
        self.failures.get(accept_key).copied().unwrap_or_default()
    }
}

/// An accept to forward, with the time and place of its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AcceptWithOrigin {
    pub accept: ForwardedAccept,
    pub taken_at: UnixMillis,
    pub made_at: Source,
}

row! {
    /// A command and its person, in the wire encoding.
    struct StoredAccept sealed by ACCEPTS {
        command: Vec<u8>,
        actor: Vec<u8>,
    }
}

struct PortalAcceptRow {
    stored: StoredAccept,
    token: String,
    taken_at: UnixMillis,
}

struct WaitingAcceptRow {
    stored: StoredAccept,
    command_id: CommandId,
    user_id: UserId,
    region: String,
    failures: u32,
    taken_at: UnixMillis,
}

impl Row for PortalAcceptRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let stored = StoredAccept::read(row)?;
        let token = row.opened(&ACCEPT_TOKEN)?;
        Ok(fields!(row => PortalAcceptRow { taken_at; stored, token }))
    }
}

impl Row for WaitingAcceptRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let stored = StoredAccept::read(row)?;
        Ok(
            fields!(row => WaitingAcceptRow { command_id, user_id, region, failures, taken_at; stored }),
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcceptAdmission {
    /// It waits, now or already.
    Waits,
    /// The region's holder is out of reach; the accept is not stored.
    HolderAway,
    /// The id already waits with another command.
    IdReused,
    TooMany,
}

impl Store {
    pub(crate) async fn admit_portal_accept(
        &self,
        accept: &ForwardedAccept,
        now: UnixMillis,
    ) -> Result<AcceptAdmission> {
        let id = accept.command.id;
        let user = accept.actor.user_id;
        let command = encode_stored(&accept.command)?;
        let actor = encode_stored(&accept.actor)?;
        transact!(self.sql, tx => {
            // Serialises admissions per region, so that the count below is exact.
            tx.exec(LOCK, vals![accept.region]).await?;
            if let Some(waits) = matches_waiting_accept(tx, accept).await? {
                return Ok(if waits { AcceptAdmission::Waits } else { AcceptAdmission::IdReused });
            }
            let fresh = now.plus_ms(-CONTACT_STALE_MS);
            let in_reach: Option<u64> = tx.fetch_optional(HOLDER_IN_REACH, vals![accept.region, fresh]).await?;
            if in_reach.unwrap_or_default() == 0 {
                return Ok(AcceptAdmission::HolderAway);
            }
            if tx.fetch_optional::<u64>(NUMBER, vals![accept.region]).await? >= Some(WAITING_MAX) {
                return Ok(AcceptAdmission::TooMany);
            }
            let row = NewWaitingAccept {
                command_id: id,
                user_id: user,
                region: accept.region,
                command: command.clone(),
                actor: actor.clone(),
                token: accept.token.clone(),
                taken_at: now,
            };
            tx.insert(row).await?;
            Ok(AcceptAdmission::Waits)
        })
    }

    /// Returns the portal's accepts for this edge to log, if it holds the region in this epoch. The
    /// oldest come first, those that need an operator last, because they may be many, and stay.
    pub(crate) async fn list_accepts_for_holder(
        &self,
        region: Region,
        edge: &EdgeId,
        epoch: u64,
        limit: usize,
    ) -> Result<Vec<AcceptWithOrigin>> {
        let values = vals![region, edge, epoch, FAILURES_OF_POISON_OP, limit];
        let rows: Vec<PortalAcceptRow> = self.sql.fetch_all(PORTAL, values).await?;
        // The retry path logs accepts that cannot be decoded.
        let portal = rows.into_iter().filter_map(
            |PortalAcceptRow {
                 stored,
                 token,
                 taken_at,
             }| {
                let WaitingAccept { command, actor, .. } = stored.decode_accept().ok()?;
                let accept = ForwardedAccept {
                    region,
                    command,
                    actor,
                    token,
                };
                Some(AcceptWithOrigin {
                    accept,
                    taken_at,
                    made_at: Source::Portal,
                })
            },
        );
        Ok(portal.collect())
    }

    /// Returns up to `due_max` held accepts of the region's other edges that pass `is_due`, out of
    /// `limit` read.
    pub(crate) async fn list_held_accepts_elsewhere(
        &self,
        region: Region,
        holder: &EdgeId,
        epoch: u64,
        limit: usize,
        due_max: usize,
        mut is_due: impl FnMut(AcceptKey) -> bool + Send,
    ) -> Result<Vec<AcceptWithOrigin>> {
        let rows: Vec<(EdgeId, u64, u64, Vec<u8>)> = self
            .sql
            .fetch_all(HELD, vals![region, holder, epoch, limit])
            .await?;
        let mut due = Vec::new();
        let keys = self.sql.data_keys();
        for (edge, epoch, seq, bytes) in rows {
            let read = read_op(keys, edge.as_str(), epoch, seq, bytes)?;
            let ReceivedOp::Command(op) = read else {
                continue;
            };
            if !is_due((op.command.id, op.actor.user_id)) || due.len() == due_max {
                continue;
            }
            let bytes: Option<Vec<u8>> = self
                .sql
                .fetch_optional(TOKEN, vals![&edge, epoch, op.token_seq])
                .await?;
            let stored = bytes
                .map(|bytes| read_op(keys, edge.as_str(), epoch, op.token_seq, bytes))
                .transpose()?;
            let token = match stored {
                Some(ReceivedOp::Token { token }) => token,
                // Without a token no one vouches for the accept; the owner rejects it.
                _ => String::new(),
            };
            let accept = ForwardedAccept {
                region,
                command: op.command,
                actor: op.actor,
                token,
            };
            let taken_at = op.received_at;
            let made_at = Source::Edge(edge);
            due.push(AcceptWithOrigin {
                accept,
                taken_at,
                made_at,
            });
        }
        Ok(due)
    }

    /// Returns the portal's accepts behind `after` to retry, without those that need an operator.
    pub(crate) async fn read_accepts_to_retry(
        &self,
        after: AcceptKey,
        limit: usize,
    ) -> Result<WaitingAcceptsPage> {
        let (id, user) = after;
        let values = vals![FAILURES_OF_POISON_OP, id, id, user, limit];
        let rows: Vec<WaitingAcceptRow> = self.sql.fetch_all(WAITING, values).await?;
        let mut revocations = Revocations::new();
        for region in Region::ALL {
            let here = rows.iter().filter(|row| row.region == region.as_str());
            let users: Vec<Uuid> = here.map(|row| row.user_id.0).collect();
            revocations.extend(self.read_revocations(region, &users).await?);
        }
        let last = rows.last().filter(|_| rows.len() == limit);
        let next = last.map(|row| (row.command_id, row.user_id));
        let mut part = WaitingAcceptsPage {
            next,
            ..WaitingAcceptsPage::default()
        };
        for row in rows {
            let name = (row.command_id, row.user_id);
            part.failures.insert(name, row.failures);
            match row.stored.decode_accept() {
                Ok(accept) => {
                    // The token was issued before the accept was taken.
                    let of_user = revocations.get(&row.user_id.0);
                    let revoked = of_user
                        .is_some_and(|known| known.revocation_of_token(row.taken_at).is_some());
                    part.accepts.push(WaitingAccept { revoked, ..accept });
                }
                Err(_) => part.unreadable.push(name),
            }
        }
        Ok(part)
    }

    /// Returns `false` if another replica counted this failure first, or the accept was decided or
    /// retried meanwhile.
    pub(crate) async fn count_accept_failure(
        &self,
        accept_key: AcceptKey,
        failures: u32,
    ) -> Result<bool> {
        let (id, user) = accept_key;
        Ok(self
            .sql
            .exec(COUNT_FAILURE, vals![id, user, failures])
            .await?
            == 1)
    }

    pub(crate) async fn delete_decided_accepts(&self, decided: &[AcceptKey]) -> Result<()> {
        for (id, user) in decided {
            self.sql.exec(DROP, vals![*id, *user]).await?;
        }
        Ok(())
    }
}

/// Retries stopped accepts whose ids now have an outcome. Only the owner can match the outcome to a
/// person, because it verifies the tokens. Also resets lower failure counts: a failure that is
/// being counted right now could otherwise stop them.
pub(super) async fn reset_accept_failures(tx: &mut Tx, decided: &[CommandId]) -> Result<()> {
    if tx
        .fetch_optional::<CommandId>(FAILED, vals![])
        .await?
        .is_none()
    {
        return Ok(());
    }
    tx.exec_named(AGAIN, &[], decided, ")").await?;
    Ok(())
}

/// Returns true if the same command waits under its id; `None` if the id is free.
async fn matches_waiting_accept(tx: &mut Tx, accept: &ForwardedAccept) -> Result<Option<bool>> {
    let row: Option<StoredAccept> = tx
        .fetch_optional(KNOWN, vals![accept.command.id, accept.actor.user_id])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let known = row.decode_accept()?;
    Ok(Some(
        known.command.body.hash() == accept.command.body.hash(),
    ))
}

impl StoredAccept {
    fn decode_accept(&self) -> Result<WaitingAccept> {
        let what = "a waiting acceptance";
        let (command, actor): (Command, _) = (
            decode_stored(&self.command, what)?,
            decode_stored(&self.actor, what)?,
        );
        Ok(WaitingAccept {
            command,
            actor,
            revoked: false,
        })
    }
}
