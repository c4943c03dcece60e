-- What the platform's work costs is set by those whom an admin trusts with it.
INSERT INTO permissions (name) VALUES ('set_fees');
INSERT INTO role_permissions (role_id, permission) VALUES (3, 'set_fees');
