-- Codes that were sent to phones, one for each number, by keyed hashes of both. A code that has opened a session is removed.
CREATE TABLE sign_in_codes (
  id BLOB NOT NULL PRIMARY KEY,
  phone_hash BLOB NOT NULL,
  code_hash BLOB NOT NULL,
  tries INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sign_in_codes_phone ON sign_in_codes (phone_hash);
CREATE INDEX sign_in_codes_expiry ON sign_in_codes (expires_at);
