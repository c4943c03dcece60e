-- Where the feed tells of the right that stands now: what a grant is compared with is exactly what came
-- before it, so nothing is compacted across this place. None while nobody holds the right.
ALTER TABLE regions ADD COLUMN granted_seq INTEGER;

-- What waits is looked for often, and is next to nothing beside what was just received.
CREATE INDEX undecided_state ON undecided (edge, epoch, state, seq);
