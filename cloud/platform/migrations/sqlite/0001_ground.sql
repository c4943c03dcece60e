-- Events written with the change that caused them, and sent by the relay in this order.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id BLOB NOT NULL UNIQUE,
  event TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  sent_at INTEGER
) STRICT;
CREATE INDEX outbox_unsent ON outbox (sent_at, seq);

-- Events a consumer has taken in; a second delivery finds its row here.
CREATE TABLE inbox (
  consumer TEXT NOT NULL,
  event_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (consumer, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_at ON inbox (at);

-- Work that one replica does at a time.
CREATE TABLE leases (
  name TEXT NOT NULL PRIMARY KEY,
  holder BLOB NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT;

-- A job's slot belongs to the replica that wrote the row first.
CREATE TABLE job_runs (
  name TEXT NOT NULL,
  slot INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (name, slot)
) STRICT, WITHOUT ROWID;
