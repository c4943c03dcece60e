-- The versions of the late-cancellation fee, as the cloud last listed them. No row before its first answer.
CREATE TABLE cancel_fees (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    fees BLOB NOT NULL
) STRICT;
CREATE INDEX cancel_fees_guard ON cancel_fees (fees);
