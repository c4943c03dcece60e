-- The tablet and the region of a grant, and the admin who ended somebody else's session.
ALTER TABLE sessions
  ADD COLUMN device VARCHAR(40) NULL,
  ADD COLUMN region VARCHAR(10) NULL,
  ADD COLUMN ended_by BINARY(16) NULL;
