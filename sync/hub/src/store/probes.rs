//! Liveness probes of the run that holds an edge's session. A probe is numbered in the edge's row;
//! its answer has a separate row, which no transaction on the edge's row locks.
//!
//! Invariants: probe numbers only rise, so an answer to a later probe answers every earlier one, on
//! any replica. An answer counts for the term under which it was given.

use platform::{transact, vals};
use wire::{EdgeId, UnixMillis};

use super::{Result, Store};

const START_PROBE: &str =
    "UPDATE edges SET probe_number = probe_number + 1, probed_at = ? WHERE edge = ?";
const PROBE_NUMBER: &str = "SELECT probe_number FROM edges WHERE edge = ?";
/// A replica of the previous version answers in the edge's row only.
const ANSWERED: &str = "SELECT CASE WHEN a.number > e.probe_answered THEN a.number \
        ELSE e.probe_answered END AS answered \
    FROM edges e LEFT JOIN probe_answers a ON a.edge = e.edge AND a.term = ? WHERE e.edge = ?";
const ADD_ANSWER: &str = "INSERT INTO probe_answers (edge, term, number) VALUES (?, ?, ?)";
const RAISE_ANSWER: &str = "UPDATE probe_answers SET term = ?, number = ? \
    WHERE edge = ? AND (term < ? OR (term = ? AND number < ?))";
const SETTLE_PROBE: &str = "UPDATE edges SET probe_answered = ? \
    WHERE edge = ? AND term = ? AND probe_answered < ?";
const OPEN_PROBES: &str = "SELECT edge, probe_number FROM edges \
    WHERE probe_number > probe_answered AND probed_at > ? ORDER BY edge LIMIT 1000";
const TWIN_SEEN: &str = "UPDATE edges SET twin_seen_at = ? WHERE edge = ?";

impl Store {
    /// Returns the probe's number, or 0 if the edge does not exist.
    pub(crate) async fn start_probe(&self, edge: &EdgeId, now: UnixMillis) -> Result<u64> {
        transact!(self.sql, tx => {
            tx.exec(START_PROBE, vals![now, edge]).await?;
            Ok(tx.fetch_optional(PROBE_NUMBER, vals![edge]).await?.unwrap_or_default())
        })
    }

    /// Returns the newest probe that the session of this term has answered.
    pub(crate) async fn read_answered_probe(&self, edge: &EdgeId, term: u64) -> Result<u64> {
        Ok(self
            .sql
            .fetch_optional(ANSWERED, vals![term, edge])
            .await?
            .unwrap_or_default())
    }

    /// Ignores an answer of an older session than the one that answered last.
    pub(crate) async fn record_probe_answer(
        &self,
        edge: &EdgeId,
        term: u64,
        number: u64,
    ) -> Result<()> {
        if self.raise_answer(edge, term, number).await? {
            return Ok(());
        }
        match self.sql.exec(ADD_ANSWER, vals![edge, term, number]).await {
            Ok(_) => Ok(()),
            // Another session may have added the row since.
            Err(error) if error.is_duplicate_key() => {
                self.raise_answer(edge, term, number).await?;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn raise_answer(&self, edge: &EdgeId, term: u64, number: u64) -> Result<bool> {
        let values = vals![term, number, edge, term, term, number];
        Ok(self.sql.exec(RAISE_ANSWER, values).await? == 1)
    }

    /// Has no effect under another term: that session is over.
    pub(crate) async fn settle_probe(&self, edge: &EdgeId, term: u64, number: u64) -> Result<()> {
        transact!(self.sql, tx => {
            tx.exec(SETTLE_PROBE, vals![number, edge, term, number]).await?;
            Ok(())
        })
    }

    /// Lists edges whose newest probe since `since` is not settled, with its number.
    pub(crate) async fn list_open_probes(&self, since: UnixMillis) -> Result<Vec<(EdgeId, u64)>> {
        Ok(self.sql.fetch_all(OPEN_PROBES, vals![since]).await?)
    }

    pub(crate) async fn record_twin(&self, edge: &EdgeId, now: UnixMillis) -> Result<()> {
        self.sql.exec(TWIN_SEEN, vals![now, edge]).await?;
        Ok(())
    }
}
