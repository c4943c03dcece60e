-- What each edge last reported of its disk, and how many of its photos the cloud lacks. NULL from
-- an edge that does not report it.
ALTER TABLE edges ADD COLUMN disk_level VARCHAR(16) NULL;
ALTER TABLE edges ADD COLUMN disk_used_percent BIGINT NULL;
ALTER TABLE edges ADD COLUMN photos_waiting BIGINT NULL;
