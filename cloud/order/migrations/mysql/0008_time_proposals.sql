-- Another time for an accepted order that one of its two people proposes to the other.
CREATE TABLE time_proposals (
  order_id BINARY(16) NOT NULL PRIMARY KEY,
  id BINARY(16) NOT NULL,
  by_provider BOOLEAN NOT NULL,
  -- The order's provider at that time.
  provider_id BINARY(16) NOT NULL,
  service_start_time BIGINT NOT NULL,
  service_end_time BIGINT NULL,
  -- Sealed.
  note VARCHAR(1800) NULL,
  proposed_at BIGINT NOT NULL,
  -- Declined or taken back.
  ended_at BIGINT NULL,
  -- The proposals that each of the two has made since the order has its time and provider.
  made_by_customer BIGINT NOT NULL,
  made_by_provider BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The times before and after an agreement moved the order.
ALTER TABLE order_timeline ADD COLUMN moved_from_start BIGINT NULL;
ALTER TABLE order_timeline ADD COLUMN moved_from_end BIGINT NULL;
ALTER TABLE order_timeline ADD COLUMN moved_to_start BIGINT NULL;
ALTER TABLE order_timeline ADD COLUMN moved_to_end BIGINT NULL;
