-- The moment at which the owner of the address confirmed it; empty until then. An issuer vouched for the address of an
-- account that was registered by an identity of it.
ALTER TABLE users ADD COLUMN email_confirmed_at BIGINT NULL;

UPDATE users SET email_confirmed_at = created_at
  WHERE id IN (SELECT user_id FROM identities WHERE is_origin = 1 AND issuer <> 'phone');

-- Addresses that wait to be confirmed, sealed, with the hash of the code that was sent there.
CREATE TABLE address_claims (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  email VARCHAR(420) NOT NULL,
  is_change BOOLEAN NOT NULL,
  code_hash BINARY(32) NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE KEY address_claims_user (user_id),
  KEY address_claims_expiry (expires_at),
  CONSTRAINT address_claims_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What the platform's work costs is set by those whom an admin trusts with it.
INSERT INTO permissions (name) VALUES ('set_fees');
INSERT INTO role_permissions (role_id, permission) VALUES (3, 'set_fees');

-- SQLite bounds no text.
ALTER TABLE users MODIFY COLUMN username VARCHAR(100) NOT NULL;
