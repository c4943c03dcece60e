-- How often the code of a new password was tried. Tries beyond the limit do not find the right code either.
ALTER TABLE password_resets ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
