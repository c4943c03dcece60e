-- An image of the region on its way: `snapshot` says how much of it is here and what the digest of its
-- orders is so far, the other two keep it until it becomes the view. `edge.snapshot` is the hash of the
-- last one that did.
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
