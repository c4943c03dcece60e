-- People whose accounts are deleted, while and after the texts of their orders are erased.
CREATE TABLE erasures (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  asked_at BIGINT NOT NULL,
  -- When the job goes on with this person. NULL once no text is left.
  next_at BIGINT NULL,
  -- The last order that it has gone through. NULL before the first.
  after_order BINARY(16) NULL,
  -- True if an order that it has gone through still has texts: it is open, or erasing it failed.
  has_left BOOLEAN NOT NULL,
  -- True if the deletion was published again: orders that were erased before are published again.
  is_repeat BOOLEAN NOT NULL,
  done_at BIGINT NULL,
  KEY erasures_due (next_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The orders in whose history a person has a line.
CREATE INDEX order_timeline_actor ON order_timeline (actor_id, order_id);

-- Every order that names a person's file: a file goes only with the last of them.
CREATE INDEX order_photos_file ON order_photos (owner_id, hash);
