-- What left the region before this number is not told any more: who stands behind it takes an image.
ALTER TABLE regions ADD COLUMN tombstones_to INTEGER NOT NULL DEFAULT 0;
-- Since when an image of the region is to put right what an edge has, how often one has, and when last.
ALTER TABLE edges ADD COLUMN repair_asked_at INTEGER;
ALTER TABLE edges ADD COLUMN repairs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN repaired_at INTEGER;
-- Of its newest word: the fence of a grant that its view did not agree with, and how it believes that
-- its region assigns.
ALTER TABLE edges ADD COLUMN unproven INTEGER;
ALTER TABLE edges ADD COLUMN assignment BLOB;
