-- Who closed an account, when and why.
ALTER TABLE users ADD COLUMN closed_at INTEGER;
ALTER TABLE users ADD COLUMN closed_by BLOB;
ALTER TABLE users ADD COLUMN closed_why TEXT;
