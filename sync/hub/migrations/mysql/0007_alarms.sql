-- Health issues that last, each from the first look that found it.
CREATE TABLE alarms (
  id BINARY(16) NOT NULL PRIMARY KEY,
  -- Its kind and subject while it is open, so that it is open once. NULL once it has ended.
  open_key VARCHAR(100) NULL,
  kind VARCHAR(32) NOT NULL,
  region VARCHAR(16) NOT NULL,
  -- NULL if it is about the region.
  edge VARCHAR(40) NULL,
  -- When the issue began, and the first look that found it.
  since BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  -- When admins were told. NULL if it has not lasted long enough.
  told_at BIGINT NULL,
  ended_at BIGINT NULL,
  UNIQUE KEY alarms_open_once (open_key),
  KEY alarms_ended (ended_at, id),
  KEY alarms_kind (kind, ended_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
