-- Whoever hides what customers say needs no other right for it.
INSERT INTO permissions (name) VALUES ('moderate_reviews');
INSERT INTO role_permissions (role_id, permission) VALUES (3, 'moderate_reviews');
