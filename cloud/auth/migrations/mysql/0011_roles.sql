-- Roles of one's own, each based on the admin's. `users.role_id` stays the base, which tokens carry.
ALTER TABLE roles
  ADD COLUMN base_id INT NOT NULL DEFAULT 3,
  ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
UPDATE roles SET base_id = id WHERE id <= 3;

ALTER TABLE users
  ADD COLUMN own_role_id INT NULL,
  ADD KEY users_state (is_active, username),
  ADD KEY users_roles (role_id, own_role_id, username),
  ADD CONSTRAINT users_own_role FOREIGN KEY (own_role_id) REFERENCES roles (id);

CREATE TABLE permissions (
  name VARCHAR(40) NOT NULL PRIMARY KEY
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO permissions (name) VALUES
  ('publish_orders'), ('accept_orders'), ('do_orders'), ('cancel_orders'), ('withdraw_orders'), ('approve_orders'),
  ('read_desks'), ('verify_providers'), ('read_people'), ('revoke_people'), ('end_sessions'), ('reset_passwords'),
  ('manage_roles'), ('read_platform'), ('manage_regions'), ('manage_edges'), ('manage_keys');

CREATE TABLE role_permissions (
  role_id INT NOT NULL,
  permission VARCHAR(40) NOT NULL,
  PRIMARY KEY (role_id, permission),
  CONSTRAINT role_permissions_role FOREIGN KEY (role_id) REFERENCES roles (id),
  CONSTRAINT role_permissions_permission FOREIGN KEY (permission) REFERENCES permissions (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO role_permissions (role_id, permission) VALUES
  (1, 'publish_orders'), (1, 'cancel_orders'),
  (2, 'accept_orders'), (2, 'do_orders'), (2, 'withdraw_orders');
INSERT INTO role_permissions (role_id, permission)
  SELECT 3, name FROM permissions WHERE name NOT IN ('publish_orders', 'accept_orders', 'do_orders');

-- The record: roles made, changed, removed and given. `was` and `became` are permissions, or names of roles.
CREATE TABLE role_acts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  act VARCHAR(20) NOT NULL,
  at BIGINT NOT NULL,
  by_user BINARY(16) NOT NULL,
  why VARCHAR(500) NOT NULL,
  role_name VARCHAR(20) NOT NULL,
  user_id BINARY(16) NULL,
  was VARCHAR(1000) NOT NULL,
  became VARCHAR(1000) NOT NULL,
  KEY role_acts_user (user_id, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
