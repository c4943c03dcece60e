-- What admins change through the gateway: a row for each request, written before the change begins.
CREATE TABLE admin_acts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  by_user BINARY(16) NOT NULL,
  method VARCHAR(8) NOT NULL,
  -- The pattern of the path.
  route VARCHAR(120) NOT NULL,
  -- It has the ids, as the caller wrote them.
  path VARCHAR(300) NOT NULL,
  -- The idempotency key: requests under the same one may be repeats.
  request_key BINARY(16) NULL,
  trace VARCHAR(32) NOT NULL,
  -- Of the answer. NULL if none was seen.
  status BIGINT NULL,
  KEY admin_acts_at (at, id),
  KEY admin_acts_person (by_user, at, id),
  KEY admin_acts_route (route, method, at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO permissions (name) VALUES ('read_acts');
INSERT INTO role_permissions (role_id, permission) VALUES (3, 'read_acts');
