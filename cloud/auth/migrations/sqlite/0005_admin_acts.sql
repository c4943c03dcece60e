-- What admins change through the gateway: a row for each request, written before the change begins.
CREATE TABLE admin_acts (
  id BLOB NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  by_user BLOB NOT NULL,
  method TEXT NOT NULL,
  -- The pattern of the path.
  route TEXT NOT NULL,
  -- It has the ids, as the caller wrote them.
  path TEXT NOT NULL,
  -- The idempotency key: requests under the same one may be repeats.
  request_key BLOB NULL,
  trace TEXT NOT NULL,
  -- Of the answer. NULL if none was seen.
  status INTEGER NULL
) STRICT;
CREATE INDEX admin_acts_at ON admin_acts (at, id);
CREATE INDEX admin_acts_person ON admin_acts (by_user, at, id);
CREATE INDEX admin_acts_route ON admin_acts (route, method, at, id);

INSERT INTO permissions (name) VALUES ('read_acts');
INSERT INTO role_permissions (role_id, permission) VALUES (3, 'read_acts');
