//! Accepts for the holder of a region: those that people made at the portal, and those of the region's
//! other edges that are held.
//!
//! Invariant: an accept of the portal stands here until it is decided, whoever decides it. One that
//! failed alone too often is handed in no more until an operator says so, or an op of its name is decided;
//! meanwhile it is put to the holder as before.

use std::collections::BTreeSet;

use engine::cloud::Accept;
use platform::{
    sql::{NAMES_MAX, Tx, Val, in_list, parts},
    transact, vals,
};
use uuid::Uuid;
use wire::{
    Command, CommandId, EdgeId, EdgeSeat, PortalAccept, Region, UnixMillis, UserId, WaitingAccept,
};

use super::{Store, StoreError, count, encoded, region};
use crate::domain::{
    batch::FAILURES_MAX,
    intake::{self, Read},
    status::CONTACT_STALE_MS,
};

const SEAT: &str = "SELECT region, epoch FROM edges WHERE edge = ? AND enrolled_at IS NOT NULL";
const HOLDER: &str = "SELECT holder FROM regions WHERE region = ?";
const LOCK: &str = "UPDATE regions SET holder = holder WHERE region = ?";
const KNOWN: &str = "SELECT command, actor FROM asks WHERE command_id = ? AND user_id = ?";
const HOLDER_IN_REACH: &str = "SELECT COUNT(*) FROM regions r JOIN edges e ON e.edge = r.holder \
    AND e.epoch = r.holder_epoch WHERE r.region = ? AND r.gate = 'open' AND e.link_up = 1 \
    AND e.last_contact_at > ?";
const NUMBER: &str = "SELECT COUNT(*) FROM asks WHERE region = ?";
const ADD: &str = "INSERT INTO asks \
    (command_id, user_id, region, command, actor, token, taken_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
const PORTAL: &str = "SELECT a.command, a.actor, a.token, a.taken_at FROM asks a \
    JOIN regions r ON r.region = a.region \
    WHERE a.region = ? AND r.holder = ? AND r.holder_epoch = ? \
    ORDER BY CASE WHEN a.failures < ? THEN 0 ELSE 1 END, a.taken_at, a.command_id, a.user_id LIMIT ?";
const HELD: &str = "SELECT o.edge, o.epoch, o.bytes FROM regions r \
    JOIN edges e ON e.region = r.region AND e.edge <> r.holder \
    JOIN undecided u ON u.edge = e.edge AND u.epoch = e.epoch \
        AND u.state = 'held_region' AND u.for_holder = 1 \
    JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE r.region = ? AND r.holder = ? AND r.holder_epoch = ? \
    ORDER BY o.received_at, o.edge, o.seq LIMIT ?";
const TOKEN: &str = "SELECT bytes FROM ops WHERE edge = ? AND epoch = ? AND seq = ?";
const WAITING: &str = "SELECT command_id, user_id, region, command, actor, failures FROM asks \
    WHERE failures < ? AND (command_id > ? OR (command_id = ? AND user_id > ?)) \
    ORDER BY command_id, user_id LIMIT ?";
const COUNT_FAILURE: &str = "UPDATE asks SET failures = failures + 1 \
    WHERE command_id = ? AND user_id = ? AND failures = ?";
const FAILED: &str = "SELECT command_id FROM asks WHERE failures > 0 LIMIT 1";
const AGAIN: &str = "UPDATE asks SET failures = 0 WHERE failures > 0 AND command_id IN (";
const DROP: &str = "DELETE FROM asks WHERE command_id = ? AND user_id = ?";

/// So many accepts of one region may wait; who comes then is told to come again.
const WAITING_MAX: i64 = 1_000;

/// Whose accept it is: an id is its user's own.
pub type AskName = (CommandId, UserId);

/// An accept of the portal that is to be handed in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub name: AskName,
    /// How often it failed alone.
    pub failures: u32,
    /// `None` where this version cannot read it.
    pub accept: Option<WaitingAccept>,
}

/// Command, user, region, what was asked by whom, and how often it failed.
type AskRow = (Uuid, Uuid, String, Vec<u8>, Vec<u8>, i64);

