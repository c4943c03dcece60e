-- `alarm` says why the edge is suspect; `tail` keeps the ops that a quarantine gives back until all are
-- here; `epochs` is the record of the epochs that were begun.
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
