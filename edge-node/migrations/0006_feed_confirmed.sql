-- When the feed last said that nothing of it is missing here, for the age of the known revocations after
-- a restart.
CREATE TABLE feed_confirmed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL
) STRICT;
