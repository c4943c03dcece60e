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

-- Which movement a fee of the adapter is about, by the line of its statement; the journal has the sum.
CREATE TABLE adapter_fees (
  id BINARY(16) NOT NULL PRIMARY KEY,
  movement_id BINARY(16) NOT NULL,
  heard_at BIGINT NOT NULL,
  KEY adapter_fees_movement (movement_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What the simulated adapter keeps for its work.
ALTER TABLE simulated_movements ADD COLUMN fee_minor BIGINT NOT NULL DEFAULT 0;
-- Whom a charge is for, or a payout goes to.
ALTER TABLE simulated_movements ADD COLUMN provider_id BINARY(16) NULL;
CREATE INDEX simulated_movements_provider ON simulated_movements (provider_id, id);

-- The simulated adapter's messages that are still to be sent.
CREATE TABLE simulated_callbacks (
  id BINARY(16) NOT NULL PRIMARY KEY,
  movement_id BINARY(16) NOT NULL,
  send_at BIGINT NOT NULL,
  KEY simulated_callbacks_time (send_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
