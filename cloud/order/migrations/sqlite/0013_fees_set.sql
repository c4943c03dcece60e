-- Who set a version, and when. The first one came with the table.
ALTER TABLE cancel_policies ADD COLUMN set_by BLOB;
ALTER TABLE cancel_policies ADD COLUMN set_at INTEGER;
