-- The accounts of people at other services, by a keyed hash of the name that the service gives them.
CREATE TABLE identities (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  issuer TEXT NOT NULL,
  subject_hash BLOB NOT NULL,
  -- The account was registered by it; any other one was linked later.
  is_origin INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject_hash);
CREATE UNIQUE INDEX identities_user ON identities (user_id, issuer);

-- Visits at issuers that were ended, until their tickets would be too old anyway.
CREATE TABLE ended_visits (
  id BLOB NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ended_visits_expiry ON ended_visits (expires_at);
