-- The digest of a closed order whose copy this edge has dropped. `bytes` is then empty; the other
-- columns stay, so the row still counts in the view's digest and in its customer's history.
ALTER TABLE orders ADD COLUMN dropped_digest BLOB;

-- Finds the oldest closed orders that still have their copy.
CREATE INDEX orders_closed_by_age ON orders (updated_at)
    WHERE feed_open = 0 AND dropped_digest IS NULL;
