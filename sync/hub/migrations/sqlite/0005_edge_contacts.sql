-- When the session of this term last received anything from its edge, and when its connection
-- closed. Its own table: a transaction that stores ops locks the row in edges for as long as it
-- takes.
CREATE TABLE edge_contacts (
  edge TEXT NOT NULL,
  term INTEGER NOT NULL,
  heard_at INTEGER NOT NULL,
  closed_at INTEGER,
  PRIMARY KEY (edge)
) STRICT, WITHOUT ROWID;
