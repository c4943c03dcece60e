-- Comparisons read a region by id, whatever the state of its orders.
CREATE INDEX idx_order_region_id ON orders (location, id);
