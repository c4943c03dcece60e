-- The address is sealed; two accounts with one address are told apart by its keyed hash.
ALTER TABLE users ADD COLUMN email_hash BLOB NULL;
CREATE UNIQUE INDEX users_email_hash ON users (email_hash);
