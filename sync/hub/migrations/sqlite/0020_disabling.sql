-- What the hub has heard of the end of an edge's log: ops still to come up to `told_seq` were taken after
-- `taken_since`, later ones after `told_at`. Beside each, how far the edge had read the feed. `newest_op_at` is
-- the latest time of any op so far.
ALTER TABLE edges ADD COLUMN taken_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN since_feed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN told_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN told_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN told_feed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN newest_op_at INTEGER NOT NULL DEFAULT 0;
-- An operator has disabled it, or taken it out of service for good; its next key ends both.
ALTER TABLE edges ADD COLUMN disabled_at INTEGER;
ALTER TABLE edges ADD COLUMN disabled_by BLOB;
ALTER TABLE edges ADD COLUMN disabled_why TEXT;
ALTER TABLE edges ADD COLUMN retired_at INTEGER;
-- The order service is still to hear of it.
ALTER TABLE edges ADD COLUMN disabling_open INTEGER NOT NULL DEFAULT 0;
-- Nothing is believed that came since that moment, up to that epoch.
ALTER TABLE edges ADD COLUMN distrusted_epoch INTEGER;
ALTER TABLE edges ADD COLUMN distrusted_from INTEGER;

-- By those notes, when the op was received: it was taken after this, and with the feed known up to here.
ALTER TABLE ops ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops ADD COLUMN knows_to INTEGER NOT NULL DEFAULT 0;

-- A code that gives an enrolled edge a new key, and whether it has.
ALTER TABLE enrolment_codes ADD COLUMN new_key INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrolment_codes ADD COLUMN key_taken INTEGER NOT NULL DEFAULT 0;

-- Which operator has done what to an edge, and why.
CREATE TABLE edge_acts (
  edge TEXT NOT NULL,
  at INTEGER NOT NULL,
  act TEXT NOT NULL,
  made_by BLOB NOT NULL,
  since INTEGER,
  why TEXT
) STRICT;
CREATE INDEX edge_acts_edge ON edge_acts (edge, at);
