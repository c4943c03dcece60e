-- Acceptances that lost, numbered without a gap in each region, for pages that watch. The last ones are kept.
CREATE TABLE lost_acceptances (
  region TEXT NOT NULL,
  number INTEGER NOT NULL,
  order_id BLOB NOT NULL,
  PRIMARY KEY (region, number)
) STRICT, WITHOUT ROWID;
ALTER TABLE regions ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
