-- Since when the cloud has been out of reach, so that a restart in an outage does not begin it anew. No row while the
-- link is up.
CREATE TABLE cut_off (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    since INTEGER NOT NULL
) STRICT;
