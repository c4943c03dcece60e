-- The order that the event concerns. NULL if none, or if an earlier version wrote the row.
ALTER TABLE outbox ADD COLUMN order_id BLOB;
CREATE INDEX outbox_order ON outbox (order_id) WHERE order_id IS NOT NULL;
