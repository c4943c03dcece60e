-- Whether a held op is put to its region's holder: an accept that stands behind no other op of its edge
-- on the same order. It is told when the op is held, and told anew with each time it is handed in again.
ALTER TABLE undecided ADD COLUMN for_holder INTEGER NOT NULL DEFAULT 0;
