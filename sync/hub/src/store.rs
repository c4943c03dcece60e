//! Owns sync_db: edges, received ops, outcomes, feeds, gates, alarms, and the accepts that wait for
//! a region's holder.
//!
//! Invariants: the term guards a session's writes and the work token a worker's, so if two both
//! believe they own an edge, only one can write. A feed is written under the lock of its region's
//! row, so its numbers have no gap and no reader skips a late commit.
//!
//! Ops, outcomes, feed changes, waiting accepts and the key of the certificate authority are stored
//! sealed, each whole, as the tables below declare. Hashes and digests stay outside the seal and cover the plain bytes.

mod accept_origins;
pub(crate) mod alarms;
pub(crate) mod certificates;
pub(crate) mod contacts;
pub(crate) mod edge_acks;
pub(crate) mod edges;
mod epochs;
pub(crate) mod feed;
pub(crate) mod maintenance;
mod op_log;
pub(crate) mod operators;
mod probes;
mod sessions;
pub(crate) mod waiting_accepts;
pub(crate) mod work_queue;

pub(crate) use platform::StoreError;
use platform::{
    sealing::{DataKeys, SealContext},
    sql::{KeyColumn, Migrations, SealedColumn, SealedTable, Sql, SqlResealer},
    vals,
};
use wire::{FeedChange, HubKey, Outcome, Region};

use crate::domain::op::ReceivedOp;

pub(crate) const MIGRATIONS: Migrations = platform::migrations!(
    "0001_hub",
    "0002_edge_acks",
    "0003_probe_answers",
    "0004_edge_disk",
    "0005_edge_contacts",
    "0006_message_notes",
    "0007_alarms",
    "0008_part_alarms"
);

/// The place of an op, which its outcome shares.
const OP_PLACE: &[KeyColumn] = &[
    KeyColumn::Text("edge"),
    KeyColumn::Number("epoch"),
    KeyColumn::Number("seq"),
];
const OP_BYTES: SealedColumn = SealedColumn::bytes("bytes", "ops.bytes", OP_PLACE);
const OUTCOME_BYTES: SealedColumn = SealedColumn::bytes("bytes", "outcomes.bytes", OP_PLACE);
const CHANGE_BYTES: SealedColumn = SealedColumn::bytes(
    "bytes",
    "feed.bytes",
    &[KeyColumn::Text("region"), KeyColumn::Number("feed_seq")],
);
/// The actor's id and role are stored unsealed.
const ACCEPT_KEY: &[KeyColumn] = &[KeyColumn::Id("command_id"), KeyColumn::Id("user_id")];
const ACCEPT_COMMAND: SealedColumn = SealedColumn::bytes("command", "asks.command", ACCEPT_KEY);
const ACCEPT_TOKEN: SealedColumn = SealedColumn::text("token", "asks.token", ACCEPT_KEY);

const OPS: SealedTable = SealedTable {
    label: "sync.ops",
    name: "ops",
    key: OP_PLACE,
    part: None,
    columns: &[OP_BYTES],
};
const OUTCOMES: SealedTable = SealedTable {
    label: "sync.outcomes",
    name: "outcomes",
    key: &[
        KeyColumn::Text("edge"),
        KeyColumn::Number("epoch"),
        KeyColumn::Number("number"),
    ],
    part: None,
    columns: &[OUTCOME_BYTES],
};
const ACCEPTS: SealedTable = SealedTable {
    label: "sync.asks",
    name: "asks",
    key: ACCEPT_KEY,
    part: None,
    columns: &[ACCEPT_COMMAND, ACCEPT_TOKEN],
};
const CA_KEY: SealedTable = SealedTable {
    label: "sync.ca_key",
    name: "ca_key",
    key: &[KeyColumn::Number("one")],
    part: None,
    columns: &[SealedColumn::bytes(
        "private_key",
        "ca_key.private_key",
        &[KeyColumn::Number("one")],
    )],
};
const FEED: SealedTable = feed_part("sync.feed", None);

const SEALED_TABLES: &[SealedTable] = &[
    feed_part("sync.feed of NORTH", Some("region = 'NORTH'")),
    feed_part("sync.feed of SOUTH", Some("region = 'SOUTH'")),
    feed_part("sync.feed of EAST", Some("region = 'EAST'")),
    feed_part("sync.feed of WEST", Some("region = 'WEST'")),
    feed_part("sync.feed of MID", Some("region = 'MID'")),
    OPS,
    OUTCOMES,
    ACCEPTS,
    CA_KEY,
];

