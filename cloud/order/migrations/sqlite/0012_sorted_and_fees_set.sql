-- Lists in the order of price and of the beginning of the service. An order without a time stands behind all others.
ALTER TABLE orders ADD COLUMN starts_at INTEGER GENERATED ALWAYS AS (COALESCE(service_start_time, 9223372036854775807)) VIRTUAL;
CREATE INDEX idx_order_price ON orders (price_minor, id);
CREATE INDEX idx_order_status_price ON orders (status, price_minor, id);
CREATE INDEX idx_order_status_start ON orders (status, starts_at, id);

-- Who set a version, and when. The first one came with the table.
ALTER TABLE cancel_policies ADD COLUMN set_by BLOB;
ALTER TABLE cancel_policies ADD COLUMN set_at INTEGER;
