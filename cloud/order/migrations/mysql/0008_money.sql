-- The last word of the payment service about the order's money: its number, and the amount in custody. The status
-- that it gives the order stands in `payment_status`.
ALTER TABLE orders
  ADD COLUMN money_version BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN held_minor BIGINT NOT NULL DEFAULT 0;
-- Of a line that tells of such a word.
ALTER TABLE order_timeline ADD COLUMN payment_status VARCHAR(20) NULL;
