-- The epochs of an edge beyond its first: to which run each was granted, and why.
CREATE TABLE epochs (
  edge VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  at BIGINT NOT NULL,
  why VARCHAR(16) NOT NULL,
  granted_to BINARY(16) NOT NULL,
  -- The run whose session was the newest until then.
  after_run BINARY(16) NULL,
  grant_id BIGINT NOT NULL,
  last_accepted BINARY(32) NOT NULL,
  PRIMARY KEY (edge, epoch)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How often the run that has the session was asked for a sign of life, and the last time it gave one.
ALTER TABLE edges ADD COLUMN probe_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN probe_answered BIGINT NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN probed_at BIGINT NULL;
-- When a second instance called last, and since when new epochs wait for an operator.
ALTER TABLE edges ADD COLUMN twin_seen_at BIGINT NULL;
ALTER TABLE edges ADD COLUMN needs_operator_at BIGINT NULL;
-- When an operator last let it in: epochs granted before do not count any more.
ALTER TABLE edges ADD COLUMN readmitted_at BIGINT NULL;
