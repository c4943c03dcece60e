-- The epoch to which the right was granted: another epoch of the same edge does not hold it.
ALTER TABLE regions ADD COLUMN holder_epoch BIGINT NULL;

-- Accepts that people made at the portal while an edge held the region, until somebody has decided them:
-- its holder in its log, or the cloud once the right has ended. An id is its user's own. The token is the
-- person's.
CREATE TABLE asks (
  command_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  region VARCHAR(16) NOT NULL,
  command BLOB NOT NULL,
  actor VARBINARY(64) NOT NULL,
  token TEXT NOT NULL,
  taken_at BIGINT NOT NULL,
  PRIMARY KEY (command_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX asks_region ON asks (region, taken_at, command_id, user_id);
