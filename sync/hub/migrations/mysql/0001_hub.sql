-- Regions

-- The feed of each region, its gate, and how it assigns its orders.
CREATE TABLE regions (
  region VARCHAR(16) NOT NULL PRIMARY KEY,
  gate VARCHAR(16) NOT NULL,
  gate_changed_at BIGINT NULL,
  gate_changed_by BINARY(16) NULL,
  policy VARCHAR(16) NOT NULL,
  holder VARCHAR(40) NULL,
  -- The holder's epoch that has the right to assign. Other epochs of the edge do not.
  holder_epoch BIGINT NULL,
  -- The feed change that reports the current right, NULL if there is no right. A grant is checked
  -- against exactly the changes before this one, so compaction never crosses it.
  granted_seq BIGINT NULL,
  feed_generation BIGINT NOT NULL,
  feed_seq BIGINT NOT NULL,
  feed_digest BINARY(32) NOT NULL,
  -- Older versions were removed from the feed up to this number, so digests below it are unusable.
  compacted_to BIGINT NOT NULL,
  -- Removals of orders are no longer in the feed up to this number. An edge further behind needs a
  -- snapshot.
  tombstones_to BIGINT NOT NULL DEFAULT 0,
  orders BIGINT NOT NULL,
  -- Comparisons with the order service: how many orders they repaired, and how often the two had
  -- different content for the same version.
  compared_at BIGINT NULL,
  repaired BIGINT NOT NULL DEFAULT 0,
  repaired_at BIGINT NULL,
  contradictions BIGINT NOT NULL DEFAULT 0,
  contradicted_at BIGINT NULL,
  -- The newest number in `lost_acceptances`.
  lost BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every change of a region, numbered without gaps.
CREATE TABLE feed (
  region VARCHAR(16) NOT NULL,
  feed_seq BIGINT NOT NULL,
  kind VARCHAR(16) NOT NULL,
  entity BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  digest BINARY(32) NULL,
  -- The set digest of the region's orders after this change.
  region_digest BINARY(32) NOT NULL,
  at BIGINT NOT NULL,
  bytes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (region, feed_seq),
  KEY feed_entity (region, kind, entity, feed_seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Acceptances that lost, numbered without gaps in each region, for pages that watch. Only the
-- newest are kept.
CREATE TABLE lost_acceptances (
  region VARCHAR(16) NOT NULL,
  number BIGINT NOT NULL,
  order_id BINARY(16) NOT NULL,
  PRIMARY KEY (region, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Providers that an admin has verified, or whose verification ended, with the newest profile
-- version that was reported.
CREATE TABLE provider_marks (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  verified BOOLEAN NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Edges and their keys

CREATE TABLE edges (
  edge VARCHAR(40) NOT NULL PRIMARY KEY,
  region VARCHAR(16) NOT NULL,
  created_at BIGINT NOT NULL,
  public_key BINARY(32) NULL,
  enrolled_at BIGINT NULL,
  epoch BIGINT NOT NULL,
  -- Guards what a session writes for the edge.
  term BIGINT NOT NULL,
  nonce BINARY(16) NULL,
  -- The newest Hello: the program's version, whether it accepts any hub key, and whether its link
  -- crosses machines over plain HTTP.
  program_version VARCHAR(64) NULL,
  takes_any_hub BIGINT NOT NULL DEFAULT 0,
  plain_line BIGINT NOT NULL DEFAULT 0,
  plain_listeners BIGINT NOT NULL DEFAULT 0,
  -- Since when the edge sends tokens for the cloud instead of edge tokens.
  cloud_tokens_since BIGINT NULL,
  -- How far the edge's log has been received and answered.
  cursor_seq BIGINT NOT NULL,
  cursor_hash BINARY(32) NOT NULL,
  outcome_count BIGINT NOT NULL,
  undecided BIGINT NOT NULL,
  newest_op_at BIGINT NOT NULL DEFAULT 0,
  -- The session. Its link counts as up while the last contact is recent.
  link_up BIGINT NOT NULL,
  link_since BIGINT NULL,
  last_contact_at BIGINT NULL,
  -- The newest Ack. `unproven` is the fence of a grant that did not match the edge's view, and
  -- `assignment` the digest of how the edge believes its region assigns. `newcomers_waiting` counts
  -- people whom the edge does not know well enough to give them its last storage.
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
  unproven BIGINT NULL,
  assignment BINARY(32) NULL,
  newcomers_waiting BIGINT NOT NULL DEFAULT 0,
  -- What the edge has reported about the end of its log: ops up to `told_seq` that have yet to
  -- arrive were taken after `taken_since`, later ones after `told_at`. The two feed columns say how
  -- far the edge had read the feed at these times.
  taken_since BIGINT NOT NULL DEFAULT 0,
  since_feed BIGINT NOT NULL DEFAULT 0,
  told_seq BIGINT NOT NULL DEFAULT 0,
  told_at BIGINT NOT NULL DEFAULT 0,
  told_feed BIGINT NOT NULL DEFAULT 0,
  -- The replica that processes the edge's log. Every claim increases the token, which guards what
  -- the replica writes.
  worker BINARY(16) NULL,
  work_token BIGINT NOT NULL,
  work_until BIGINT NOT NULL,
  -- Liveness probes of the run that has the session: the number sent, and the last one answered.
  probe_number BIGINT NOT NULL DEFAULT 0,
  probe_answered BIGINT NOT NULL DEFAULT 0,
  probed_at BIGINT NULL,
  -- When a second instance last connected, and since when an operator must allow new epochs.
  twin_seen_at BIGINT NULL,
  needs_operator_at BIGINT NULL,
  -- When an operator last readmitted the edge. Epochs granted earlier no longer count.
  readmitted_at BIGINT NULL,
  -- The newest epoch that is ending or has ended. Stored before the order service withdraws its
  -- rights, so that any later session completes the end.
  ending_epoch BIGINT NULL,
  ending_why VARCHAR(24) NULL,
  -- Since when a snapshot should repair the edge's view, and how often snapshots have done so.
  repair_asked_at BIGINT NULL,
  repairs BIGINT NOT NULL DEFAULT 0,
  repaired_at BIGINT NULL,
  -- How many acceptances of the edge lost, and when the newest loss was decided.
  lost BIGINT NOT NULL DEFAULT 0,
  lost_at BIGINT NULL,
  -- Set if an operator disabled the edge or retired it for good. The edge's next key ends both.
  disabled_at BIGINT NULL,
  disabled_by BINARY(16) NULL,
  disabled_why TEXT NULL,
  retired_at BIGINT NULL,
  -- True until the order service has received it.
  disabling_open BIGINT NOT NULL DEFAULT 0,
  -- Ops of epochs up to this one that arrived since this time are distrusted.
  distrusted_epoch BIGINT NULL,
  distrusted_from BIGINT NULL,
  KEY edges_region (region, edge)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The epochs of each edge after its first.
CREATE TABLE epochs (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  at BIGINT NOT NULL,
  why VARCHAR(16) NOT NULL,
  -- The run of the edge that received the epoch.
  granted_to BINARY(16) NOT NULL,
  -- The run that had the newest session until then.
  after_run BINARY(16) NULL,
  grant_id BIGINT NOT NULL,
  last_accepted BINARY(32) NOT NULL,
  PRIMARY KEY (edge, epoch)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One-time codes by their hash. A used one stays, so that its edge may repeat the request until it
-- expires.
CREATE TABLE enrolment_codes (
  code_hash BINARY(32) NOT NULL PRIMARY KEY,
  edge VARCHAR(40) NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BINARY(16) NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NULL,
  -- True if the code gives an enrolled edge a new key, and true once it has.
  new_key BIGINT NOT NULL DEFAULT 0,
  key_taken BIGINT NOT NULL DEFAULT 0,
  KEY enrolment_codes_edge (edge)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Earlier keys of edges. They verify old receipts but open no session.
CREATE TABLE former_keys (
  edge VARCHAR(40) NOT NULL,
  public_key BINARY(32) NOT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (edge, public_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row: the public key by which edges know the hub. A replica with another key does not start.
CREATE TABLE hub_key (
  one BIGINT NOT NULL PRIMARY KEY,
  public_key BINARY(32) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row: the private key of the certificate authority whose certificates edges show to their
-- tablets.
CREATE TABLE ca_key (
  one BIGINT NOT NULL PRIMARY KEY,
  private_key BLOB NOT NULL,
  created_at BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- That authority's own certificates: one for each set of names and networks that it may certify,
-- which `permits` identifies.
CREATE TABLE ca_certificates (
  permits BINARY(32) NOT NULL PRIMARY KEY,
  certificate BLOB NOT NULL,
  not_after BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The newest certificates of each edge.
CREATE TABLE certificates (
  edge VARCHAR(40) NOT NULL,
  serial BINARY(16) NOT NULL,
  names TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  PRIMARY KEY (edge, serial)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What operators did to edges, and why.
CREATE TABLE edge_acts (
  edge VARCHAR(40) NOT NULL,
  at BIGINT NOT NULL,
  act VARCHAR(16) NOT NULL,
  made_by BINARY(16) NOT NULL,
  since BIGINT NULL,
  why TEXT NULL,
  KEY edge_acts_edge (edge, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Ops and their outcomes

-- Received ops, as the edge hashed and sent them.
CREATE TABLE ops (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  hash BINARY(32) NOT NULL,
  received_at BIGINT NOT NULL,
  -- The edge took the op after this time, when it knew the feed at least up to this number.
  not_before BIGINT NOT NULL DEFAULT 0,
  knows_to BIGINT NOT NULL DEFAULT 0,
  bytes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (edge, epoch, seq),
  KEY ops_received_at (edge, epoch, received_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Ops without an outcome. A separate table, so that a search for work never reads decided ops.
CREATE TABLE undecided (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  state VARCHAR(16) NOT NULL,
  failures BIGINT NOT NULL,
  -- True if the region's holder should log this held op: an accept with no other op of its edge on
  -- the same order before it. Set each time the op is held.
  for_holder INT NOT NULL DEFAULT 0,
  PRIMARY KEY (edge, epoch, seq),
  -- The frequent search for waiting ops must skip the many that have just arrived.
  KEY undecided_state (edge, epoch, state, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Ops that needed an operator and were submitted again.
CREATE TABLE op_retries (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  made_by BINARY(16) NOT NULL,
  KEY op_retries_op (edge, epoch, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The cloud's decisions, numbered in the order in which they were stored.
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

-- Commands that had no outcome when their epoch ended. They come back from the machine, which logs
-- them again, or from a tablet. A row stays until its command id has an outcome.
CREATE TABLE left_behind (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  command_id BINARY(16) NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (edge, epoch, seq),
  KEY left_behind_command (command_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Accepts for a region's holder

-- Accepts made at the portal while an edge held the region. They wait until the holder decides them
-- in its log, or the cloud does after the right ends. Each user has a separate set of command ids.
CREATE TABLE asks (
  command_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  region VARCHAR(16) NOT NULL,
  command BLOB NOT NULL,
  actor VARBINARY(64) NOT NULL,
  -- The user's token.
  token TEXT NOT NULL,
  taken_at BIGINT NOT NULL,
  -- After three failures of this accept alone, it waits for an operator.
  failures BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (command_id, user_id),
  KEY asks_region (region, taken_at, command_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Accepts that an operator submitted again.
CREATE TABLE ask_retries (
  command_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  at BIGINT NOT NULL,
  made_by BINARY(16) NOT NULL,
  KEY ask_retries_ask (command_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Accepts that were sent to a region's holder, with the place where each was made, which the
-- holder's log lacks. Kept as long as the ops of that log.
CREATE TABLE put_accepts (
  command_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  made_at VARCHAR(40) NOT NULL,
  taken_at BIGINT NOT NULL,
  put_at BIGINT NOT NULL,
  PRIMARY KEY (command_id, user_id),
  KEY put_accepts_put_at (put_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
