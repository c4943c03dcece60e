-- Who set a version, and when. The first one came with the table.
ALTER TABLE fee_policies ADD COLUMN set_by BLOB;
ALTER TABLE fee_policies ADD COLUMN set_at INTEGER;

-- The methods of payment that a customer keeps: the adapter's tokens, never the data of a card.
CREATE TABLE kept_methods (
  customer_id BLOB NOT NULL,
  method TEXT NOT NULL,
  -- Of one at most.
  is_default INTEGER NOT NULL,
  kept_at INTEGER NOT NULL,
  PRIMARY KEY (customer_id, method)
) STRICT;
