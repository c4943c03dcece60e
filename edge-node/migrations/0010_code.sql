-- The hash of the enrolment code that brought this edge's key, or that was found to bring none: another code in
-- the configuration asks for a new key.
ALTER TABLE edge ADD COLUMN code_hash BLOB;
