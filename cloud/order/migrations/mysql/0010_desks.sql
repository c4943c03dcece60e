-- Lists with filters: those of a provider by state, of a region whatever the state, and a kind of work in a region.
ALTER TABLE orders
  ADD KEY idx_order_provider_state (provider_id, status, created_at, id),
  ADD KEY idx_order_region_created (location, created_at, id),
  ADD KEY idx_order_region_work (location, status, service_type, created_at, id);

-- Room for a title of 255 characters as it is sealed.
ALTER TABLE orders MODIFY COLUMN title VARCHAR(1500) NOT NULL;

-- The admin who works on a case, and the one who closed it, with a reason that is sealed. All items of one order, person
-- and kind say the same.
ALTER TABLE case_items
  ADD COLUMN taken_by BINARY(16) NULL,
  ADD COLUMN taken_at BIGINT NULL,
  ADD COLUMN closed_by BINARY(16) NULL,
  ADD COLUMN closed_at BIGINT NULL,
  ADD COLUMN closed_why VARCHAR(2800) NULL,
  ADD KEY case_items_open (closed_at, id);
