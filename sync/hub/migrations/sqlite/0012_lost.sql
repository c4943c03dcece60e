-- How many acceptances made at an edge have lost, and when the last of them was told so.
ALTER TABLE edges ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN lost_at INTEGER;
