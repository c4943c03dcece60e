-- Sent events that go to one queue once more, in the order in which they were written: those from `since_ms` on,
-- up to the row `last_seq`.
CREATE TABLE replays (
  id BLOB NOT NULL PRIMARY KEY,
  queue TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  done_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  asked_by BLOB NOT NULL,
  asked_at INTEGER NOT NULL,
  done_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX replays_open ON replays (done_at, asked_at);
