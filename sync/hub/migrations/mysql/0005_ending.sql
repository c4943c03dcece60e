-- The newest epoch of an edge that is to end, or has, and why: put down before order_db is told to take
-- its rights back, so that whichever session comes next goes through with it.
ALTER TABLE edges
  ADD COLUMN ending_epoch BIGINT NULL,
  ADD COLUMN ending_why VARCHAR(24) NULL;
