-- Lists with filters: those of a provider by state, of a region whatever the state, and a kind of work in a region.
CREATE INDEX idx_order_provider_state ON orders (provider_id, status, created_at, id);
CREATE INDEX idx_order_region_created ON orders (location, created_at, id);
CREATE INDEX idx_order_region_work ON orders (location, status, service_type, created_at, id);

-- The admin who works on a case, and the one who closed it, with a reason that is sealed. All items of one order, person
-- and kind say the same.
ALTER TABLE case_items ADD COLUMN taken_by BLOB;
ALTER TABLE case_items ADD COLUMN taken_at INTEGER;
ALTER TABLE case_items ADD COLUMN closed_by BLOB;
ALTER TABLE case_items ADD COLUMN closed_at INTEGER;
ALTER TABLE case_items ADD COLUMN closed_why TEXT;
CREATE INDEX case_items_open ON case_items (closed_at, id);
