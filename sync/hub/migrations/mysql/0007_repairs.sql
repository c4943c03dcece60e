-- When a region's feed was last compared with the owner of its orders, how many of them that has put
-- right, how often the two said different things of one version, and when that was last.
ALTER TABLE regions ADD COLUMN compared_at BIGINT NULL;
ALTER TABLE regions ADD COLUMN repaired BIGINT NOT NULL DEFAULT 0;
ALTER TABLE regions ADD COLUMN repaired_at BIGINT NULL;
ALTER TABLE regions ADD COLUMN contradictions BIGINT NOT NULL DEFAULT 0;
ALTER TABLE regions ADD COLUMN contradicted_at BIGINT NULL;
