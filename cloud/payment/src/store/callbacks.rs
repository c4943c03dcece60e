//! A record of every message from the adapter.

use platform::{row, sql::Columns, vals};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{UnixMillis, words};

use super::{Store, StoreError};
use crate::adapter::{CallbackClaim, CallbackMessage};

const NEWEST: &str = "WHERE at <= ? AND (at < ? OR id < ?) ORDER BY at DESC, id DESC LIMIT ?";

words! {
    CallbackVerdict {
        /// Triggered a query to the adapter.
        Asked "asked",
        /// The signature is wrong.
        Forged "forged",
        /// The movement is missing or not ours.
        Unknown "unknown",
    }
}

row! {
    #[derive(Debug, Clone)]
    pub struct CallbackRow in callbacks {
        pub id: Uuid,
        adapter: String,
        pub verdict: String,
        pub movement_id: Option<Uuid>,
        pub claim: Option<String>,
        pub amount_minor: Option<i64>,
        body_hash: Vec<u8>,
        pub at: UnixMillis,
    }
}

impl Store {
    pub async fn keep_callback(
        &self,
        adapter: &str,
        callback: &CallbackMessage,
        verdict: CallbackVerdict,
    ) -> Result<(), StoreError> {
        let CallbackClaim {
            movement,
            claim,
            amount_minor,
        } = callback.claim.clone();
        self.sql
            .insert(CallbackRow {
                id: self.clock.new_id(),
                adapter: adapter.to_owned(),
                verdict: verdict.as_str().to_owned(),
                movement_id: movement,
                claim,
                amount_minor,
                body_hash: callback.body_hash.to_vec(),
                at: self.clock.now(),
            })
            .await?;
        Ok(())
    }

    /// Newest first.
    pub async fn list_callbacks(
        &self,
        limit: usize,
        after: Option<TimeCursor>,
    ) -> Result<Vec<CallbackRow>, StoreError> {
        let TimeCursor { at, id } = after.unwrap_or(TimeCursor::START);
        Ok(self
            .sql
            .fetch_all(CallbackRow::select(NEWEST), vals![at, at, id, limit])
            .await?)
    }
}
