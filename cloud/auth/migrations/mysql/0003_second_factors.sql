-- The authenticator app of a person, and what goes with it.
CREATE TABLE second_factors (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  -- The secret shared with the app. Sealed.
  secret VARCHAR(400) NOT NULL,
  created_at BIGINT NOT NULL,
  -- NULL until a first code has proved that the app has the secret.
  confirmed_at BIGINT NULL,
  -- The time step of the last code. A code of this step or an earlier one is refused.
  last_step BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT second_factors_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Codes that replace the app once each, by their hash. A used code is deleted.
CREATE TABLE recovery_codes (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  code_hash BINARY(32) NOT NULL,
  KEY recovery_codes_user (user_id, code_hash),
  CONSTRAINT recovery_codes_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Sign-ins that wait for the second factor, by the hash of their ticket.
CREATE TABLE sign_in_tickets (
  id BINARY(16) NOT NULL PRIMARY KEY,
  ticket_hash BINARY(32) NOT NULL,
  user_id BINARY(16) NOT NULL,
  -- The time of the last password change, and the identity that replaced the password.
  password_of BIGINT NULL,
  identity BINARY(16) NULL,
  tries BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE KEY sign_in_tickets_hash (ticket_hash),
  KEY sign_in_tickets_user (user_id),
  KEY sign_in_tickets_expiry (expires_at),
  CONSTRAINT sign_in_tickets_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Second factors that admins removed. Kept as the audit record.
CREATE TABLE second_factor_removals (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  at BIGINT NOT NULL,
  by_user BINARY(16) NOT NULL,
  -- Sealed.
  why VARCHAR(2800) NOT NULL,
  KEY second_factor_removals_user (user_id, at),
  CONSTRAINT second_factor_removals_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
