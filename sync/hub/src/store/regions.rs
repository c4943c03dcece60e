//! Region rows: gate, policy and the end of the feed.

use platform::{
    fields,
    sql::{ReadError, Row, StoredRow},
    transact, vals,
};
use wire::{GateState, Hash, Policy, Region, RepairStatus, UnixMillis, UserId};

use super::{Result, Store};
use crate::domain::{run::FAILURES_MAX, status::RegionRecord};

const KNOWN: &str = "SELECT region FROM regions";
const ADD: &str = "INSERT INTO regions (region, gate, policy, feed_generation, feed_seq, \
    feed_digest, compacted_to, orders) VALUES (?, 'open', ?, ?, 0, ?, 0, 0)";
const ALL: &str = "SELECT region, gate, policy, holder, feed_generation, feed_seq, feed_digest, \
    compacted_to, orders, lost, compared_at, repaired, repaired_at, contradictions, contradicted_at, \
    (SELECT COUNT(*) FROM asks a WHERE a.region = regions.region) AS asks_waiting, \
    (SELECT COUNT(*) FROM asks a WHERE a.region = regions.region AND a.failures >= ?) \
    AS asks_stopped FROM regions";
const SET_GATE: &str =
    "UPDATE regions SET gate = ?, gate_changed_at = ?, gate_changed_by = ? WHERE region = ?";

impl Row for RegionRecord {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let repairs = fields!(row => RepairStatus {
            compared_at, repaired, repaired_at, contradictions, contradicted_at
        });
        Ok(fields!(row => RegionRecord {
            region, gate, policy, holder, feed_generation, feed_seq, feed_digest, compacted_to,
            orders, lost, asks_waiting, asks_stopped;
            repairs
        }))
    }
}

impl Store {
    /// Creates missing region rows, before any other query. A new row starts a new feed generation.
    pub async fn ensure_regions(&self, generation: u64) -> Result<()> {
        transact!(self.sql, tx => {
            let known: Vec<String> = tx.fetch_all(KNOWN, vals![]).await?;
            for region in Region::ALL {
                if known.iter().any(|name| name == region.as_str()) {
                    continue;
                }
                let values = vals![region, Policy::default().as_str(), generation, Hash::ZERO];
                match tx.exec(ADD, values).await {
                    Ok(_) => {}
                    // Another replica was faster.
                    Err(error) if error.is_unique() => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        })
    }

    /// In the order of `Region::ALL`.
    pub async fn list_regions(&self) -> Result<Vec<RegionRecord>> {
        let mut states: Vec<RegionRecord> = self.sql.fetch_all(ALL, vals![FAILURES_MAX]).await?;
        states.sort_by_key(|state| state.region.index());
        Ok(states)
    }

    pub async fn set_gate(
        &self,
        region: Region,
        gate: GateState,
        by: UserId,
        now: UnixMillis,
    ) -> Result<()> {
        self.sql
            .exec(SET_GATE, vals![gate.as_str(), now, by, region])
            .await?;
        Ok(())
    }
}
