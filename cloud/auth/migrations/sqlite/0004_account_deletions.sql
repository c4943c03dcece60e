-- People who asked to delete their account. A row stays after the deletion, without anything that
-- says who the person was.
CREATE TABLE account_deletions (
  user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id),
  asked_at INTEGER NOT NULL,
  delete_at INTEGER NOT NULL,
  -- When the job looks at it next: after `delete_at` while an order or payment of the person is
  -- open.
  next_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX account_deletions_due ON account_deletions (deleted_at, next_at);
