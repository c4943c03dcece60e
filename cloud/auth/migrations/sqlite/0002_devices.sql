-- The tablets that registered a public key, one row for each person and key. The id follows from
-- both.
CREATE TABLE devices (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  -- What its person calls it. Sealed.
  label TEXT NOT NULL,
  -- The tablet's name at edges.
  tablet TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  -- When it got its newest grant.
  renewed_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX devices_user ON devices (user_id, renewed_at);
CREATE INDEX devices_ended ON devices (ended_at);

-- The device whose key a grant is bound to; NULL for other sessions.
ALTER TABLE sessions ADD COLUMN device_id BLOB;
