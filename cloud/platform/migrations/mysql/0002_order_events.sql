-- The order that the event concerns. NULL if none, or if an earlier version wrote the row.
ALTER TABLE outbox ADD COLUMN order_id BINARY(16) NULL;
CREATE INDEX outbox_order ON outbox (order_id, seq);
