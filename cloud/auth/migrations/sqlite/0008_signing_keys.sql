-- The keys that sign tokens, in the order in which they sign. The private half is sealed by the key file of auth and goes
-- once the key signs no more; it is absent from the key that is the file itself.
CREATE TABLE signing_keys (
  kid TEXT NOT NULL PRIMARY KEY,
  place INTEGER NOT NULL UNIQUE,
  public_key BLOB NOT NULL,
  sealed BLOB,
  in_file INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  trusted_from INTEGER NOT NULL,
  signs_from INTEGER NOT NULL,
  signed_until INTEGER,
  former_at INTEGER,
  rotated_by BLOB,
  rotated_why TEXT,
  killed_at INTEGER,
  killed_by BLOB,
  killed_why TEXT
) STRICT;
