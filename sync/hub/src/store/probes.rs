//! Probes the run that holds an edge's session for liveness, on any replica.
//!
//! Invariant: probe numbers only rise, so an answer to a later probe answers every earlier one.

use platform::{transact, vals};
use wire::{EdgeId, UnixMillis};

use super::{Result, Store};

const ASK: &str = "UPDATE edges SET probe_number = probe_number + 1, probed_at = ? WHERE edge = ?";
const NUMBER: &str = "SELECT probe_number FROM edges WHERE edge = ?";
const ANSWERED: &str = "SELECT probe_answered FROM edges WHERE edge = ?";
const ANSWER: &str = "UPDATE edges SET probe_answered = ? \
    WHERE edge = ? AND term = ? AND probe_answered < ?";
const OPEN: &str = "SELECT edge FROM edges \
    WHERE probe_number > probe_answered AND probed_at > ? ORDER BY edge LIMIT 1000";
const TWIN_SEEN: &str = "UPDATE edges SET twin_seen_at = ? WHERE edge = ?";

impl Store {
    /// Returns the probe's number, or 0 if the edge does not exist.
    pub async fn ask_for_life(&self, edge: &EdgeId, now: UnixMillis) -> Result<u64> {
        transact!(self.sql, tx => {
            tx.exec(ASK, vals![now, edge]).await?;
            Ok(tx.fetch_optional(NUMBER, vals![edge]).await?.unwrap_or_default())
        })
    }

    /// Returns the newest answered probe.
    pub async fn life_shown(&self, edge: &EdgeId) -> Result<u64> {
        Ok(self
            .sql
            .fetch_optional(ANSWERED, vals![edge])
            .await?
            .unwrap_or_default())
    }

    /// Ignores an answer under another term: that session is over.
    pub async fn show_life(&self, edge: &EdgeId, term: u64, number: u64) -> Result<()> {
        self.sql
            .exec(ANSWER, vals![number, edge, term, number])
            .await?;
        Ok(())
    }

    /// Lists edges with an unanswered probe since `since`.
    pub async fn asked_for_life(&self, since: UnixMillis) -> Result<Vec<EdgeId>> {
        Ok(self.sql.fetch_all(OPEN, vals![since]).await?)
    }

    pub async fn twin_seen(&self, edge: &EdgeId, now: UnixMillis) -> Result<()> {
        self.sql.exec(TWIN_SEEN, vals![now, edge]).await?;
        Ok(())
    }
}
