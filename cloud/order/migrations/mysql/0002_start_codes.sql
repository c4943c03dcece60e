-- The hash of the order's start code; NULL if the work starts without one. The code itself follows
-- from the order's id and the store's keys.
ALTER TABLE orders ADD COLUMN start_code_hash BINARY(32) NULL;
