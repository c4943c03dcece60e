-- Events written with the change that caused them, and sent by the relay in this order.
CREATE TABLE outbox (
  seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id BINARY(16) NOT NULL,
  event MEDIUMTEXT NOT NULL,
  made_at BIGINT NOT NULL,
  sent_at BIGINT NULL,
  UNIQUE KEY outbox_event (event_id),
  KEY outbox_unsent (sent_at, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Events a consumer has taken in; a second delivery finds its row here.
CREATE TABLE inbox (
  consumer VARCHAR(64) NOT NULL,
  event_id BINARY(16) NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (consumer, event_id),
  KEY inbox_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Work that one replica does at a time.
CREATE TABLE leases (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  holder BINARY(16) NOT NULL,
  until_ms BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A job's slot belongs to the replica that wrote the row first.
CREATE TABLE job_runs (
  name VARCHAR(64) NOT NULL,
  slot BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (name, slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
