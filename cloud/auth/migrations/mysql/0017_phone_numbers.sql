-- The number of a phone that was proven, sealed, so that its person can be written to. NULL in rows from before until the
-- person signs in by it, and for identities at other services.
ALTER TABLE identities ADD COLUMN number VARCHAR(200) NULL;
