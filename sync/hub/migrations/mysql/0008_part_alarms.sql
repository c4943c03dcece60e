-- Alarms about parts of the cloud, which have no region. A version without them would end those of
-- its own table that it does not find.
CREATE TABLE part_alarms (
  id BINARY(16) NOT NULL PRIMARY KEY,
  -- Its kind and part while it is open, so that it is open once. NULL once it has ended.
  open_key VARCHAR(100) NULL,
  kind VARCHAR(32) NOT NULL,
  part VARCHAR(40) NOT NULL,
  -- When the issue began, and the first look that found it.
  since BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  -- When admins were told. NULL if it has not lasted long enough.
  told_at BIGINT NULL,
  ended_at BIGINT NULL,
  UNIQUE KEY part_alarms_open_once (open_key),
  KEY part_alarms_ended (ended_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
