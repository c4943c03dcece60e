-- What a person may be. The numbers are fixed: tokens, tables and other services carry them.
CREATE TABLE roles (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL
) STRICT;

INSERT INTO roles (id, name, description) VALUES
  (1, 'customer', 'Publishes jobs and pays for them'),
  (2, 'provider', 'Accepts jobs and does them'),
  (3, 'admin', 'Approves jobs and runs the platform');

CREATE TABLE users (
  id BLOB NOT NULL PRIMARY KEY,
  username TEXT NOT NULL,
  email TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  role_id INTEGER NOT NULL REFERENCES roles (id),
  is_active INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX idx_username ON users (username);
CREATE UNIQUE INDEX idx_email ON users (email);

-- One row per token given out; what is revoked stays until the token would have expired.
CREATE TABLE sessions (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at, expires_at);

-- Wrong passwords, by a hash of the name tried: names that do not exist count as well.
CREATE TABLE login_failures (
  id BLOB NOT NULL PRIMARY KEY,
  name_hash BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_failures_name ON login_failures (name_hash, at);
CREATE INDEX login_failures_at ON login_failures (at);
