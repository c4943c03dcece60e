-- Who set a version, and when. The first one came with the table.
ALTER TABLE cancel_policies
  ADD COLUMN set_by BINARY(16) NULL,
  ADD COLUMN set_at BIGINT NULL;
