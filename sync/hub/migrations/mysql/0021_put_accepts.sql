-- Accepts that were put to the holder of their region, and where each was made, which the holder's log does not
-- say. Kept for as long as the ops of that log.
CREATE TABLE put_accepts (
  command_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  made_at VARCHAR(40) NOT NULL,
  taken_at BIGINT NOT NULL,
  put_at BIGINT NOT NULL,
  PRIMARY KEY (command_id, user_id),
  KEY put_accepts_put_at (put_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
