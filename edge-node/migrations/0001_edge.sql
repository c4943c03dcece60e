-- The edge

-- One row: the state of this edge.
CREATE TABLE edge (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    enrolled_at INTEGER,
    -- The hash of the enrolment code that brought this edge's key, or that was found not to bring
    -- one. If the configuration has another code, the edge requests a new key.
    code_hash BLOB,
    -- The hub's public key, once known.
    hub_key BLOB,
    jwks TEXT NOT NULL DEFAULT '',
    keys_version INTEGER NOT NULL DEFAULT 0,
    revocations_version INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL,
    -- The first hash of this epoch's chain.
    start_hash BLOB NOT NULL,
    suspect INTEGER NOT NULL DEFAULT 0,
    outcome_cursor INTEGER NOT NULL DEFAULT 0,
    -- The highest seq with a stored outcome. The hub has every op up to it.
    settled_seq INTEGER NOT NULL DEFAULT 0,
    feed_generation INTEGER NOT NULL DEFAULT 0,
    feed_cursor INTEGER NOT NULL DEFAULT 0,
    -- The set digest and the number of the orders in the view.
    digest BLOB NOT NULL,
    orders INTEGER NOT NULL DEFAULT 0,
    ahead INTEGER NOT NULL DEFAULT 0,
    -- The hash of the last snapshot that became the view.
    snapshot BLOB,
    -- The region's assignment, as the feed last reported it.
    policy TEXT NOT NULL DEFAULT 'optimistic',
    policy_version INTEGER NOT NULL DEFAULT 0,
    assignment BLOB,
    -- The fence under which this edge holds the right to assign.
    held_fence INTEGER,
    fence_proven INTEGER NOT NULL DEFAULT 0,
    highest_fence INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One row if the edge is suspect: why, and since when.
CREATE TABLE alarm (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    why TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;

-- The edge's knowledge of its clock: the newest time from the hub, and the last finding.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    hub_at INTEGER NOT NULL,
    finding TEXT,
    error_ms INTEGER NOT NULL,
    found_at INTEGER NOT NULL
) STRICT;

-- When the cloud became unreachable, so that a restart in an outage does not reset it. No row while
-- the link is up.
CREATE TABLE cut_off (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    since INTEGER NOT NULL
) STRICT;

-- When the feed last confirmed that this edge has all of it. After a restart this gives the age of
-- the known revocations.
CREATE TABLE feed_confirmed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL
) STRICT;

-- The log

-- The ops that go to the hub.
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

-- The op that brought each token into the log.
CREATE TABLE tokens (
    epoch INTEGER NOT NULL,
    hash BLOB NOT NULL,
    seq INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (epoch, hash)
) STRICT, WITHOUT ROWID;

-- Each user has a separate set of command ids, because devices generate them.
CREATE TABLE commands (
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
    -- Set if the command counts towards a provider's daily limits.
    act TEXT,
    received_at INTEGER NOT NULL,
    outcome BLOB,
    PRIMARY KEY (command_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX commands_by_op ON commands (epoch, seq);
CREATE INDEX commands_by_age ON commands (received_at) WHERE outcome IS NOT NULL;
CREATE INDEX commands_by_act ON commands (user_id, received_at) WHERE act IS NOT NULL;

-- Commands without an outcome.
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

-- Ops that a quarantine returns, until all of them have arrived.
CREATE TABLE tail (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;

-- The record of the epochs that this edge began.
CREATE TABLE epochs (
    epoch INTEGER PRIMARY KEY,
    ended INTEGER NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    relogged INTEGER NOT NULL
) STRICT;

-- The view

-- Orders that the cloud has confirmed.
CREATE TABLE orders (
    id BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    feed_version INTEGER NOT NULL,
    -- True if the order was open in `feed_version`, which a grant is compared with. NULL if the
    -- order's status decides.
    feed_open INTEGER,
    final INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    -- The provider who works on the order, for the limit of open jobs.
    worker BLOB,
    -- Set for finished work that shows if its customer pays: the customer, and true if they owe.
    customer BLOB,
    owed INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_on_board ON orders (final, updated_at DESC);
CREATE INDEX orders_by_worker ON orders (worker) WHERE worker IS NOT NULL;
CREATE INDEX orders_by_customer ON orders (customer, owed) WHERE customer IS NOT NULL;

-- One row while a snapshot of the region arrives: how much of it is here, and the digest of its
-- orders so far.
CREATE TABLE snapshot (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    staged BLOB NOT NULL,
    digest BLOB NOT NULL,
    orders INTEGER NOT NULL
) STRICT;

-- The orders of that snapshot, until it becomes the view.
CREATE TABLE staged_orders (
    id BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    final INTEGER NOT NULL,
    open INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    worker BLOB,
    customer BLOB,
    owed INTEGER
) STRICT, WITHOUT ROWID;

-- Its other changes, in the order in which they apply.
CREATE TABLE staged_changes (
    number INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

-- People

-- Revoked people and sessions.
CREATE TABLE revoked (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    -- When the edge learned of it. A session is deleted once all its tokens have expired.
    heard_at INTEGER NOT NULL DEFAULT 0,
    -- The times of a person's newest revocation and newest readmission; the later one counts, and
    -- tokens issued after a readmission are valid. Both are 0 if the revocation had no time.
    at INTEGER NOT NULL DEFAULT 0,
    tokens_since INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The owner of each device: its first user, until they hand it over or have not used it for long.
CREATE TABLE devices (
    device TEXT PRIMARY KEY,
    user_id BLOB NOT NULL,
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- People whose commands the cloud has applied: the first and the last time.
CREATE TABLE known_people (
    user_id BLOB PRIMARY KEY,
    since INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Providers whose verification, or its end, the feed has reported, by the newest version of their
-- profile.
CREATE TABLE provider_marks (
    user_id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    verified INTEGER NOT NULL
) STRICT;
