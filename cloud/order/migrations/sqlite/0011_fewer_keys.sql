-- An order has no provider until one accepts it, so these leave it out until then: a publish does not write them.
DROP INDEX idx_provider_id;
CREATE INDEX idx_provider_id ON orders (provider_id, created_at, id) WHERE provider_id IS NOT NULL;
DROP INDEX idx_order_provider_state;
CREATE INDEX idx_order_provider_state ON orders (provider_id, status, created_at, id) WHERE provider_id IS NOT NULL;

-- idx_order_provider_state begins with the same columns.
DROP INDEX idx_order_provider_status;
