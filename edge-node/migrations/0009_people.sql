-- Whose a device is: his who used it first, until he hands it over or has not used it for long.
CREATE TABLE devices (
    device TEXT PRIMARY KEY,
    user_id BLOB NOT NULL,
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- People of whom the cloud has applied a command: the first and the last time.
CREATE TABLE known_people (
    user_id BLOB PRIMARY KEY,
    since INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO known_people (user_id, since, last)
    SELECT user_id, min(received_at), max(received_at) FROM commands
    WHERE outcome IS NOT NULL GROUP BY user_id;

-- When it was heard of, so that it is forgotten once no token of that session can live.
ALTER TABLE revoked ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
