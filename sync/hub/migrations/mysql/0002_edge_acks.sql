-- When each edge acknowledged how much, by the hub's clock: a row for each Ack that moved a cursor.
-- Only operators read it; the newest week is kept.
CREATE TABLE edge_acks (
  edge VARCHAR(40) NOT NULL,
  at BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  outcome_cursor BIGINT NOT NULL,
  feed_cursor BIGINT NOT NULL,
  PRIMARY KEY (edge, at, epoch, outcome_cursor, feed_cursor)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
