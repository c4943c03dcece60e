-- The moment of the latest change; a sign-in that was under way by the password before it is refused.
ALTER TABLE users ADD COLUMN password_changed_at INTEGER;

-- Codes by which an admin lets a person set a new password, by their hash. The rows stay, as the record.
CREATE TABLE password_resets (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  code_hash BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  created_by BLOB NOT NULL,
  why TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE INDEX password_resets_user ON password_resets (user_id, expires_at);
