-- When each edge acknowledged how much, by the hub's clock: a row for each Ack that moved a cursor.
-- Only operators read it; the newest week is kept.
CREATE TABLE edge_acks (
  edge TEXT NOT NULL,
  at INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  outcome_cursor INTEGER NOT NULL,
  feed_cursor INTEGER NOT NULL,
  PRIMARY KEY (edge, at, epoch, outcome_cursor, feed_cursor)
) STRICT, WITHOUT ROWID;
