-- Which ops that needed an operator were let in again, when and by whom.
CREATE TABLE op_retries (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  made_by BLOB NOT NULL
) STRICT;
CREATE INDEX op_retries_op ON op_retries (edge, epoch, seq);
