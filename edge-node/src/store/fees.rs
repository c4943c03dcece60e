//! This edge's copies of the fees: the platform fee and the late-cancellation fee.

use minicbor::Decode;
use rusqlite::{Connection, OptionalExtension};
use wire::{CancelFees, PlatformFees};

use super::{
    Store, StoreWriteResult,
    sql::{encode_cbor, execute_cached, read_cbor},
};

impl Store {
    /// Replaces the earlier copy.
    pub async fn save_platform_fees(&self, fees: PlatformFees) -> StoreWriteResult<()> {
        const PUT: &str = "INSERT OR REPLACE INTO platform_fees (one, fees) VALUES (1, ?)";
        self.journal
            .write(move |conn, _| execute_cached(conn, PUT, [encode_cbor(fees)]))
            .await
    }

    /// Replaces the earlier copy.
    pub async fn save_cancel_fees(&self, fees: CancelFees) -> StoreWriteResult<()> {
        const PUT: &str = "INSERT OR REPLACE INTO cancel_fees (one, fees) VALUES (1, ?)";
        self.journal
            .write(move |conn, _| execute_cached(conn, PUT, [encode_cbor(fees)]))
            .await
    }
}

/// `None` before the cloud's first answer.
pub(super) fn load_platform_fees(conn: &Connection) -> rusqlite::Result<Option<PlatformFees>> {
    load_copy(conn, "SELECT fees FROM platform_fees WHERE one = 1")
}

/// `None` before the cloud's first answer.
pub(super) fn load_cancel_fees(conn: &Connection) -> rusqlite::Result<Option<CancelFees>> {
    load_copy(conn, "SELECT fees FROM cancel_fees WHERE one = 1")
}

fn load_copy<T: for<'b> Decode<'b, ()>>(
    conn: &Connection,
    row: &str,
) -> rusqlite::Result<Option<T>> {
    conn.prepare_cached(row)?
        .query_row([], |row| read_cbor(row, 0))
        .optional()
}
