-- Alarms about parts of the cloud, which have no region. A version without them would end those of
-- its own table that it does not find.
CREATE TABLE part_alarms (
  id BLOB NOT NULL PRIMARY KEY,
  -- Its kind and part while it is open, so that it is open once. NULL once it has ended.
  open_key TEXT,
  kind TEXT NOT NULL,
  part TEXT NOT NULL,
  -- When the issue began, and the first look that found it.
  since INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  -- When admins were told. NULL if it has not lasted long enough.
  told_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX part_alarms_open_once ON part_alarms (open_key);
CREATE INDEX part_alarms_ended ON part_alarms (ended_at, id);
