-- Whom an admin has verified, by the newest version of their profile that was told.
CREATE TABLE provider_marks (
  user_id BLOB NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  verified INTEGER NOT NULL
) STRICT;
