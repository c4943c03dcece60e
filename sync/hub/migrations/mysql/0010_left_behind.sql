-- Commands that had no outcome when their epoch ended, until one of the same id has one: they come back
-- with the machine, which logs them anew, or with a tablet.
CREATE TABLE left_behind (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  command_id BINARY(16) NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (edge, epoch, seq),
  KEY left_behind_command (command_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
