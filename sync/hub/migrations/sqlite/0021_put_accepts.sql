-- Accepts that were put to the holder of their region, and where each was made, which the holder's log does not
-- say. Kept for as long as the ops of that log.
CREATE TABLE put_accepts (
  command_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  made_at TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  put_at INTEGER NOT NULL,
  PRIMARY KEY (command_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX put_accepts_put_at ON put_accepts (put_at);
