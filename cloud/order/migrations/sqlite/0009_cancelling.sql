-- The price of a cancelled order's cancel, decided with it: the fee and the provider who gets it. Empty of an order that
-- was cancelled before there was a price, which cost nothing.
ALTER TABLE orders ADD COLUMN cancel_fee_minor INTEGER;
ALTER TABLE orders ADD COLUMN cancel_fee_to BLOB;

-- Versions of the price of a cancel, each in force from a moment on, for the orders created since: a share of the price
-- in basis points, where the notice before the start is shorter than this.
CREATE TABLE cancel_policies (
  in_force_from INTEGER NOT NULL PRIMARY KEY,
  fee_bp INTEGER NOT NULL,
  notice_ms INTEGER NOT NULL
) STRICT;

INSERT INTO cancel_policies (in_force_from, fee_bp, notice_ms) VALUES (0, 1000, 86400000);

-- Orders in the order of their changes, for the payment service to compare its own rows with.
CREATE INDEX order_changed ON orders (updated_at, id);
