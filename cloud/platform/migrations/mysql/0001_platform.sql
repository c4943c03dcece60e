-- Events. The transaction that makes a change also writes its event here; the relay sends unsent
-- events in the order of `seq`.
CREATE TABLE outbox (
  seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id BINARY(16) NOT NULL,
  event MEDIUMTEXT NOT NULL,
  made_at BIGINT NOT NULL,
  sent_at BIGINT NULL,
  UNIQUE KEY outbox_event (event_id),
  KEY outbox_unsent (sent_at, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Events that a consumer has handled. A second delivery finds its row here.
CREATE TABLE inbox (
  consumer VARCHAR(64) NOT NULL,
  event_id BINARY(16) NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (consumer, event_id),
  KEY inbox_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Requests to send the events made since `since_ms`, up to the row `last_seq`, to one queue again,
-- in the order in which they were written.
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

-- Sealed answers to requests with an Idempotency-Key, for each person.
CREATE TABLE answers (
  person_id BINARY(16) NOT NULL,
  key_id BINARY(16) NOT NULL,
  -- Until `until_ms`, the request that claimed the key may still write its answer.
  holder BINARY(16) NOT NULL,
  until_ms BIGINT NOT NULL,
  answer MEDIUMBLOB NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (person_id, key_id),
  KEY answers_newest (person_id, at),
  KEY answers_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Work that only one replica may do at a time.
CREATE TABLE leases (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  holder BINARY(16) NOT NULL,
  until_ms BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Runs of scheduled jobs. The replica that writes the row of a slot first runs the job.
CREATE TABLE job_runs (
  name VARCHAR(64) NOT NULL,
  slot BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (name, slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row: the time that the service last wrote. A replica of the database shows by it how far it
-- lags behind.
CREATE TABLE beats (
  id BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL
);

INSERT INTO beats (id, at) VALUES (1, 0);
