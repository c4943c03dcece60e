-- The ground on which the actor of a line could read the order's address from then on.
ALTER TABLE order_timeline ADD COLUMN address_shown VARCHAR(12) NULL;

-- Every acceptance and withdrawal of a provider that changed an order, at the moment it was made: nobody
-- accepts or withdraws more in a day than the limits allow.
CREATE TABLE provider_acts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  provider_id BINARY(16) NOT NULL,
  act VARCHAR(12) NOT NULL,
  at BIGINT NOT NULL,
  KEY provider_acts_by_day (provider_id, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row for each provider, locked while a share of his is counted and used up.
CREATE TABLE provider_locks (
  provider_id BINARY(16) NOT NULL PRIMARY KEY
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The open jobs of a provider are counted by this.
CREATE INDEX idx_order_provider_status ON orders (provider_id, status);
