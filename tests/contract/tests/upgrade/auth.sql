-- Rows of auth_db after step 11: e-mail addresses and reasons stood plain, and nobody signed in by a phone.
INSERT INTO roles (id, name, description, base_id, changed_at) VALUES (101, 'desk', 'Reads the desks', 3, 1764000000000);
INSERT INTO role_permissions (role_id, permission) VALUES (101, 'read_desks');
INSERT INTO users (id, username, email, password_hash, role_id, is_active, created_at, updated_at, closed_at, closed_by, closed_why, password_changed_at, tokens_since, own_role_id) VALUES
  (X'0193600000007000800000000000a001', 'anna', 'anna@example.com', '$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS', 3, 1, 1764000000000, 1764000000000, NULL, NULL, NULL, NULL, 0, NULL),
  (X'0193600000007000800000000000a002', 'ben', 'ben@example.com', '$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS', 3, 1, 1764000000000, 1764000000000, NULL, NULL, NULL, 1764000001000, 1764000002, 101),
  (X'0193600000007000800000000000c001', 'carl', 'carl@example.com', '$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS', 1, 0, 1764000000000, 1764000003000, 1764000003000, X'0193600000007000800000000000a001', 'He never came.', NULL, 0, NULL);
INSERT INTO sessions (id, user_id, kind, created_at, expires_at, revoked_at, refresh_newest, refresh_before, refresh_attempt, ended_why, device, region, ended_by) VALUES
  (X'01936000000070008000000000000101', X'0193600000007000800000000000a001', 'access', 1764000000000, 1764028800000, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL),
  (X'01936000000070008000000000000102', X'0193600000007000800000000000c001', 'access', 1764000000000, 1764028800000, 1764000003000, 0, 0, NULL, 'account_closed', NULL, NULL, NULL);
INSERT INTO login_failures (id, name_hash, at, place_hash) VALUES
  (X'01936000000070008000000000000201', X'00000000000000000000000000000000000000000000000000000000000000aa', 1764003500000, X'00000000000000000000000000000000000000000000000000000000000000bb');
INSERT INTO known_devices (id, user_id, secret_hash, seen_at, expires_at) VALUES
  (X'01936000000070008000000000000301', X'0193600000007000800000000000a001', X'00000000000000000000000000000000000000000000000000000000000000cc', 1764000000000, 1795536000000);
INSERT INTO password_resets (id, user_id, code_hash, created_at, created_by, why, expires_at, used_at) VALUES
  (X'01936000000070008000000000000401', X'0193600000007000800000000000a002', X'00000000000000000000000000000000000000000000000000000000000000dd', 1764000000000, X'0193600000007000800000000000a001', 'He forgot it.', 1764000900000, 1764000001000);
INSERT INTO readmissions (id, user_id, at, by_user, why, closed_at, closed_by, closed_why) VALUES
  (X'01936000000070008000000000000501', X'0193600000007000800000000000a002', 1764000002000, X'0193600000007000800000000000a001', 'It was a mistake.', 1764000001500, X'0193600000007000800000000000a001', 'Gone.');
INSERT INTO role_acts (id, act, at, by_user, why, role_name, user_id, was, became) VALUES
  (X'01936000000070008000000000000601', 'given', 1764000002500, X'0193600000007000800000000000a001', 'Only the desks.', 'desk', X'0193600000007000800000000000a002', 'admin', 'desk');
INSERT INTO provider_marks (user_id, version, verified) VALUES (X'0193600000007000800000000000d001', 7, 1);
