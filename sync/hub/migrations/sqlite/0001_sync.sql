-- One row a region: the counter under which its feed is written, its gate and its policy.
CREATE TABLE regions (
  region TEXT NOT NULL PRIMARY KEY,
  gate TEXT NOT NULL,
  gate_changed_at INTEGER,
  gate_changed_by BLOB,
  policy TEXT NOT NULL,
  holder TEXT,
  feed_generation INTEGER NOT NULL,
  feed_seq INTEGER NOT NULL,
  feed_digest BLOB NOT NULL,
  -- Older versions have been taken out of the feed up to here; digests below it say nothing.
  compacted_to INTEGER NOT NULL,
  orders INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row an edge: who it is, the term that guards what is written for it, its cursors and its word.
CREATE TABLE edges (
  edge TEXT NOT NULL PRIMARY KEY,
  region TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  public_key BLOB,
  enrolled_at INTEGER,
  epoch INTEGER NOT NULL,
  term INTEGER NOT NULL,
  nonce BLOB,
  program_version TEXT,
  cursor_seq INTEGER NOT NULL,
  cursor_hash BLOB NOT NULL,
  outcome_count INTEGER NOT NULL,
  undecided INTEGER NOT NULL,
  -- The session: the link counts as up while its contact is fresh.
  link_up INTEGER NOT NULL,
  link_since INTEGER,
  last_contact_at INTEGER,
  -- The newest Ack.
  acked_at INTEGER,
  outcome_cursor INTEGER NOT NULL,
  feed_cursor INTEGER NOT NULL,
  digest BLOB,
  ahead INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  oldest_pending_at INTEGER,
  last_seq INTEGER NOT NULL,
  clock_error_ms INTEGER,
  disk_free_bytes INTEGER,
  -- The replica that works its log; every claim raises the token, which guards what the worker writes.
  worker BLOB,
  work_token INTEGER NOT NULL,
  work_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_region ON edges (region, edge);

-- One-time codes by their hash; a used one stays, so that its edge may ask again until it expires.
CREATE TABLE enrolment_codes (
  code_hash BLOB NOT NULL PRIMARY KEY,
  edge TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_codes_edge ON enrolment_codes (edge);

-- What was received, as the edge hashed and sent it.
CREATE TABLE ops (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (edge, epoch, seq)
) STRICT;
CREATE INDEX ops_received_at ON ops (edge, epoch, received_at);

-- What waits for a decision: a row for each op without an outcome, gone when that is stored. Apart from
-- the ops, so that looking for work never passes over what was done.
CREATE TABLE undecided (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (edge, epoch, seq)
) STRICT;

-- What the cloud decided, numbered in the order in which it was stored.
CREATE TABLE outcomes (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  number INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  command_id BLOB,
  at INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (edge, epoch, number)
) STRICT;
CREATE UNIQUE INDEX outcomes_seq ON outcomes (edge, epoch, seq);

-- Every change of a region, numbered without a gap; `region_digest` is the set digest of the region's
-- orders after it.
CREATE TABLE feed (
  region TEXT NOT NULL,
  feed_seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  entity BLOB NOT NULL,
  version INTEGER NOT NULL,
  digest BLOB,
  region_digest BLOB NOT NULL,
  at INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (region, feed_seq)
) STRICT;
CREATE INDEX feed_entity ON feed (region, kind, entity, feed_seq);
