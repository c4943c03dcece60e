-- The address is sealed; two accounts with one address are told apart by its keyed hash.
ALTER TABLE users
  MODIFY COLUMN email VARCHAR(420) NOT NULL,
  ADD COLUMN email_hash BINARY(32) NULL,
  ADD UNIQUE KEY users_email_hash (email_hash);
