-- Roles and permissions

-- Tokens, tables and other services carry the ids of the three built-in roles, so these never
-- change. Custom roles have higher ids.
CREATE TABLE roles (
  id INT NOT NULL PRIMARY KEY,
  name VARCHAR(20) NOT NULL,
  description VARCHAR(200) NOT NULL,
  -- The built-in role that a custom role restricts. A built-in role is its own base.
  base_id INT NOT NULL DEFAULT 3,
  changed_at BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY roles_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE permissions (
  name VARCHAR(40) NOT NULL PRIMARY KEY
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE role_permissions (
  role_id INT NOT NULL,
  permission VARCHAR(40) NOT NULL,
  PRIMARY KEY (role_id, permission),
  CONSTRAINT role_permissions_role FOREIGN KEY (role_id) REFERENCES roles (id),
  CONSTRAINT role_permissions_permission FOREIGN KEY (permission) REFERENCES permissions (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO roles (id, name, description, base_id) VALUES
  (1, 'customer', 'Publishes jobs and pays for them', 1),
  (2, 'provider', 'Accepts jobs and does them', 2),
  (3, 'admin', 'Approves jobs and runs the platform', 3);

INSERT INTO permissions (name) VALUES
  ('publish_orders'), ('accept_orders'), ('do_orders'), ('cancel_orders'), ('withdraw_orders'),
  ('approve_orders'), ('read_desks'), ('verify_providers'), ('read_people'), ('revoke_people'),
  ('end_sessions'), ('reset_passwords'), ('manage_roles'), ('read_platform'), ('manage_regions'),
  ('manage_edges'), ('manage_keys'), ('refund_money'), ('moderate_reviews'), ('set_fees');

-- An admin may do everything except publish, accept and do orders.
INSERT INTO role_permissions (role_id, permission) VALUES
  (1, 'publish_orders'), (1, 'cancel_orders'),
  (2, 'accept_orders'), (2, 'do_orders'), (2, 'withdraw_orders');
INSERT INTO role_permissions (role_id, permission)
  SELECT 3, name FROM permissions
  WHERE name NOT IN ('publish_orders', 'accept_orders', 'do_orders');

-- The audit record of custom roles: created, changed, removed and assigned.
CREATE TABLE role_acts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  act VARCHAR(20) NOT NULL,
  at BIGINT NOT NULL,
  by_user BINARY(16) NOT NULL,
  -- Sealed.
  why VARCHAR(2800) NOT NULL,
  role_name VARCHAR(20) NOT NULL,
  user_id BINARY(16) NULL,
  -- Lists of permissions if a role changed, names of roles if one was assigned.
  was VARCHAR(1000) NOT NULL,
  became VARCHAR(1000) NOT NULL,
  KEY role_acts_user (user_id, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Accounts

CREATE TABLE users (
  id BINARY(16) NOT NULL PRIMARY KEY,
  username VARCHAR(100) NOT NULL,
  -- Sealed, so the keyed hash shows if two accounts have the same address.
  email VARCHAR(420) NOT NULL,
  email_hash BINARY(32) NULL,
  -- NULL until the owner of the address confirms it. If an identity provider registered the
  -- account, it has vouched for the address.
  email_confirmed_at BIGINT NULL,
  password_hash VARCHAR(200) NOT NULL,
  -- A sign-in with the old password that was under way at this time is refused.
  password_changed_at BIGINT NULL,
  -- The built-in role, which tokens carry. A custom role restricts it further.
  role_id INT NOT NULL,
  own_role_id INT NULL,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  -- The last time an admin closed the account. The reason is sealed.
  closed_at BIGINT NULL,
  closed_by BINARY(16) NULL,
  closed_why VARCHAR(2800) NULL,
  -- Tokens issued before this time are invalid. 0 if the person was never readmitted.
  tokens_since BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE KEY idx_username (username),
  UNIQUE KEY idx_email (email),
  KEY users_state (is_active, username),
  KEY users_roles (role_id, own_role_id, username),
  UNIQUE KEY users_email_hash (email_hash),
  CONSTRAINT users_role FOREIGN KEY (role_id) REFERENCES roles (id),
  CONSTRAINT users_own_role FOREIGN KEY (own_role_id) REFERENCES roles (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Readmissions of revoked people, with the closing that each one ended. Kept as the audit record.
CREATE TABLE readmissions (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  at BIGINT NOT NULL,
  by_user BINARY(16) NOT NULL,
  -- Both reasons are sealed.
  why VARCHAR(2800) NOT NULL,
  closed_at BIGINT NULL,
  closed_by BINARY(16) NULL,
  closed_why VARCHAR(2800) NULL,
  KEY readmissions_user (user_id, at),
  CONSTRAINT readmissions_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Mail addresses that their owners have not confirmed yet, sealed.
CREATE TABLE address_claims (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  email VARCHAR(420) NOT NULL,
  is_change BOOLEAN NOT NULL,
  -- The hash of the code that was mailed to the address.
  code_hash BINARY(32) NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE KEY address_claims_user (user_id),
  KEY address_claims_expiry (expires_at),
  CONSTRAINT address_claims_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Providers that an admin has verified, or whose verification ended, with the newest profile
-- version that was reported.
CREATE TABLE provider_marks (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  verified BOOLEAN NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Sessions and tokens

-- One row for each issued token. A revoked one stays until the token would have expired.
CREATE TABLE sessions (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  kind VARCHAR(20) NOT NULL,
  -- The tablet and the region of an edge token.
  device VARCHAR(40) NULL,
  region VARCHAR(10) NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  -- When the newest refresh token and the one before it were issued. 0 until the first is used.
  refresh_newest BIGINT NOT NULL DEFAULT 0,
  refresh_before BIGINT NOT NULL DEFAULT 0,
  -- The attempt of the program that used the token before the newest.
  refresh_attempt BINARY(16) NULL,
  revoked_at BIGINT NULL,
  ended_why VARCHAR(20) NULL,
  -- The admin who ended another person's session.
  ended_by BINARY(16) NULL,
  KEY sessions_user (user_id, id),
  KEY sessions_expiry (expires_at),
  KEY sessions_revoked (revoked_at, expires_at),
  CONSTRAINT sessions_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The keys that sign tokens, in the order in which they sign.
CREATE TABLE signing_keys (
  kid VARCHAR(43) NOT NULL PRIMARY KEY,
  place BIGINT NOT NULL UNIQUE,
  public_key BINARY(32) NOT NULL,
  -- The private half, sealed with auth's key file and deleted when the key stops signing. NULL for
  -- the key that is the file itself.
  sealed VARBINARY(200) NULL,
  in_file BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  trusted_from BIGINT NOT NULL,
  signs_from BIGINT NOT NULL,
  signed_until BIGINT NULL,
  former_at BIGINT NULL,
  -- Both reasons are sealed.
  rotated_by BINARY(16) NULL,
  rotated_why VARCHAR(2800) NULL,
  killed_at BIGINT NULL,
  killed_by BINARY(16) NULL,
  killed_why VARCHAR(2800) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Ways to sign in

-- Failed passwords. Names that do not exist count too, so the row has only a hash of the name.
CREATE TABLE login_failures (
  id BINARY(16) NOT NULL PRIMARY KEY,
  name_hash BINARY(32) NOT NULL,
  -- The hash of an address or a known device: failures count for a name at one place.
  place_hash BINARY(32) NOT NULL DEFAULT '',
  at BIGINT NOT NULL,
  KEY login_failures_name (name_hash, at),
  KEY login_failures_at (at),
  KEY login_failures_place (name_hash, place_hash, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Devices that have signed in before, with a hash of their secret.
CREATE TABLE known_devices (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  secret_hash BINARY(32) NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE KEY known_devices_secret (secret_hash, user_id),
  KEY known_devices_user (user_id, seen_at),
  KEY known_devices_expiry (expires_at),
  CONSTRAINT known_devices_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Password-reset codes that admins issued, by their hash. Kept as the audit record.
CREATE TABLE password_resets (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  code_hash BINARY(32) NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BINARY(16) NOT NULL,
  -- Sealed.
  why VARCHAR(2800) NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NULL,
  -- After too many tries even the right code is refused.
  tries BIGINT NOT NULL DEFAULT 0,
  KEY password_resets_user (user_id, expires_at),
  CONSTRAINT password_resets_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Sign-in codes that were sent to phones, one for each number, with keyed hashes of both. A code is
-- deleted when it opens a session.
CREATE TABLE sign_in_codes (
  id BINARY(16) NOT NULL PRIMARY KEY,
  phone_hash BINARY(32) NOT NULL,
  code_hash BINARY(32) NOT NULL,
  tries BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE KEY sign_in_codes_phone (phone_hash),
  KEY sign_in_codes_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Accounts at identity providers and confirmed phone numbers by which people sign in.
CREATE TABLE identities (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  issuer VARCHAR(200) NOT NULL,
  -- A keyed hash of the name that the issuer gives the person.
  subject_hash BINARY(32) NOT NULL,
  -- True if the account was registered with this identity, false if it was linked later.
  is_origin BOOLEAN NOT NULL,
  -- The confirmed phone number, sealed, for messages to the person. NULL for other identities.
  number VARCHAR(200) NULL,
  created_at BIGINT NOT NULL,
  UNIQUE KEY identities_subject (issuer, subject_hash),
  UNIQUE KEY identities_user (user_id, issuer),
  CONSTRAINT identities_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Ended visits to an identity provider, until their tickets would have expired.
CREATE TABLE ended_visits (
  id BINARY(16) NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL,
  KEY ended_visits_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
