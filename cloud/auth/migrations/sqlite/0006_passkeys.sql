-- The passkeys of people: a second factor besides the authenticator app.
CREATE TABLE passkeys (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  -- The authenticator's own id of it, and the SHA-256 of that, by which it is registered once.
  credential_id BLOB NOT NULL,
  credential_hash BLOB NOT NULL,
  -- What its person calls it. Sealed.
  label TEXT NOT NULL,
  -- The number of the signature algorithm (COSE), and the public key.
  algorithm INTEGER NOT NULL,
  public_key BLOB NOT NULL,
  -- The authenticator's count of its signatures. Zero if it keeps none.
  counter INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX passkeys_credential ON passkeys (credential_hash);
CREATE INDEX passkeys_user ON passkeys (user_id, created_at, id);

-- Challenges that wait for a passkey's answer, by their hash. A spent one is deleted.
CREATE TABLE passkey_challenges (
  id BLOB NOT NULL PRIMARY KEY,
  challenge_hash BLOB NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id),
  -- register, sign_in or prove.
  ceremony TEXT NOT NULL,
  -- The hash of the sign-in's ticket or of the session that asked for it.
  bound_to BLOB NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX passkey_challenges_hash ON passkey_challenges (challenge_hash);
CREATE INDEX passkey_challenges_user ON passkey_challenges (user_id, id);
CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expires_at);
