-- The tablet and the region of a grant, and the admin who ended somebody else's session.
ALTER TABLE sessions ADD COLUMN device TEXT NULL;
ALTER TABLE sessions ADD COLUMN region TEXT NULL;
ALTER TABLE sessions ADD COLUMN ended_by BLOB NULL;
