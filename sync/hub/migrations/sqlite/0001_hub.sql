-- Regions

-- The feed of each region, its gate, and how it assigns its orders.
CREATE TABLE regions (
  region TEXT NOT NULL PRIMARY KEY,
  gate TEXT NOT NULL,
  gate_changed_at INTEGER,
  gate_changed_by BLOB,
  policy TEXT NOT NULL,
  holder TEXT,
  -- The holder's epoch that has the right to assign. Other epochs of the edge do not.
  holder_epoch INTEGER,
  -- The feed change that reports the current right, NULL if there is no right. A grant is checked
  -- against exactly the changes before this one, so compaction never crosses it.
  granted_seq INTEGER,
  feed_generation INTEGER NOT NULL,
  feed_seq INTEGER NOT NULL,
  feed_digest BLOB NOT NULL,
  -- Older versions were removed from the feed up to this number, so digests below it are unusable.
  compacted_to INTEGER NOT NULL,
  -- Removals of orders are no longer in the feed up to this number. An edge further behind needs a
  -- snapshot.
  tombstones_to INTEGER NOT NULL DEFAULT 0,
  orders INTEGER NOT NULL,
  -- Comparisons with the order service: how many orders they repaired, and how often the two had
  -- different content for the same version.
  compared_at INTEGER,
  repaired INTEGER NOT NULL DEFAULT 0,
  repaired_at INTEGER,
  contradictions INTEGER NOT NULL DEFAULT 0,
  contradicted_at INTEGER,
  -- The newest number in `lost_acceptances`.
  lost INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Every change of a region, numbered without gaps.
CREATE TABLE feed (
  region TEXT NOT NULL,
  feed_seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  entity BLOB NOT NULL,
  version INTEGER NOT NULL,
  digest BLOB,
  -- The set digest of the region's orders after this change.
  region_digest BLOB NOT NULL,
  at INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (region, feed_seq)
) STRICT;
CREATE INDEX feed_entity ON feed (region, kind, entity, feed_seq);

-- Acceptances that lost, numbered without gaps in each region, for pages that watch. Only the
-- newest are kept.
CREATE TABLE lost_acceptances (
  region TEXT NOT NULL,
  number INTEGER NOT NULL,
  order_id BLOB NOT NULL,
  PRIMARY KEY (region, number)
) STRICT, WITHOUT ROWID;

-- Providers that an admin has verified, or whose verification ended, with the newest profile
-- version that was reported.
CREATE TABLE provider_marks (
  user_id BLOB NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  verified INTEGER NOT NULL
) STRICT;

-- Edges and their keys

CREATE TABLE edges (
  edge TEXT NOT NULL PRIMARY KEY,
  region TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  public_key BLOB,
  enrolled_at INTEGER,
  epoch INTEGER NOT NULL,
  -- Guards what a session writes for the edge.
  term INTEGER NOT NULL,
  nonce BLOB,
  -- The newest Hello: the program's version, whether it accepts any hub key, and whether its link
  -- crosses machines over plain HTTP.
  program_version TEXT,
  takes_any_hub INTEGER NOT NULL DEFAULT 0,
  plain_line INTEGER NOT NULL DEFAULT 0,
  plain_listeners INTEGER NOT NULL DEFAULT 0,
  -- Since when the edge sends tokens for the cloud instead of edge tokens.
  cloud_tokens_since INTEGER,
  -- How far the edge's log has been received and answered.
  cursor_seq INTEGER NOT NULL,
  cursor_hash BLOB NOT NULL,
  outcome_count INTEGER NOT NULL,
  undecided INTEGER NOT NULL,
  newest_op_at INTEGER NOT NULL DEFAULT 0,
  -- The session. Its link counts as up while the last contact is recent.
  link_up INTEGER NOT NULL,
  link_since INTEGER,
  last_contact_at INTEGER,
  -- The newest Ack. `unproven` is the fence of a grant that did not match the edge's view, and
  -- `assignment` the digest of how the edge believes its region assigns. `newcomers_waiting` counts
  -- people whom the edge does not know well enough to give them its last storage.
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
  unproven INTEGER,
  assignment BLOB,
  newcomers_waiting INTEGER NOT NULL DEFAULT 0,
  -- What the edge has reported about the end of its log: ops up to `told_seq` that have yet to
  -- arrive were taken after `taken_since`, later ones after `told_at`. The two feed columns say how
  -- far the edge had read the feed at these times.
  taken_since INTEGER NOT NULL DEFAULT 0,
  since_feed INTEGER NOT NULL DEFAULT 0,
  told_seq INTEGER NOT NULL DEFAULT 0,
  told_at INTEGER NOT NULL DEFAULT 0,
  told_feed INTEGER NOT NULL DEFAULT 0,
  -- The replica that processes the edge's log. Every claim increases the token, which guards what
  -- the replica writes.
  worker BLOB,
  work_token INTEGER NOT NULL,
  work_until INTEGER NOT NULL,
  -- Liveness probes of the run that has the session: the number sent, and the last one answered.
  probe_number INTEGER NOT NULL DEFAULT 0,
  probe_answered INTEGER NOT NULL DEFAULT 0,
  probed_at INTEGER,
  -- When a second instance last connected, and since when an operator must allow new epochs.
  twin_seen_at INTEGER,
  needs_operator_at INTEGER,
  -- When an operator last readmitted the edge. Epochs granted earlier no longer count.
  readmitted_at INTEGER,
  -- The newest epoch that is ending or has ended. Stored before the order service withdraws its
  -- rights, so that any later session completes the end.
  ending_epoch INTEGER,
  ending_why TEXT,
  -- Since when a snapshot should repair the edge's view, and how often snapshots have done so.
  repair_asked_at INTEGER,
  repairs INTEGER NOT NULL DEFAULT 0,
  repaired_at INTEGER,
  -- How many acceptances of the edge lost, and when the newest loss was decided.
  lost INTEGER NOT NULL DEFAULT 0,
  lost_at INTEGER,
  -- Set if an operator disabled the edge or retired it for good. The edge's next key ends both.
  disabled_at INTEGER,
  disabled_by BLOB,
  disabled_why TEXT,
  retired_at INTEGER,
  -- True until the order service has received it.
  disabling_open INTEGER NOT NULL DEFAULT 0,
  -- Ops of epochs up to this one that arrived since this time are distrusted.
  distrusted_epoch INTEGER,
  distrusted_from INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_region ON edges (region, edge);

-- The epochs of each edge after its first.
CREATE TABLE epochs (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  at INTEGER NOT NULL,
  why TEXT NOT NULL,
  -- The run of the edge that received the epoch.
  granted_to BLOB NOT NULL,
  -- The run that had the newest session until then.
  after_run BLOB,
  grant_id INTEGER NOT NULL,
  last_accepted BLOB NOT NULL,
  PRIMARY KEY (edge, epoch)
) STRICT, WITHOUT ROWID;

-- One-time codes by their hash. A used one stays, so that its edge may repeat the request until it
-- expires.
CREATE TABLE enrolment_codes (
  code_hash BLOB NOT NULL PRIMARY KEY,
  edge TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  -- True if the code gives an enrolled edge a new key, and true once it has.
  new_key INTEGER NOT NULL DEFAULT 0,
  key_taken INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_codes_edge ON enrolment_codes (edge);

-- Earlier keys of edges. They verify old receipts but open no session.
CREATE TABLE former_keys (
  edge TEXT NOT NULL,
  public_key BLOB NOT NULL,
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (edge, public_key)
);

-- One row: the public key by which edges know the hub. A replica with another key does not start.
CREATE TABLE hub_key (
  one INTEGER NOT NULL PRIMARY KEY,
  public_key BLOB NOT NULL
) STRICT;

-- One row: the private key of the certificate authority whose certificates edges show to their
-- tablets.
CREATE TABLE ca_key (
  one INTEGER NOT NULL PRIMARY KEY,
  private_key BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- That authority's own certificates: one for each set of names and networks that it may certify,
-- which `permits` identifies.
CREATE TABLE ca_certificates (
  permits BLOB NOT NULL PRIMARY KEY,
  certificate BLOB NOT NULL,
  not_after INTEGER NOT NULL
) STRICT;

-- The newest certificates of each edge.
CREATE TABLE certificates (
  edge TEXT NOT NULL,
  serial BLOB NOT NULL,
  names TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  PRIMARY KEY (edge, serial)
) STRICT;

-- What operators did to edges, and why.
CREATE TABLE edge_acts (
  edge TEXT NOT NULL,
  at INTEGER NOT NULL,
  act TEXT NOT NULL,
  made_by BLOB NOT NULL,
  since INTEGER,
  why TEXT
) STRICT;
CREATE INDEX edge_acts_edge ON edge_acts (edge, at);

-- Ops and their outcomes

-- Received ops, as the edge hashed and sent them.
CREATE TABLE ops (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  -- The edge took the op after this time, when it knew the feed at least up to this number.
  not_before INTEGER NOT NULL DEFAULT 0,
  knows_to INTEGER NOT NULL DEFAULT 0,
  bytes BLOB NOT NULL,
  PRIMARY KEY (edge, epoch, seq)
) STRICT;
CREATE INDEX ops_received_at ON ops (edge, epoch, received_at);

-- Ops without an outcome. A separate table, so that a search for work never reads decided ops.
CREATE TABLE undecided (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  failures INTEGER NOT NULL,
  -- True if the region's holder should log this held op: an accept with no other op of its edge on
  -- the same order before it. Set each time the op is held.
  for_holder INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (edge, epoch, seq)
) STRICT;
-- The frequent search for waiting ops must skip the many that have just arrived.
CREATE INDEX undecided_state ON undecided (edge, epoch, state, seq);

-- Ops that needed an operator and were submitted again.
CREATE TABLE op_retries (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  made_by BLOB NOT NULL
) STRICT;
CREATE INDEX op_retries_op ON op_retries (edge, epoch, seq);

-- The cloud's decisions, numbered in the order in which they were stored.
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

-- Commands that had no outcome when their epoch ended. They come back from the machine, which logs
-- them again, or from a tablet. A row stays until its command id has an outcome.
CREATE TABLE left_behind (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  command_id BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (edge, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX left_behind_command ON left_behind (command_id);

-- Accepts for a region's holder

-- Accepts made at the portal while an edge held the region. They wait until the holder decides them
-- in its log, or the cloud does after the right ends. Each user has a separate set of command ids.
CREATE TABLE asks (
  command_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  region TEXT NOT NULL,
  command BLOB NOT NULL,
  actor BLOB NOT NULL,
  -- The user's token.
  token TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  -- After three failures of this accept alone, it waits for an operator.
  failures INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (command_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX asks_region ON asks (region, taken_at, command_id, user_id);

-- Accepts that an operator submitted again.
CREATE TABLE ask_retries (
  command_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  made_by BLOB NOT NULL
) STRICT;
CREATE INDEX ask_retries_ask ON ask_retries (command_id, user_id);

-- Accepts that were sent to a region's holder, with the place where each was made, which the
-- holder's log lacks. Kept as long as the ops of that log.
CREATE TABLE put_accepts (
  command_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  made_at TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  put_at INTEGER NOT NULL,
  PRIMARY KEY (command_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX put_accepts_put_at ON put_accepts (put_at);
