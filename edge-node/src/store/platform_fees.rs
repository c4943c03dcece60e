//! This edge's copy of the versions of the platform fee.

use rusqlite::{Connection, OptionalExtension};
use wire::PlatformFees;

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
}

/// `None` before the cloud's first answer.
pub(super) fn load_platform_fees(conn: &Connection) -> rusqlite::Result<Option<PlatformFees>> {
    const ROW: &str = "SELECT fees FROM platform_fees WHERE one = 1";
    conn.prepare_cached(ROW)?
        .query_row([], |row| read_cbor(row, 0))
        .optional()
}
