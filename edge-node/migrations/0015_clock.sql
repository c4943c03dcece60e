-- What this edge knows of its machine's clock: the newest time that its hub has sent, and the last finding.
CREATE TABLE clock (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  hub_at INTEGER NOT NULL,
  finding TEXT,
  error_ms INTEGER NOT NULL,
  found_at INTEGER NOT NULL
) STRICT;
