-- The epochs of an edge beyond its first: to which run each was granted, and why.
CREATE TABLE epochs (
  edge TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  at INTEGER NOT NULL,
  why TEXT NOT NULL,
  granted_to BLOB NOT NULL,
  -- The run whose session was the newest until then.
  after_run BLOB,
  grant_id INTEGER NOT NULL,
  last_accepted BLOB NOT NULL,
  PRIMARY KEY (edge, epoch)
) STRICT, WITHOUT ROWID;

-- How often the run that has the session was asked for a sign of life, and the last time it gave one.
ALTER TABLE edges ADD COLUMN probe_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN probe_answered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN probed_at INTEGER;
-- When a second instance called last, and since when new epochs wait for an operator.
ALTER TABLE edges ADD COLUMN twin_seen_at INTEGER;
ALTER TABLE edges ADD COLUMN needs_operator_at INTEGER;
-- When an operator last let it in: epochs granted before do not count any more.
ALTER TABLE edges ADD COLUMN readmitted_at INTEGER;
