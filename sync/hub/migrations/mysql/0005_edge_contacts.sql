-- When the session of this term last received anything from its edge, and when its connection
-- closed. Its own table: a transaction that stores ops locks the row in edges for as long as it
-- takes.
CREATE TABLE edge_contacts (
  edge VARCHAR(40) NOT NULL,
  term BIGINT NOT NULL,
  heard_at BIGINT NOT NULL,
  closed_at BIGINT NULL,
  PRIMARY KEY (edge)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
