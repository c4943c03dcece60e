-- How full the disk was at the end of each of the last days, for the time until it is full.
CREATE TABLE disk_days (
    -- Days since 1970.
    day INTEGER PRIMARY KEY,
    filled_bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX disk_days_guard ON disk_days (filled_bytes);
