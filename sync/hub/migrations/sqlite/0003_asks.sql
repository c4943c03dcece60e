-- The epoch to which the right was granted: another epoch of the same edge does not hold it.
ALTER TABLE regions ADD COLUMN holder_epoch INTEGER;

-- Accepts that people made at the portal while an edge held the region, until somebody has decided them:
-- its holder in its log, or the cloud once the right has ended. An id is its user's own. The token is the
-- person's.
CREATE TABLE asks (
  command_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  region TEXT NOT NULL,
  command BLOB NOT NULL,
  actor BLOB NOT NULL,
  token TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  PRIMARY KEY (command_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX asks_region ON asks (region, taken_at, command_id, user_id);
