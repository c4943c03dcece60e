//! The rows of the regions: gate, policy and the end of the feed.

use platform::{transact, vals};
use wire::{GateState, Hash, Policy, Region, RepairStatus, UnixMillis, UserId};

use super::{Result, Store, StoreError, count, edge, hash, region};
use crate::domain::{run::FAILURES_MAX, status::RegionRecord};

const KNOWN: &str = "SELECT region FROM regions";
const ADD: &str = "INSERT INTO regions (region, gate, policy, feed_generation, feed_seq, \
    feed_digest, compacted_to, orders) VALUES (?, 'open', ?, ?, 0, ?, 0, 0)";
const ALL: &str = "SELECT region, gate, policy, holder, feed_generation, feed_seq, feed_digest, \
    compacted_to, orders, compared_at, repaired, repaired_at, contradictions, contradicted_at, \
    (SELECT COUNT(*) FROM asks a WHERE a.region = regions.region) AS asks_waiting, \
    (SELECT COUNT(*) FROM asks a WHERE a.region = regions.region AND a.failures >= ?) \
    AS asks_stopped FROM regions";
const SET_GATE: &str =
    "UPDATE regions SET gate = ?, gate_changed_at = ?, gate_changed_by = ? WHERE region = ?";

#[derive(sqlx::FromRow)]
struct RegionRow {
    region: String,
    gate: String,
    policy: String,
    holder: Option<String>,
    feed_generation: i64,
    feed_seq: i64,
    feed_digest: Vec<u8>,
    compacted_to: i64,
    orders: i64,
    compared_at: Option<i64>,
    repaired: i64,
    repaired_at: Option<i64>,
    contradictions: i64,
    contradicted_at: Option<i64>,
    asks_waiting: i64,
    asks_stopped: i64,
}

impl TryFrom<RegionRow> for RegionRecord {
    type Error = StoreError;
    fn try_from(row: RegionRow) -> Result<Self> {
        Ok(Self {
            region: region(&row.region)?,
            gate: gate(&row.gate)?,
            policy: row.policy.parse().map_err(|_| StoreError::Unreadable("a policy"))?,
            holder: row.holder.map(edge).transpose()?,
            feed_generation: count(row.feed_generation),
            feed_seq: count(row.feed_seq),
            feed_digest: hash(&row.feed_digest)?,
            compacted_to: count(row.compacted_to),
            orders: count(row.orders),
            asks_waiting: count(row.asks_waiting),
            asks_stopped: count(row.asks_stopped),
            repairs: RepairStatus {
                compared_at: row.compared_at.map(UnixMillis),
                repaired: count(row.repaired),
                repaired_at: row.repaired_at.map(UnixMillis),
                contradictions: count(row.contradictions),
                contradicted_at: row.contradicted_at.map(UnixMillis),
            },
        })
    }
}

impl Store {
    /// Every region has its row before anything else is asked; a new row begins a feed of a new
    /// generation.
    pub async fn ensure_regions(&self, generation: u64) -> Result<()> {
        transact!(self.sql, tx => {
            let known: Vec<(String,)> = tx.all(KNOWN, vals![]).await?;
            for region in Region::ALL {
                if known.iter().any(|(name,)| name == region.as_str()) {
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
    pub async fn regions(&self) -> Result<Vec<RegionRecord>> {
        let rows: Vec<RegionRow> = self.sql.all(ALL, vals![FAILURES_MAX]).await?;
        let states: Result<Vec<RegionRecord>, _> =
            rows.into_iter().map(TryInto::try_into).collect();
        let mut states = states?;
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
        self.sql.exec(SET_GATE, vals![gate_word(gate), now, by, region]).await?;
        Ok(())
    }
}

fn gate_word(gate: GateState) -> &'static str {
    match gate {
        GateState::Open => "open",
        GateState::Closed => "closed",
    }
}

pub(super) fn gate(word: &str) -> Result<GateState> {
    match word {
        "open" => Ok(GateState::Open),
        "closed" => Ok(GateState::Closed),
        _ => Err(StoreError::Unreadable("a gate")),
    }
}
