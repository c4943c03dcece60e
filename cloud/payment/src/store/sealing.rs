//! Seals payment_db's plaintext, and reseals text under former keys.

use platform::{
    sealing::{DataKeys, ResealedBatch, SealContext},
    vals,
};
use uuid::Uuid;

use super::{Store, StoreError, acts::ActRow, rows::RequestRow};

const REASONS: &str = "SELECT id, reason FROM refund_requests WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL: &str = "UPDATE refund_requests SET reason = ? WHERE id = ?";
const ACTS: &str = "SELECT id, reason FROM money_acts WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_ACT: &str = "UPDATE money_acts SET reason = ? WHERE id = ?";

/// Batch size.
const BATCH: usize = 200;

impl Store {
    pub fn data_keys(&self) -> &DataKeys {
        self.sql.data_keys()
    }

    /// Seals the reasons of the requests after `after`, at most one batch. Returns the batch's last
    /// request, or `None` at the end.
    pub async fn reseal_reasons(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        self.reseal_rows(REASONS, RESEAL, RequestRow::reason_place, after)
            .await
    }

    /// Does the same for admins' actions.
    pub async fn reseal_acts(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        self.reseal_rows(ACTS, RESEAL_ACT, ActRow::reason_place, after)
            .await
    }

    async fn reseal_rows(
        &self,
        read: &'static str,
        write: &'static str,
        place: fn(Uuid) -> SealContext,
        after: Uuid,
    ) -> Result<ResealedBatch<Uuid>, StoreError> {
        let keys = self.data_keys();
        let rows: Vec<(Uuid, String)> = self.sql.fetch_all(read, vals![after, BATCH]).await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(id, _)| *id);
        let mut sealed = 0;
        for (id, reason) in rows {
            if !keys.is_stale_text(&reason) {
                continue;
            }
            let place = place(id);
            let anew = keys.seal_text(&place, &keys.open_text(&place, reason)?);
            self.sql.exec(write, vals![anew, id]).await?;
            sealed += 1;
        }
        Ok(ResealedBatch { sealed, last })
    }
}
