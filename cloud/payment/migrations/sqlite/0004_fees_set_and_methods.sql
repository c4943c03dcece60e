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

-- Which movement a fee of the adapter is about, by the line of its statement; the journal has the sum.
CREATE TABLE adapter_fees (
  id BLOB NOT NULL PRIMARY KEY,
  movement_id BLOB NOT NULL,
  heard_at INTEGER NOT NULL
) STRICT;
CREATE INDEX adapter_fees_movement ON adapter_fees (movement_id);

-- What the simulated adapter keeps for its work.
ALTER TABLE simulated_movements ADD COLUMN fee_minor INTEGER NOT NULL DEFAULT 0;
-- Whom a charge is for, or a payout goes to.
ALTER TABLE simulated_movements ADD COLUMN provider_id BLOB;
CREATE INDEX simulated_movements_provider ON simulated_movements (provider_id, id);

-- The simulated adapter's messages that are still to be sent.
CREATE TABLE simulated_callbacks (
  id BLOB NOT NULL PRIMARY KEY,
  movement_id BLOB NOT NULL,
  send_at INTEGER NOT NULL
) STRICT;
CREATE INDEX simulated_callbacks_time ON simulated_callbacks (send_at);
