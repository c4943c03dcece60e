-- The newest refresh token of a session and the one before it, by their moments of issue; 0 before the first is spent.
-- The attempt is that of the program which spent the one before.
-- A session that was ended says why.
ALTER TABLE sessions ADD COLUMN refresh_newest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN refresh_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN refresh_attempt BLOB;
ALTER TABLE sessions ADD COLUMN ended_why TEXT;
