-- One row: the time that the database was last told, by which a copy that follows it shows how far it is behind.
CREATE TABLE beats (
  id BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL
);
INSERT INTO beats (id, at) VALUES (1, 0);
