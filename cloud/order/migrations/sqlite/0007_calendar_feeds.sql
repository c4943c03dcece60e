-- The feed of a person's jobs that their calendar reads.
CREATE TABLE calendar_feeds (
  user_id BLOB NOT NULL PRIMARY KEY,
  -- Of its owner when they made it: the jobs that it lists follow from it.
  role INTEGER NOT NULL,
  -- The secret itself is not stored.
  secret_hash BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX calendar_feeds_secret ON calendar_feeds (secret_hash);
