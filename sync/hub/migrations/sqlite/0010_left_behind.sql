-- Commands that had no outcome when their epoch ended, until one of the same id has one: they come back
-- with the machine, which logs them anew, or with a tablet.
CREATE TABLE left_behind (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  command_id BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (edge, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX left_behind_command ON left_behind (command_id);
