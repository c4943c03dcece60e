-- Which ops that needed an operator were let in again, when and by whom.
CREATE TABLE op_retries (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  made_by BINARY(16) NOT NULL,
  KEY op_retries_op (edge, epoch, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
