-- The newest liveness probe that each edge has answered, with the term of the session that says so.
-- Its own table: a transaction that stores ops locks the row in edges for as long as it takes.
CREATE TABLE probe_answers (
  edge VARCHAR(40) NOT NULL,
  term BIGINT NOT NULL,
  number BIGINT NOT NULL,
  PRIMARY KEY (edge)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
