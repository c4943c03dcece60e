-- Providers of whose verification the feed has told, or of its end, by the newest version of their profile.
CREATE TABLE provider_marks (
  user_id BLOB NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  verified INTEGER NOT NULL
) STRICT;
