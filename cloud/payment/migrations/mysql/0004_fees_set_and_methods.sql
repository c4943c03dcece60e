-- Who set a version, and when. The first one came with the table.
ALTER TABLE fee_policies
  ADD COLUMN set_by BINARY(16) NULL,
  ADD COLUMN set_at BIGINT NULL;

-- The methods of payment that a customer keeps: the adapter's tokens, never the data of a card.
CREATE TABLE kept_methods (
  customer_id BINARY(16) NOT NULL,
  method VARCHAR(64) NOT NULL,
  -- Of one at most.
  is_default INT NOT NULL,
  kept_at BIGINT NOT NULL,
  PRIMARY KEY (customer_id, method)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
