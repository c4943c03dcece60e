-- The newest liveness probe that each edge has answered, with the term of the session that says so.
-- Its own table: a transaction that stores ops locks the row in edges for as long as it takes.
CREATE TABLE probe_answers (
  edge TEXT NOT NULL,
  term INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (edge)
) STRICT, WITHOUT ROWID;
