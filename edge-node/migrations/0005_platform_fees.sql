-- The versions of the platform fee, as the cloud last listed them. No row before its first answer.
CREATE TABLE platform_fees (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    fees BLOB NOT NULL
) STRICT;
CREATE INDEX platform_fees_guard ON platform_fees (fees);