/// The feed of one region: the job reports each under its own label.
const fn feed_part(label: &'static str, part: Option<&'static str>) -> SealedTable {
    SealedTable {
        label,
        name: "feed",
        key: &[KeyColumn::Text("region"), KeyColumn::Number("feed_seq")],
        part,
        columns: &[CHANGE_BYTES],
    }
}

const HUB_KEY: &str = "SELECT public_key FROM hub_key WHERE one = 1";
const ADD_HUB_KEY: &str = "INSERT INTO hub_key (one, public_key) VALUES (1, ?)";
const PUT_HUB_KEY: &str = "UPDATE hub_key SET public_key = ? WHERE one = 1";

/// Row bytes of one downlink frame. An edge drops a line that delivers no whole frame in fifteen
/// seconds, and the next session would resend it. This size passes at 3 kB/s.
const FRAME_BYTES_MAX: usize = 32 * 1024;

#[derive(Clone)]
pub(crate) struct Store {
    sql: Sql,
}

type Result<T, E = StoreError> = std::result::Result<T, E>;

impl Store {
    pub(crate) fn new(sql: Sql) -> Self {
        Self { sql }
    }

    pub(crate) fn sql(&self) -> &Sql {
        &self.sql
    }

    pub(crate) fn resealer(&self) -> SqlResealer {
        SqlResealer::new(&self.sql, SEALED_TABLES)
    }

    /// Returns true if the edges trust this key. The first key to arrive is stored.
    pub(crate) async fn ensure_hub_key(&self, key: HubKey, is_replaced: bool) -> Result<bool> {
        let added = self.sql.exec(ADD_HUB_KEY, vals![key.0]).await;
        match added {
            Ok(_) => return Ok(true),
            Err(error) if error.is_duplicate_key() => {}
            Err(error) => return Err(error.into()),
        }
        if is_replaced {
            self.sql.exec(PUT_HUB_KEY, vals![key.0]).await?;
        }
        let known: Option<Vec<u8>> = self.sql.fetch_optional(HUB_KEY, vals![]).await?;
        Ok(known.is_some_and(|known| known == key.0))
    }
}

/// Counts the rows that fit in one frame: always at least one, or the stream would stop there.
fn count_rows_in_frame(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let mut rows = 0;
    for size in sizes {
        bytes += size;
        if rows > 0 && bytes > FRAME_BYTES_MAX {
            break;
        }
        rows += 1;
    }
    rows
}

fn decode_stored<'b, T: minicbor::Decode<'b, ()>>(
    bytes: &'b [u8],
    what: &'static str,
) -> Result<T> {
    minicbor::decode(bytes).map_err(|_| StoreError::Unreadable(what))
}

/// The database stores link messages in their wire encoding.
fn encode_stored(word: &impl minicbor::Encode<()>) -> Result<Vec<u8>> {
    minicbor::to_vec(word)
        .map_err(|_| StoreError::Contradiction("a message that cannot be encoded"))
}

/// The states of an undecided op in its row. The first is the state on arrival.
const RECEIVED: &str = "received";
const HELD_BY_REGION: &str = "held_region";
const NEEDS_OPERATOR: &str = "held_operator";
const PARKED: &str = "parked";

fn op_place(edge: &str, epoch: u64, seq: u64) -> SealContext {
    OP_BYTES.context(&vals![edge, epoch, seq])
}

fn outcome_place(edge: &str, epoch: u64, seq: u64) -> SealContext {
    OUTCOME_BYTES.context(&vals![edge, epoch, seq])
}

fn change_place(region: Region, feed_seq: u64) -> SealContext {
    CHANGE_BYTES.context(&vals![region, feed_seq])
}

fn read_op(
    keys: &DataKeys,
    edge: &str,
    epoch: u64,
    seq: u64,
    stored: Vec<u8>,
) -> Result<ReceivedOp> {
    Ok(ReceivedOp::read(
        &keys.open(&op_place(edge, epoch, seq), stored)?,
    ))
}

fn read_outcome(
    keys: &DataKeys,
    edge: &str,
    epoch: u64,
    seq: u64,
    stored: Vec<u8>,
) -> Result<Outcome> {
    decode_stored(
        &keys.open(&outcome_place(edge, epoch, seq), stored)?,
        "an outcome",
    )
}

fn read_change(
    keys: &DataKeys,
    region: Region,
    feed_seq: u64,
    stored: Vec<u8>,
) -> Result<FeedChange> {
    decode_stored(
        &keys.open(&change_place(region, feed_seq), stored)?,
        "a feed change",
    )
}

#[cfg(test)]
mod tests;
