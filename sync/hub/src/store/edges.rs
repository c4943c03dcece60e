//! The standing of an edge: its term, its cursors, its link and its newest word.

use engine::cloud::Stored;
use platform::{sql::Tx, transact, vals};
use wire::{Ack, Chain, EdgeId, GateState, Hello, Region, UnixMillis};

use super::{Store, StoreError, count, hash, region, regions::gate};

const LINK_KEY: &str = "SELECT region, public_key FROM edges WHERE edge = ?";
const STANDING: &str = "SELECT e.region, e.epoch, e.cursor_seq, e.cursor_hash, e.outcome_count, \
    r.feed_generation, r.feed_seq, r.gate \
    FROM edges e JOIN regions r ON r.region = e.region WHERE e.edge = ?";
const RAISE_TERM: &str = "UPDATE edges SET term = term + 1, nonce = ?, program_version = ?, \
    link_up = 1, link_since = ?, last_contact_at = ? WHERE edge = ?";
const TERM: &str = "SELECT term FROM edges WHERE edge = ?";
const PULSE: &str = "SELECT term, outcome_count FROM edges WHERE edge = ?";
const CONTACT: &str = "UPDATE edges SET last_contact_at = ? WHERE edge = ? AND term = ?";
const LINK_DOWN: &str = "UPDATE edges SET link_up = 0, link_since = ? WHERE edge = ? AND term = ?";
const SAVE_ACK: &str = "UPDATE edges SET acked_at = ?, last_contact_at = ?, outcome_cursor = ?, \
    feed_cursor = ?, digest = ?, ahead = ?, pending = ?, oldest_pending_at = ?, last_seq = ?, \
    clock_error_ms = ?, disk_free_bytes = ? WHERE edge = ? AND term = ?";

const VERSION_CHARS_MAX: usize = 64;

/// What a link token is checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkKey {
    pub region: Region,
    pub public_key: [u8; 32],
}

/// What a session looks at from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    pub term: u64,
    pub outcome_count: u64,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    region: String,
    epoch: i64,
    cursor_seq: i64,
    cursor_hash: Vec<u8>,
    outcome_count: i64,
    feed_generation: i64,
    feed_seq: i64,
    gate: String,
}

impl TryFrom<StandingRow> for Stored {
    type Error = StoreError;
    fn try_from(row: StandingRow) -> Result<Self, StoreError> {
        Ok(Self {
            region: region(&row.region)?,
            epoch: count(row.epoch),
            cursor: Chain { seq: count(row.cursor_seq), hash: hash(&row.cursor_hash)? },
            outcome_count: count(row.outcome_count),
            feed_generation: count(row.feed_generation),
            feed_seq: count(row.feed_seq),
            gate_open: gate(&row.gate)? == GateState::Open,
        })
    }
}

impl Store {
    /// `None` where no edge of that name has registered a key.
    pub async fn link_key(&self, edge: &EdgeId) -> Result<Option<LinkKey>, StoreError> {
        let row: Option<(String, Option<Vec<u8>>)> = self.sql.one(LINK_KEY, vals![edge]).await?;
        let Some((name, Some(key))) = row else { return Ok(None) };
        let public_key = key.try_into().map_err(|_| StoreError::Unreadable("a public key"))?;
        Ok(Some(LinkKey { region: region(&name)?, public_key }))
    }

    pub async fn standing(&self, edge: &EdgeId) -> Result<Option<Stored>, StoreError> {
        let row: Option<StandingRow> = self.sql.one(STANDING, vals![edge]).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Raises the term: from here on nothing that an older session writes counts. Answers the new
    /// term and what stands stored under it.
    pub async fn take_over(
        &self,
        edge: &EdgeId,
        hello: &Hello,
        now: UnixMillis,
    ) -> Result<Option<(u64, Stored)>, StoreError> {
        let version: String = hello.version.chars().take(VERSION_CHARS_MAX).collect();
        transact!(self.sql, tx => {
            let values = vals![hello.nonce.0, version.clone(), now, now, edge];
            if tx.exec(RAISE_TERM, values).await? == 0 {
                return Ok(None);
            }
            let term = term(tx, edge).await?;
            let row: Option<StandingRow> = tx.one(STANDING, vals![edge]).await?;
            let stored = row.map(Stored::try_from).transpose()?;
            Ok(stored.map(|stored| (term, stored)))
        })
    }

    pub async fn pulse(&self, edge: &EdgeId) -> Result<Option<Pulse>, StoreError> {
        let row: Option<(i64, i64)> = self.sql.one(PULSE, vals![edge]).await?;
        Ok(row.map(|(term, outcomes)| Pulse { term: count(term), outcome_count: count(outcomes) }))
    }

    /// Whether the term still stands.
    pub async fn contact(
        &self,
        edge: &EdgeId,
        term: u64,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        Ok(self.sql.exec(CONTACT, vals![now, edge, term]).await? == 1)
    }

    /// Under another term the link is another session's to speak of.
    pub async fn link_down(
        &self,
        edge: &EdgeId,
        term: u64,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        self.sql.exec(LINK_DOWN, vals![now, edge, term]).await?;
        Ok(())
    }

    /// Whether the term still stands.
    pub async fn save_ack(
        &self,
        edge: &EdgeId,
        ack: &Ack,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let values = vals![
            now,
            now,
            ack.outcome_cursor,
            ack.feed_cursor,
            ack.digest,
            ack.ahead,
            ack.pending,
            ack.oldest_pending_at,
            ack.last_seq,
            ack.edge_now.0.saturating_sub(now.0),
            ack.disk_free_bytes,
            edge,
            ack.standing.term,
        ];
        Ok(self.sql.exec(SAVE_ACK, values).await? == 1)
    }
}

async fn term(tx: &mut Tx, edge: &EdgeId) -> Result<u64, StoreError> {
    let row: Option<(i64,)> = tx.one(TERM, vals![edge]).await?;
    row.map(|(term,)| count(term)).ok_or(StoreError::Contradiction("an edge vanished"))
}
