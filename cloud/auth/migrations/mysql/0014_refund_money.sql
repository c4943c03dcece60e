-- To grant a refund is work of its own: a role that may cancel moves no money by that.
INSERT INTO permissions (name) VALUES ('refund_money');
INSERT INTO role_permissions (role_id, permission) VALUES (3, 'refund_money');
