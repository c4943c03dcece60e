-- People whose accounts are deleted, while and after the texts of their orders are erased.
CREATE TABLE erasures (
  user_id BLOB NOT NULL PRIMARY KEY,
  asked_at INTEGER NOT NULL,
  -- When the job goes on with this person. NULL once no text is left.
  next_at INTEGER,
  -- The last order that it has gone through. NULL before the first.
  after_order BLOB,
  -- True if an order that it has gone through still has texts: it is open, or erasing it failed.
  has_left INTEGER NOT NULL,
  -- True if the deletion was published again: orders that were erased before are published again.
  is_repeat INTEGER NOT NULL,
  done_at INTEGER
) STRICT;
CREATE INDEX erasures_due ON erasures (next_at);

-- The orders in whose history a person has a line.
CREATE INDEX order_timeline_actor ON order_timeline (actor_id, order_id);

-- Every order that names a person's file: a file goes only with the last of them.
CREATE INDEX order_photos_file ON order_photos (owner_id, hash);
