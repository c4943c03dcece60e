-- Sent events that go to one queue once more, in the order in which they were written: those from `since_ms` on,
-- up to the row `last_seq`.
CREATE TABLE replays (
  id BINARY(16) NOT NULL PRIMARY KEY,
  queue VARCHAR(64) NOT NULL,
  since_ms BIGINT NOT NULL,
  done_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  sent BIGINT NOT NULL,
  asked_by BINARY(16) NOT NULL,
  asked_at BIGINT NOT NULL,
  done_at BIGINT NULL,
  KEY replays_open (done_at, asked_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
