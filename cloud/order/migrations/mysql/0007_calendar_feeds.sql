-- The feed of a person's jobs that their calendar reads.
CREATE TABLE calendar_feeds (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  -- Of its owner when they made it: the jobs that it lists follow from it.
  role INT NOT NULL,
  -- The secret itself is not stored.
  secret_hash BINARY(32) NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE KEY calendar_feeds_secret (secret_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
