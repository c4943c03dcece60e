-- What a person may be. The numbers are fixed: tokens, tables and other services carry them.
CREATE TABLE roles (
  id INT NOT NULL PRIMARY KEY,
  name VARCHAR(20) NOT NULL,
  description VARCHAR(200) NOT NULL,
  UNIQUE KEY roles_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO roles (id, name, description) VALUES
  (1, 'customer', 'Publishes jobs and pays for them'),
  (2, 'provider', 'Accepts jobs and does them'),
  (3, 'admin', 'Approves jobs and runs the platform');

CREATE TABLE users (
  id BINARY(16) NOT NULL PRIMARY KEY,
  username VARCHAR(40) NOT NULL,
  email VARCHAR(254) NOT NULL,
  password_hash VARCHAR(200) NOT NULL,
  role_id INT NOT NULL,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE KEY idx_username (username),
  UNIQUE KEY idx_email (email),
  CONSTRAINT users_role FOREIGN KEY (role_id) REFERENCES roles (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row per token given out; what is revoked stays until the token would have expired.
CREATE TABLE sessions (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  kind VARCHAR(20) NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NULL,
  KEY sessions_user (user_id, id),
  KEY sessions_expiry (expires_at),
  KEY sessions_revoked (revoked_at, expires_at),
  CONSTRAINT sessions_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Wrong passwords, by a hash of the name tried: names that do not exist count as well.
CREATE TABLE login_failures (
  id BINARY(16) NOT NULL PRIMARY KEY,
  name_hash BINARY(32) NOT NULL,
  at BIGINT NOT NULL,
  KEY login_failures_name (name_hash, at),
  KEY login_failures_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