/// What became of a person's accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It waits now, or did already.
    Waits,
    /// Nobody who holds the region is in reach; nothing is stored.
    HolderAway,
    /// The id waits for something else.
    IdReused,
    TooMany,
}

impl Store {
    /// Where an enrolled edge belongs, and its current epoch.
    pub async fn seat(&self, edge: &EdgeId) -> Result<Option<EdgeSeat>, StoreError> {
        let row: Option<(String, i64)> = self.sql.one(SEAT, vals![edge]).await?;
        let seat = row.map(|(name, epoch)| {
            Ok(EdgeSeat { edge: edge.clone(), region: region(&name)?, epoch: count(epoch) })
        });
        seat.transpose()
    }

    pub async fn holder(&self, region: Region) -> Result<Option<EdgeId>, StoreError> {
        let row: Option<(Option<String>,)> = self.sql.one(HOLDER, vals![region]).await?;
        row.and_then(|(name,)| name).map(super::edge).transpose()
    }

    pub async fn ask(&self, accept: &PortalAccept, now: UnixMillis) -> Result<Asked, StoreError> {
        let (command, actor) = (encoded(&accept.command)?, encoded(&accept.actor)?);
        transact!(self.sql, tx => {
            // One at a time in a region, so that the number below is its number.
            tx.exec(LOCK, vals![accept.region]).await?;
            if let Some(waits) = waits(tx, accept).await? {
                return Ok(if waits { Asked::Waits } else { Asked::IdReused });
            }
            let fresh = now.plus_ms(-CONTACT_STALE_MS);
            if number(tx.one(HOLDER_IN_REACH, vals![accept.region, fresh]).await?) == 0 {
                return Ok(Asked::HolderAway);
            }
            if number(tx.one(NUMBER, vals![accept.region]).await?) >= WAITING_MAX {
                return Ok(Asked::TooMany);
            }
            let values = vals![
                accept.command.id,
                accept.actor.user_id,
                accept.region,
                command.clone(),
                actor.clone(),
                accept.token.as_str(),
                now,
            ];
            tx.exec(ADD, values).await?;
            Ok(Asked::Waits)
        })
    }

    /// What is to be put to this edge in this epoch: nothing, unless it holds the region. Of either
    /// kind the oldest, those that wait for an operator last: they may be many, and stay.
    pub async fn asks_for(
        &self,
        region: Region,
        edge: &EdgeId,
        epoch: u64,
        limit: usize,
    ) -> Result<Vec<Accept>, StoreError> {
        let values = vals![region, edge, epoch, FAILURES_MAX, limit];
        let rows: Vec<(Vec<u8>, Vec<u8>, String, i64)> = self.sql.all(PORTAL, values).await?;
        // Those that cannot be read are spoken of where they are handed in again.
        let portal = rows.into_iter().filter_map(|(command, actor, token, taken_at)| {
            let WaitingAccept { command, actor, .. } = waiting(&command, &actor).ok()?;
            Some(Accept { command, token, actor, taken_at: UnixMillis(taken_at) })
        });
        Ok(portal.collect())
    }

    /// The held accepts of the region's other edges that are for the same one to log. Their tokens stay
    /// where they are until `with_token` is asked for them.
    pub async fn held_elsewhere(
        &self,
        region: Region,
        edge: &EdgeId,
        epoch: u64,
        limit: usize,
    ) -> Result<Vec<HeldAccept>, StoreError> {
        let values = vals![region, edge, epoch, limit];
        let rows: Vec<(String, i64, Vec<u8>)> = self.sql.all(HELD, values).await?;
        let mut held = Vec::with_capacity(rows.len());
        for (name, epoch, bytes) in rows {
            let Read::Command(op) = intake::read(&bytes) else { continue };
            let accept = Accept {
                command: op.command,
                token: String::new(),
                actor: op.actor,
                taken_at: op.received_at,
            };
            let (edge, epoch) = (super::edge(name)?, count(epoch));
            held.push(HeldAccept { edge, epoch, token_seq: op.token_seq, accept });
        }
        Ok(held)
    }

