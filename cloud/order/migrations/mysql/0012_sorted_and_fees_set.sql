-- Lists in the order of price and of the beginning of the service. An order without a time stands behind all others.
-- The column by itself needs no copy of the table; together with keys it would, and nobody could write meanwhile.
ALTER TABLE orders
  ADD COLUMN starts_at BIGINT GENERATED ALWAYS AS (COALESCE(service_start_time, 9223372036854775807)) VIRTUAL;
ALTER TABLE orders
  ADD KEY idx_order_price (price_minor, id),
  ADD KEY idx_order_status_price (status, price_minor, id),
  ADD KEY idx_order_status_start (status, starts_at, id);

-- Who set a version, and when. The first one came with the table.
ALTER TABLE cancel_policies
  ADD COLUMN set_by BINARY(16) NULL,
  ADD COLUMN set_at BIGINT NULL;
