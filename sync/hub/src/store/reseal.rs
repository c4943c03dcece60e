//! Reseals plain values, and values under a former data key, in batches.

use platform::{sealing::ResealedBatch, vals};
use uuid::Uuid;
use wire::Region;

use super::{
    Result, Store,
    sealed::{ASK_COMMAND, ASK_TOKEN, ask_place, change_place, op_place, outcome_place},
};

const CHANGES: &str = "SELECT feed_seq, bytes FROM feed WHERE region = ? AND feed_seq > ? \
    ORDER BY feed_seq LIMIT ?";
const RESEAL_CHANGE: &str = "UPDATE feed SET bytes = ? WHERE region = ? AND feed_seq = ?";
const OPS: &str = "SELECT seq, seq, bytes FROM ops WHERE edge = ? AND epoch = ? AND seq > ? \
    ORDER BY seq LIMIT ?";
const RESEAL_OP: &str = "UPDATE ops SET bytes = ? WHERE edge = ? AND epoch = ? AND seq = ?";
const NEXT_OPS: [&str; 2] = [
    "SELECT edge, epoch FROM ops WHERE edge = ? AND epoch > ? ORDER BY epoch LIMIT 1",
    "SELECT edge, epoch FROM ops WHERE edge > ? ORDER BY edge, epoch LIMIT 1",
];
const OUTCOMES: &str = "SELECT number, seq, bytes FROM outcomes \
    WHERE edge = ? AND epoch = ? AND number > ? ORDER BY number LIMIT ?";
const RESEAL_OUTCOME: &str =
    "UPDATE outcomes SET bytes = ? WHERE edge = ? AND epoch = ? AND number = ?";
const NEXT_OUTCOMES: [&str; 2] = [
    "SELECT edge, epoch FROM outcomes WHERE edge = ? AND epoch > ? ORDER BY epoch LIMIT 1",
    "SELECT edge, epoch FROM outcomes WHERE edge > ? ORDER BY edge, epoch LIMIT 1",
];
const ASKS: &str = "SELECT command_id, user_id, command, token FROM asks \
    WHERE command_id > ? OR (command_id = ? AND user_id > ?) ORDER BY command_id, user_id LIMIT ?";
const RESEAL_ASK: &str =
    "UPDATE asks SET command = ?, token = ? WHERE command_id = ? AND user_id = ? AND token = ?";

const BATCH: usize = 200;

/// The last processed place in the logs of all edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResealCursor {
    pub edge: String,
    pub epoch: u64,
    /// The op's seq, or the outcome's number.
    pub number: u64,
}

/// The shared shape of the ops and outcomes tables.
struct LogTable {
    rows: &'static str,
    reseal: &'static str,
    /// Queries for the next log of the same edge, and the first log of the next edge.
    next: [&'static str; 2],
    seal_context: fn(&str, u64, u64) -> platform::sealing::SealContext,
}

const OPS_TABLE: LogTable = LogTable {
    rows: OPS,
    reseal: RESEAL_OP,
    next: NEXT_OPS,
    seal_context: op_place,
};
const OUTCOMES_TABLE: LogTable = LogTable {
    rows: OUTCOMES,
    reseal: RESEAL_OUTCOME,
    next: NEXT_OUTCOMES,
    seal_context: outcome_place,
};

impl Store {
    /// Reseals a region's changes after `after`.
    pub async fn reseal_feed(&self, region: Region, after: u64) -> Result<ResealedBatch<u64>> {
        let keys = self.sql.data_keys();
        let rows: Vec<(u64, Vec<u8>)> = self
            .sql
            .fetch_all(CHANGES, vals![region, after, BATCH])
            .await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(feed_seq, _)| *feed_seq);
        let mut sealed = 0;
        for (feed_seq, stored) in rows {
            if keys.is_stale(&stored) {
                let place = change_place(region, feed_seq);
                let anew = keys.seal(&place, &keys.open(&place, stored)?);
                self.sql
                    .exec(RESEAL_CHANGE, vals![anew, region, feed_seq])
                    .await?;
                sealed += 1;
            }
        }
        Ok(ResealedBatch { sealed, last })
    }

    /// Reseals ops after `after`.
    pub async fn reseal_ops(&self, after: ResealCursor) -> Result<ResealedBatch<ResealCursor>> {
        self.reseal_log(&OPS_TABLE, after).await
    }

    /// Reseals outcomes after `after`.
    pub async fn reseal_outcomes(
        &self,
        after: ResealCursor,
    ) -> Result<ResealedBatch<ResealCursor>> {
        self.reseal_log(&OUTCOMES_TABLE, after).await
    }

    /// Handles one log per call: each statement fixes the whole key except its last part, so it
    /// scans no other rows.
    async fn reseal_log(
        &self,
        table: &LogTable,
        ResealCursor {
            edge,
            epoch,
            number,
        }: ResealCursor,
    ) -> Result<ResealedBatch<ResealCursor>> {
        let keys = self.sql.data_keys();
        let values = vals![edge.as_str(), epoch, number, BATCH];
        let rows: Vec<(u64, u64, Vec<u8>)> = self.sql.fetch_all(table.rows, values).await?;
        let end = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(number, ..)| *number);
        let mut sealed = 0;
        for (number, seq, stored) in rows {
            if keys.is_stale(&stored) {
                let place = (table.seal_context)(&edge, epoch, seq);
                let anew = keys.seal(&place, &keys.open(&place, stored)?);
                self.sql
                    .exec(table.reseal, vals![anew, edge.as_str(), epoch, number])
                    .await?;
                sealed += 1;
            }
        }
        let last = match end {
            Some(number) => Some(ResealCursor {
                edge,
                epoch,
                number,
            }),
            None => self.next_log(table, &edge, epoch).await?,
        };
        Ok(ResealedBatch { sealed, last })
    }

    async fn next_log(
        &self,
        table: &LogTable,
        edge: &str,
        epoch: u64,
    ) -> Result<Option<ResealCursor>> {
        let [of_edge, of_others] = table.next;
        let mut next: Option<(String, u64)> =
            self.sql.fetch_optional(of_edge, vals![edge, epoch]).await?;
        if next.is_none() {
            next = self.sql.fetch_optional(of_others, vals![edge]).await?;
        }
        Ok(next.map(|(edge, epoch)| ResealCursor {
            edge,
            epoch,
            number: 0,
        }))
    }

    /// Reseals waiting accepts after `after`. Skips those decided meanwhile.
    pub async fn reseal_asks(&self, after: (Uuid, Uuid)) -> Result<ResealedBatch<(Uuid, Uuid)>> {
        let keys = self.sql.data_keys();
        let values = vals![after.0, after.0, after.1, BATCH];
        let rows: Vec<(Uuid, Uuid, Vec<u8>, String)> = self.sql.fetch_all(ASKS, values).await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(id, user, ..)| (*id, *user));
        let mut sealed = 0;
        for (id, user, command, token) in rows {
            if !keys.is_stale(&command) && !keys.is_stale_text(&token) {
                continue;
            }
            let of_command = ask_place(ASK_COMMAND, id.into(), user.into());
            let of_token = ask_place(ASK_TOKEN, id.into(), user.into());
            let command = keys.seal(&of_command, &keys.open(&of_command, command)?);
            let anew = keys.seal_text(&of_token, &keys.open_text(&of_token, token.clone())?);
            self.sql
                .exec(RESEAL_ASK, vals![command, anew, id, user, token])
                .await?;
            sealed += 1;
        }
        Ok(ResealedBatch { sealed, last })
    }
}
