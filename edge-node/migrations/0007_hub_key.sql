-- The hub's public key, once this edge knows it.
ALTER TABLE edge ADD COLUMN hub_key BLOB;
