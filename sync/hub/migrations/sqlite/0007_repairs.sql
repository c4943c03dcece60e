-- When a region's feed was last compared with the owner of its orders, how many of them that has put
-- right, how often the two said different things of one version, and when that was last.
ALTER TABLE regions ADD COLUMN compared_at INTEGER;
ALTER TABLE regions ADD COLUMN repaired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE regions ADD COLUMN repaired_at INTEGER;
ALTER TABLE regions ADD COLUMN contradictions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE regions ADD COLUMN contradicted_at INTEGER;
