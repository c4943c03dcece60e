-- Roles of one's own, each based on the admin's. `users.role_id` stays the base, which tokens carry.
ALTER TABLE roles ADD COLUMN base_id INTEGER NOT NULL DEFAULT 3;
ALTER TABLE roles ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
UPDATE roles SET base_id = id WHERE id <= 3;

ALTER TABLE users ADD COLUMN own_role_id INTEGER REFERENCES roles (id);
CREATE INDEX users_state ON users (is_active, username);
CREATE INDEX users_roles ON users (role_id, own_role_id, username);
CREATE INDEX users_own_role ON users (own_role_id);

CREATE TABLE permissions (
  name TEXT NOT NULL PRIMARY KEY
) STRICT;

INSERT INTO permissions (name) VALUES
  ('publish_orders'), ('accept_orders'), ('do_orders'), ('cancel_orders'), ('withdraw_orders'), ('approve_orders'),
  ('read_desks'), ('verify_providers'), ('read_people'), ('revoke_people'), ('end_sessions'), ('reset_passwords'),
  ('manage_roles'), ('read_platform'), ('manage_regions'), ('manage_edges'), ('manage_keys');

CREATE TABLE role_permissions (
  role_id INTEGER NOT NULL REFERENCES roles (id),
  permission TEXT NOT NULL REFERENCES permissions (name),
  PRIMARY KEY (role_id, permission)
) STRICT;

INSERT INTO role_permissions (role_id, permission) VALUES
  (1, 'publish_orders'), (1, 'cancel_orders'),
  (2, 'accept_orders'), (2, 'do_orders'), (2, 'withdraw_orders');
INSERT INTO role_permissions (role_id, permission)
  SELECT 3, name FROM permissions WHERE name NOT IN ('publish_orders', 'accept_orders', 'do_orders');

-- The record: roles made, changed, removed and given. `was` and `became` are permissions, or names of roles.
CREATE TABLE role_acts (
  id BLOB NOT NULL PRIMARY KEY,
  act TEXT NOT NULL,
  at INTEGER NOT NULL,
  by_user BLOB NOT NULL,
  why TEXT NOT NULL,
  role_name TEXT NOT NULL,
  user_id BLOB,
  was TEXT NOT NULL,
  became TEXT NOT NULL
) STRICT;
CREATE INDEX role_acts_user ON role_acts (user_id, at);
