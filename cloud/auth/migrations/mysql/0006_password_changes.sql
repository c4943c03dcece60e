-- The moment of the latest change; a sign-in that was under way by the password before it is refused.
ALTER TABLE users ADD COLUMN password_changed_at BIGINT NULL;

-- Codes by which an admin lets a person set a new password, by their hash. The rows stay, as the record.
CREATE TABLE password_resets (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  code_hash BINARY(32) NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BINARY(16) NOT NULL,
  why VARCHAR(500) NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NULL,
  KEY password_resets_user (user_id, expires_at),
  CONSTRAINT password_resets_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
