-- Tokens of this person from before this moment are good for nothing; 0 for somebody who was never let in again.
ALTER TABLE users ADD COLUMN tokens_since INTEGER NOT NULL DEFAULT 0;

-- People who were revoked and are let in again, with the closing that each ends. The rows stay, as the record.
CREATE TABLE readmissions (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  at INTEGER NOT NULL,
  by_user BLOB NOT NULL,
  why TEXT NOT NULL,
  closed_at INTEGER,
  closed_by BLOB,
  closed_why TEXT
) STRICT;

CREATE INDEX readmissions_user ON readmissions (user_id, at);
