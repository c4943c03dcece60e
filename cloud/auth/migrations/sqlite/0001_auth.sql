-- Roles and permissions

-- Tokens, tables and other services carry the ids of the three built-in roles, so these never
-- change. Custom roles have higher ids.
CREATE TABLE roles (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  -- The built-in role that a custom role restricts. A built-in role is its own base.
  base_id INTEGER NOT NULL DEFAULT 3,
  changed_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE permissions (
  name TEXT NOT NULL PRIMARY KEY
) STRICT;

CREATE TABLE role_permissions (
  role_id INTEGER NOT NULL REFERENCES roles (id),
  permission TEXT NOT NULL REFERENCES permissions (name),
  PRIMARY KEY (role_id, permission)
) STRICT;

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
  id BLOB NOT NULL PRIMARY KEY,
  act TEXT NOT NULL,
  at INTEGER NOT NULL,
  by_user BLOB NOT NULL,
  -- Sealed.
  why TEXT NOT NULL,
  role_name TEXT NOT NULL,
  user_id BLOB,
  -- Lists of permissions if a role changed, names of roles if one was assigned.
  was TEXT NOT NULL,
  became TEXT NOT NULL
) STRICT;
CREATE INDEX role_acts_user ON role_acts (user_id, at);

-- Accounts

CREATE TABLE users (
  id BLOB NOT NULL PRIMARY KEY,
  username TEXT NOT NULL,
  -- Sealed, so the keyed hash shows if two accounts have the same address.
  email TEXT NOT NULL,
  email_hash BLOB,
  -- NULL until the owner of the address confirms it. If an identity provider registered the
  -- account, it has vouched for the address.
  email_confirmed_at INTEGER,
  password_hash TEXT NOT NULL,
  -- A sign-in with the old password that was under way at this time is refused.
  password_changed_at INTEGER,
  -- The built-in role, which tokens carry. A custom role restricts it further.
  role_id INTEGER NOT NULL REFERENCES roles (id),
  own_role_id INTEGER REFERENCES roles (id),
  is_active INTEGER NOT NULL DEFAULT 1,
  -- The last time an admin closed the account. The reason is sealed.
  closed_at INTEGER,
  closed_by BLOB,
  closed_why TEXT,
  -- Tokens issued before this time are invalid. 0 if the person was never readmitted.
  tokens_since INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX idx_username ON users (username);
CREATE UNIQUE INDEX idx_email ON users (email);
CREATE INDEX users_state ON users (is_active, username);
CREATE INDEX users_roles ON users (role_id, own_role_id, username);
CREATE INDEX users_own_role ON users (own_role_id);
CREATE UNIQUE INDEX users_email_hash ON users (email_hash);

-- Readmissions of revoked people, with the closing that each one ended. Kept as the audit record.
CREATE TABLE readmissions (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  at INTEGER NOT NULL,
  by_user BLOB NOT NULL,
  -- Both reasons are sealed.
  why TEXT NOT NULL,
  closed_at INTEGER,
  closed_by BLOB,
  closed_why TEXT
) STRICT;
CREATE INDEX readmissions_user ON readmissions (user_id, at);

-- Mail addresses that their owners have not confirmed yet, sealed.
CREATE TABLE address_claims (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  email TEXT NOT NULL,
  is_change INTEGER NOT NULL,
  -- The hash of the code that was mailed to the address.
  code_hash BLOB,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX address_claims_user ON address_claims (user_id);
CREATE INDEX address_claims_expiry ON address_claims (expires_at);

-- Providers that an admin has verified, or whose verification ended, with the newest profile
-- version that was reported.
CREATE TABLE provider_marks (
  user_id BLOB NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  verified INTEGER NOT NULL
) STRICT;

-- Sessions and tokens

-- One row for each issued token. A revoked one stays until the token would have expired.
CREATE TABLE sessions (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL,
  -- The tablet and the region of an edge token.
  device TEXT,
  region TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- When the newest refresh token and the one before it were issued. 0 until the first is used.
  refresh_newest INTEGER NOT NULL DEFAULT 0,
  refresh_before INTEGER NOT NULL DEFAULT 0,
  -- The attempt of the program that used the token before the newest.
  refresh_attempt BLOB,
  revoked_at INTEGER,
  ended_why TEXT,
  -- The admin who ended another person's session.
  ended_by BLOB
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at, expires_at);

-- The keys that sign tokens, in the order in which they sign.
CREATE TABLE signing_keys (
  kid TEXT NOT NULL PRIMARY KEY,
  place INTEGER NOT NULL UNIQUE,
  public_key BLOB NOT NULL,
  -- The private half, sealed with auth's key file and deleted when the key stops signing. NULL for
  -- the key that is the file itself.
  sealed BLOB,
  in_file INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  trusted_from INTEGER NOT NULL,
  signs_from INTEGER NOT NULL,
  signed_until INTEGER,
  former_at INTEGER,
  -- Both reasons are sealed.
  rotated_by BLOB,
  rotated_why TEXT,
  killed_at INTEGER,
  killed_by BLOB,
  killed_why TEXT
) STRICT;

-- Ways to sign in

-- Failed passwords. Names that do not exist count too, so the row has only a hash of the name.
CREATE TABLE login_failures (
  id BLOB NOT NULL PRIMARY KEY,
  name_hash BLOB NOT NULL,
  -- The hash of an address or a known device: failures count for a name at one place.
  place_hash BLOB NOT NULL DEFAULT x'',
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_failures_name ON login_failures (name_hash, at);
CREATE INDEX login_failures_at ON login_failures (at);
CREATE INDEX login_failures_place ON login_failures (name_hash, place_hash, at);

-- Devices that have signed in before, with a hash of their secret.
CREATE TABLE known_devices (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  secret_hash BLOB NOT NULL,
  seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX known_devices_secret ON known_devices (secret_hash, user_id);
CREATE INDEX known_devices_user ON known_devices (user_id, seen_at);
CREATE INDEX known_devices_expiry ON known_devices (expires_at);

-- Password-reset codes that admins issued, by their hash. Kept as the audit record.
CREATE TABLE password_resets (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  code_hash BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  created_by BLOB NOT NULL,
  -- Sealed.
  why TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  -- After too many tries even the right code is refused.
  tries INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX password_resets_user ON password_resets (user_id, expires_at);

-- Sign-in codes that were sent to phones, one for each number, with keyed hashes of both. A code is
-- deleted when it opens a session.
CREATE TABLE sign_in_codes (
  id BLOB NOT NULL PRIMARY KEY,
  phone_hash BLOB NOT NULL,
  code_hash BLOB NOT NULL,
  tries INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sign_in_codes_phone ON sign_in_codes (phone_hash);
CREATE INDEX sign_in_codes_expiry ON sign_in_codes (expires_at);

-- Accounts at identity providers and confirmed phone numbers by which people sign in.
CREATE TABLE identities (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  issuer TEXT NOT NULL,
  -- A keyed hash of the name that the issuer gives the person.
  subject_hash BLOB NOT NULL,
  -- True if the account was registered with this identity, false if it was linked later.
  is_origin INTEGER NOT NULL,
  -- The confirmed phone number, sealed, for messages to the person. NULL for other identities.
  number TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject_hash);
CREATE UNIQUE INDEX identities_user ON identities (user_id, issuer);

-- Ended visits to an identity provider, until their tickets would have expired.
CREATE TABLE ended_visits (
  id BLOB NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ended_visits_expiry ON ended_visits (expires_at);
