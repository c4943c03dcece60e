-- The moment at which the owner of the address confirmed it; empty until then. An issuer vouched for the address of an
-- account that was registered by an identity of it.
ALTER TABLE users ADD COLUMN email_confirmed_at INTEGER;

UPDATE users SET email_confirmed_at = created_at
  WHERE id IN (SELECT user_id FROM identities WHERE is_origin = 1 AND issuer <> 'phone');

-- Addresses that wait to be confirmed, sealed, with the hash of the code that was sent there.
CREATE TABLE address_claims (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  email TEXT NOT NULL,
  is_change INTEGER NOT NULL,
  code_hash BLOB,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX address_claims_user ON address_claims (user_id);
CREATE INDEX address_claims_expiry ON address_claims (expires_at);

-- What the platform's work costs is set by those whom an admin trusts with it.
INSERT INTO permissions (name) VALUES ('set_fees');
INSERT INTO role_permissions (role_id, permission) VALUES (3, 'set_fees');
