-- Who closed an account, when and why.
ALTER TABLE users
  ADD COLUMN closed_at BIGINT NULL,
  ADD COLUMN closed_by BINARY(16) NULL,
  ADD COLUMN closed_why VARCHAR(500) NULL;
