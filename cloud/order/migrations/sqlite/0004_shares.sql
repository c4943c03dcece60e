-- The ground on which the actor of a line could read the order's address from then on.
ALTER TABLE order_timeline ADD COLUMN address_shown TEXT NULL;

-- Every acceptance and withdrawal of a provider that changed an order, at the moment it was made: nobody
-- accepts or withdraws more in a day than the limits allow.
CREATE TABLE provider_acts (
  id INTEGER PRIMARY KEY,
  provider_id BLOB NOT NULL,
  act TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX provider_acts_by_day ON provider_acts (provider_id, at);

-- The open jobs of a provider are counted by this.
CREATE INDEX idx_order_provider_status ON orders (provider_id, status);
