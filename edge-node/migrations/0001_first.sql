-- `log` is the truth that goes up; `pending` names its commands without an outcome; `orders` are the
-- orders that the cloud has confirmed. `edge` is one row: the state of this edge.
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
