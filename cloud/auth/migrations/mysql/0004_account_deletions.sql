-- People who asked to delete their account. A row stays after the deletion, without anything that
-- says who the person was.
CREATE TABLE account_deletions (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  asked_at BIGINT NOT NULL,
  delete_at BIGINT NOT NULL,
  -- When the job looks at it next: after `delete_at` while an order or payment of the person is
  -- open.
  next_at BIGINT NOT NULL,
  deleted_at BIGINT NULL,
  KEY account_deletions_due (deleted_at, next_at),
  CONSTRAINT account_deletions_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
