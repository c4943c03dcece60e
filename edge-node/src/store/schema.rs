//! The file's shape. A migration is never changed once it has shipped; a new one is added.

use rusqlite_migration::{M, Migrations};

pub(super) fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(FIRST),
        M::up(RIGHT),
        M::up(EPOCHS),
        M::up(SNAPSHOT),
        M::up(OWN_IDS),
        M::up(FEED_CONFIRMED),
    ])
}

/// `log` is the truth that goes up; `pending` names its commands without an outcome; `orders` are the
/// orders that the cloud has confirmed. `edge` is one row: the state of this edge.
const FIRST: &str = "
CREATE TABLE edge (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    -- What the chain of this epoch starts from.
    start_hash BLOB NOT NULL,
    suspect INTEGER NOT NULL DEFAULT 0,
    feed_generation INTEGER NOT NULL DEFAULT 0,
    feed_cursor INTEGER NOT NULL DEFAULT 0,
    outcome_cursor INTEGER NOT NULL DEFAULT 0,
    -- The highest seq with a stored outcome: the hub has everything up to it.
    settled_seq INTEGER NOT NULL DEFAULT 0,
    digest BLOB NOT NULL,
    orders INTEGER NOT NULL DEFAULT 0,
    ahead INTEGER NOT NULL DEFAULT 0,
    policy TEXT NOT NULL DEFAULT 'optimistic',
    policy_version INTEGER NOT NULL DEFAULT 0,
    revocations_version INTEGER NOT NULL DEFAULT 0,
    keys_version INTEGER NOT NULL DEFAULT 0,
    jwks TEXT NOT NULL DEFAULT '',
    enrolled_at INTEGER
) STRICT;

CREATE TABLE log (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    -- The chain's hash at this op.
    hash BLOB NOT NULL,
    kind TEXT NOT NULL,
    logged_at INTEGER NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    epoch INTEGER NOT NULL,
    hash BLOB NOT NULL,
    seq INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (epoch, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    command_id BLOB PRIMARY KEY,
    user_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    order_id BLOB NOT NULL,
    device TEXT,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    op_hash BLOB NOT NULL,
    verdict TEXT NOT NULL,
    doubt TEXT,
    fence INTEGER,
    received_at INTEGER NOT NULL,
    outcome BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX commands_by_op ON commands (epoch, seq);
CREATE INDEX commands_by_age ON commands (received_at) WHERE outcome IS NOT NULL;

CREATE TABLE pending (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    command_id BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    held TEXT,
    PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_by_order ON pending (order_id, epoch, seq);

CREATE TABLE orders (
    id BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    feed_version INTEGER NOT NULL,
    final INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_on_board ON orders (final, updated_at DESC);

CREATE TABLE revoked (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
";

/// The region's right to assign, as the feed told of it: its newest word, and the fence under which
/// this edge holds it. `feed_open` says whether an order was open in the version that the feed itself
/// has brought last, which a grant is compared with; absent where nothing but the order can tell.
const RIGHT: &str = "
ALTER TABLE edge ADD COLUMN assignment BLOB;
ALTER TABLE edge ADD COLUMN held_fence INTEGER;
ALTER TABLE edge ADD COLUMN fence_proven INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edge ADD COLUMN highest_fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN feed_open INTEGER;
";

/// `alarm` says why the edge is suspect; `tail` keeps the ops that a quarantine gives back until all are
/// here; `epochs` is the record of the epochs that were begun.
const EPOCHS: &str = "
CREATE TABLE alarm (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    why TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE tail (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE epochs (
    epoch INTEGER PRIMARY KEY,
    ended INTEGER NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    relogged INTEGER NOT NULL
) STRICT;
";

/// An image of the region on its way: `snapshot` says how much of it is here and what the digest of its
/// orders is so far, the other two keep it until it becomes the view. `edge.snapshot` is the hash of the
/// last one that did.
const SNAPSHOT: &str = "
CREATE TABLE snapshot (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    staged BLOB NOT NULL,
    digest BLOB NOT NULL,
    orders INTEGER NOT NULL
) STRICT;

CREATE TABLE staged_orders (
    id BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    final INTEGER NOT NULL,
    open INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What else the feed brings, in the order in which it is to be applied.
CREATE TABLE staged_changes (
    number INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

ALTER TABLE edge ADD COLUMN snapshot BLOB;
";

/// A command's id is its person's own: devices make the ids, so the key is both.
const OWN_IDS: &str = "
CREATE TABLE commands_by_person (
    command_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    order_id BLOB NOT NULL,
    device TEXT,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    op_hash BLOB NOT NULL,
    verdict TEXT NOT NULL,
    doubt TEXT,
    fence INTEGER,
    received_at INTEGER NOT NULL,
    outcome BLOB,
    PRIMARY KEY (command_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO commands_by_person (command_id, user_id, hash, order_id, device, epoch, seq, op_hash,
    verdict, doubt, fence, received_at, outcome)
    SELECT command_id, user_id, hash, order_id, device, epoch, seq, op_hash,
    verdict, doubt, fence, received_at, outcome FROM commands;
DROP TABLE commands;
ALTER TABLE commands_by_person RENAME TO commands;
CREATE UNIQUE INDEX commands_by_op ON commands (epoch, seq);
CREATE INDEX commands_by_age ON commands (received_at) WHERE outcome IS NOT NULL;
";

/// When the feed last said that nothing of it is missing here, for the age of the known revocations after
/// a restart.
const FEED_CONFIRMED: &str = "
CREATE TABLE feed_confirmed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL
) STRICT;
";

#[cfg(test)]
mod tests {
    #[test]
    fn every_migration_runs_on_an_empty_file() {
        super::migrations().validate().unwrap();
    }
}
