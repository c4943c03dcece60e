-- Another time for an accepted order that one of its two people proposes to the other.
CREATE TABLE time_proposals (
  order_id BLOB NOT NULL PRIMARY KEY,
  id BLOB NOT NULL,
  by_provider INTEGER NOT NULL,
  -- The order's provider at that time.
  provider_id BLOB NOT NULL,
  service_start_time INTEGER NOT NULL,
  service_end_time INTEGER,
  -- Sealed.
  note TEXT,
  proposed_at INTEGER NOT NULL,
  -- Declined or taken back.
  ended_at INTEGER,
  -- The proposals that each of the two has made since the order has its time and provider.
  made_by_customer INTEGER NOT NULL,
  made_by_provider INTEGER NOT NULL
) STRICT;

-- The times before and after an agreement moved the order.
ALTER TABLE order_timeline ADD COLUMN moved_from_start INTEGER;
ALTER TABLE order_timeline ADD COLUMN moved_from_end INTEGER;
ALTER TABLE order_timeline ADD COLUMN moved_to_start INTEGER;
ALTER TABLE order_timeline ADD COLUMN moved_to_end INTEGER;
