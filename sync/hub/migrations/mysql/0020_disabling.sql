-- What the hub has heard of the end of an edge's log: ops still to come up to `told_seq` were taken after
-- `taken_since`, later ones after `told_at`. Beside each, how far the edge had read the feed. `newest_op_at` is
-- the latest time of any op so far.
ALTER TABLE edges
  ADD COLUMN taken_since BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN since_feed BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN told_seq BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN told_feed BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN newest_op_at BIGINT NOT NULL DEFAULT 0,
  -- An operator has disabled it, or taken it out of service for good; its next key ends both.
  ADD COLUMN disabled_at BIGINT NULL,
  ADD COLUMN disabled_by BINARY(16) NULL,
  ADD COLUMN disabled_why TEXT NULL,
  ADD COLUMN retired_at BIGINT NULL,
  -- The order service is still to hear of it.
  ADD COLUMN disabling_open BIGINT NOT NULL DEFAULT 0,
  -- Nothing is believed that came since that moment, up to that epoch.
  ADD COLUMN distrusted_epoch BIGINT NULL,
  ADD COLUMN distrusted_from BIGINT NULL;

-- By those notes, when the op was received: it was taken after this, and with the feed known up to here.
ALTER TABLE ops
  ADD COLUMN not_before BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN knows_to BIGINT NOT NULL DEFAULT 0;

-- A code that gives an enrolled edge a new key, and whether it has.
ALTER TABLE enrolment_codes
  ADD COLUMN new_key BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN key_taken BIGINT NOT NULL DEFAULT 0;

-- Which operator has done what to an edge, and why.
CREATE TABLE edge_acts (
  edge VARCHAR(40) NOT NULL,
  at BIGINT NOT NULL,
  act VARCHAR(16) NOT NULL,
  made_by BINARY(16) NOT NULL,
  since BIGINT NULL,
  why TEXT NULL,
  KEY edge_acts_edge (edge, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
