-- The passkeys of people: a second factor besides the authenticator app.
CREATE TABLE passkeys (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  -- The authenticator's own id of it, and the SHA-256 of that, by which it is registered once.
  credential_id VARBINARY(1023) NOT NULL,
  credential_hash BINARY(32) NOT NULL,
  -- What its person calls it. Sealed.
  label VARCHAR(400) NOT NULL,
  -- The number of the signature algorithm (COSE), and the public key.
  algorithm BIGINT NOT NULL,
  public_key VARBINARY(65) NOT NULL,
  -- The authenticator's count of its signatures. Zero if it keeps none.
  counter BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NULL,
  UNIQUE KEY passkeys_credential (credential_hash),
  KEY passkeys_user (user_id, created_at, id),
  CONSTRAINT passkeys_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Challenges that wait for a passkey's answer, by their hash. A spent one is deleted.
CREATE TABLE passkey_challenges (
  id BINARY(16) NOT NULL PRIMARY KEY,
  challenge_hash BINARY(32) NOT NULL,
  user_id BINARY(16) NOT NULL,
  -- register, sign_in or prove.
  ceremony VARCHAR(20) NOT NULL,
  -- The hash of the sign-in's ticket or of the session that asked for it.
  bound_to BINARY(32) NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE KEY passkey_challenges_hash (challenge_hash),
  KEY passkey_challenges_user (user_id, id),
  KEY passkey_challenges_expiry (expires_at),
  CONSTRAINT passkey_challenges_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