    /// With its token, where the log has one.
    pub async fn with_token(&self, held: HeldAccept) -> Result<Accept, StoreError> {
        let HeldAccept { edge, epoch, token_seq, accept } = held;
        let row: Option<(Vec<u8>,)> = self.sql.one(TOKEN, vals![edge, epoch, token_seq]).await?;
        let token = match row.map(|(bytes,)| intake::read(&bytes)) {
            Some(Read::Token { token }) => token,
            // Nobody vouches for it, which the owner has to say.
            _ => String::new(),
        };
        Ok(Accept { token, ..accept })
    }

    /// The accepts of the portal that are to be handed in again, after that one: those that wait, without
    /// those that wait for an operator.
    pub async fn waiting_accepts(
        &self,
        after: AskName,
        limit: usize,
    ) -> Result<Vec<Waiting>, StoreError> {
        let (id, user) = after;
        let values = vals![FAILURES_MAX, id, id, user, limit];
        let rows: Vec<AskRow> = self.sql.all(WAITING, values).await?;
        let mut revoked = BTreeSet::new();
        for region in Region::ALL {
            let here = rows.iter().filter(|(_, _, name, ..)| name == region.as_str());
            let users: Vec<Uuid> = here.map(|(_, user, ..)| *user).collect();
            revoked.extend(self.revocations(region, &users).await?.into_keys());
        }
        let rows = rows.into_iter().map(|(id, user, _, command, actor, failures)| {
            let accept = waiting(&command, &actor).ok();
            let revoked = revoked.contains(&user);
            let accept = accept.map(|accept| WaitingAccept { revoked, ..accept });
            let failures = u32::try_from(failures).unwrap_or(u32::MAX);
            Waiting { name: (CommandId(id), UserId(user)), failures, accept }
        });
        Ok(rows.collect())
    }

    /// It failed alone once more than so many times. `false` where it was counted already, by another
    /// replica that tried it at the same time, or is decided or let in anew by now.
    pub async fn ask_failed(&self, name: AskName, failures: u32) -> Result<bool, StoreError> {
        let (id, user) = name;
        Ok(self.sql.exec(COUNT_FAILURE, vals![id, user, failures]).await? == 1)
    }

    /// They are decided.
    pub async fn drop_asks(&self, decided: &[AskName]) -> Result<(), StoreError> {
        for (id, user) in decided {
            self.sql.exec(DROP, vals![*id, *user]).await?;
        }
        Ok(())
    }
}

/// These ids have an answer now. Whether it is that of an accept that waits only the owner knows, for it
/// knows whose token vouched for what; so those that are handed in no more are handed in again. One that
/// has failed less often counts anew, or a failure that is being counted right now would be its last.
pub(super) async fn ask_again(tx: &mut Tx, decided: &[CommandId]) -> Result<(), StoreError> {
    let any: Option<(Uuid,)> = tx.one(FAILED, vals![]).await?;
    if any.is_none() {
        return Ok(());
    }
    for part in parts(decided, NAMES_MAX) {
        let values: Vec<Val> = part.iter().copied().map(Val::from).collect();
        tx.exec(in_list(AGAIN, part.len(), ")"), values).await?;
    }
    Ok(())
}

/// Another edge's accept that is held, and where its token stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAccept {
    pub edge: EdgeId,
    pub epoch: u64,
    pub token_seq: u64,
    pub accept: Accept,
}

/// Whether this very accept waits already; `None` where nothing waits under its id.
async fn waits(tx: &mut Tx, accept: &PortalAccept) -> Result<Option<bool>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> =
        tx.one(KNOWN, vals![accept.command.id, accept.actor.user_id]).await?;
    let Some((command, actor)) = row else { return Ok(None) };
    let known = waiting(&command, &actor)?;
    Ok(Some(known.command.body.hash() == accept.command.body.hash()))
}

fn waiting(command: &[u8], actor: &[u8]) -> Result<WaitingAccept, StoreError> {
    let unreadable = |_| StoreError::Unreadable("an accept that waits");
    let command: Command = minicbor::decode(command).map_err(unreadable)?;
    let actor = minicbor::decode(actor).map_err(unreadable)?;
    Ok(WaitingAccept { command, actor, revoked: false })
}

fn number(row: Option<(i64,)>) -> i64 {
    row.map_or(0, |(number,)| number)
}
