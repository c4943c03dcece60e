-- Health issues that last, each from the first look that found it.
CREATE TABLE alarms (
  id BLOB NOT NULL PRIMARY KEY,
  -- Its kind and subject while it is open, so that it is open once. NULL once it has ended.
  open_key TEXT,
  kind TEXT NOT NULL,
  region TEXT NOT NULL,
  -- NULL if it is about the region.
  edge TEXT,
  -- When the issue began, and the first look that found it.
  since INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  -- When admins were told. NULL if it has not lasted long enough.
  told_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alarms_open_once ON alarms (open_key);
CREATE INDEX alarms_ended ON alarms (ended_at, id);
CREATE INDEX alarms_kind ON alarms (kind, ended_at);
