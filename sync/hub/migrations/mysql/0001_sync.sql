-- One row a region: the counter under which its feed is written, its gate and its policy.
CREATE TABLE regions (
  region VARCHAR(16) NOT NULL PRIMARY KEY,
  gate VARCHAR(16) NOT NULL,
  gate_changed_at BIGINT NULL,
  gate_changed_by BINARY(16) NULL,
  policy VARCHAR(16) NOT NULL,
  holder VARCHAR(40) NULL,
  feed_generation BIGINT NOT NULL,
  feed_seq BIGINT NOT NULL,
  feed_digest BINARY(32) NOT NULL,
  -- Older versions have been taken out of the feed up to here; digests below it say nothing.
  compacted_to BIGINT NOT NULL,
  orders BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row an edge: who it is, the term that guards what is written for it, its cursors and its word.
CREATE TABLE edges (
  edge VARCHAR(40) NOT NULL PRIMARY KEY,
  region VARCHAR(16) NOT NULL,
  created_at BIGINT NOT NULL,
  public_key BINARY(32) NULL,
  enrolled_at BIGINT NULL,
  epoch BIGINT NOT NULL,
  term BIGINT NOT NULL,
  nonce BINARY(16) NULL,
  program_version VARCHAR(64) NULL,
  cursor_seq BIGINT NOT NULL,
  cursor_hash BINARY(32) NOT NULL,
  outcome_count BIGINT NOT NULL,
  undecided BIGINT NOT NULL,
  -- The session: the link counts as up while its contact is fresh.
  link_up BIGINT NOT NULL,
  link_since BIGINT NULL,
  last_contact_at BIGINT NULL,
  -- The newest Ack.
  acked_at BIGINT NULL,
  outcome_cursor BIGINT NOT NULL,
  feed_cursor BIGINT NOT NULL,
  digest BINARY(32) NULL,
  ahead BIGINT NOT NULL,
  pending BIGINT NOT NULL,
  oldest_pending_at BIGINT NULL,
  last_seq BIGINT NOT NULL,
  clock_error_ms BIGINT NULL,
  disk_free_bytes BIGINT NULL,
  -- The replica that works its log; every claim raises the token, which guards what the worker writes.
  worker BINARY(16) NULL,
  work_token BIGINT NOT NULL,
  work_until BIGINT NOT NULL,
  KEY edges_region (region, edge)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One-time codes by their hash; a used one stays, so that its edge may ask again until it expires.
CREATE TABLE enrolment_codes (
  code_hash BINARY(32) NOT NULL PRIMARY KEY,
  edge VARCHAR(40) NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BINARY(16) NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NULL,
  KEY enrolment_codes_edge (edge)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What was received, as the edge hashed and sent it.
CREATE TABLE ops (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  hash BINARY(32) NOT NULL,
  received_at BIGINT NOT NULL,
  bytes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (edge, epoch, seq),
  KEY ops_received_at (edge, epoch, received_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What waits for a decision: a row for each op without an outcome, gone when that is stored. Apart from
-- the ops, so that looking for work never passes over what was done.
CREATE TABLE undecided (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  state VARCHAR(16) NOT NULL,
  failures BIGINT NOT NULL,
  PRIMARY KEY (edge, epoch, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What the cloud decided, numbered in the order in which it was stored.
CREATE TABLE outcomes (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  number BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  command_id BINARY(16) NULL,
  at BIGINT NOT NULL,
  bytes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (edge, epoch, number),
  UNIQUE KEY outcomes_seq (edge, epoch, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every change of a region, numbered without a gap; `region_digest` is the set digest of the region's
-- orders after it.
CREATE TABLE feed (
  region VARCHAR(16) NOT NULL,
  feed_seq BIGINT NOT NULL,
  kind VARCHAR(16) NOT NULL,
  entity BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  digest BINARY(32) NULL,
  region_digest BINARY(32) NOT NULL,
  at BIGINT NOT NULL,
  bytes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (region, feed_seq),
  KEY feed_entity (region, kind, entity, feed_seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
