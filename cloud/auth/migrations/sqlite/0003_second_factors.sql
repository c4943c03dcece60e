-- The authenticator app of a person, and what goes with it.
CREATE TABLE second_factors (
  user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id),
  -- The secret shared with the app. Sealed.
  secret TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- NULL until a first code has proved that the app has the secret.
  confirmed_at INTEGER,
  -- The time step of the last code. A code of this step or an earlier one is refused.
  last_step INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Codes that replace the app once each, by their hash. A used code is deleted.
CREATE TABLE recovery_codes (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  code_hash BLOB NOT NULL
) STRICT;
CREATE INDEX recovery_codes_user ON recovery_codes (user_id, code_hash);

-- Sign-ins that wait for the second factor, by the hash of their ticket.
CREATE TABLE sign_in_tickets (
  id BLOB NOT NULL PRIMARY KEY,
  ticket_hash BLOB NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id),
  -- The time of the last password change, and the identity that replaced the password.
  password_of INTEGER,
  identity BLOB,
  tries INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sign_in_tickets_hash ON sign_in_tickets (ticket_hash);
CREATE INDEX sign_in_tickets_user ON sign_in_tickets (user_id);
CREATE INDEX sign_in_tickets_expiry ON sign_in_tickets (expires_at);

-- Second factors that admins removed. Kept as the audit record.
CREATE TABLE second_factor_removals (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  at INTEGER NOT NULL,
  by_user BLOB NOT NULL,
  -- Sealed.
  why TEXT NOT NULL
) STRICT;
CREATE INDEX second_factor_removals_user ON second_factor_removals (user_id, at);
