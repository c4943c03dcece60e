-- What admins change through the gateway. A row is written before the change begins, so none is
-- missing.
CREATE TABLE admin_acts (
  id BLOB NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  by_user BLOB NOT NULL,
  method TEXT NOT NULL,
  -- The pattern of the path.
  route TEXT NOT NULL,
  -- It names ids, and no words of people.
  path TEXT NOT NULL,
  -- The idempotency key: a repeat of the request is the same act.
  request_key BLOB NULL,
  trace TEXT NOT NULL,
  -- Of the answer. NULL if none was seen.
  status INTEGER NULL
) STRICT;
CREATE UNIQUE INDEX admin_acts_request ON admin_acts (by_user, request_key, path);
CREATE INDEX admin_acts_at ON admin_acts (at, id);
CREATE INDEX admin_acts_person ON admin_acts (by_user, at, id);
CREATE INDEX admin_acts_route ON admin_acts (route, method, at, id);

INSERT INTO permissions (name) VALUES ('read_acts');
INSERT INTO role_permissions (role_id, permission) VALUES (3, 'read_acts');
