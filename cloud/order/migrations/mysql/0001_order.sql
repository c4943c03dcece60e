-- Orders

CREATE TABLE orders (
  id BINARY(16) NOT NULL PRIMARY KEY,
  code VARCHAR(12) NOT NULL,
  customer_id BINARY(16) NOT NULL,
  provider_id BINARY(16) NULL,
  -- People's texts are sealed, which takes about half as much room again and 60 bytes more.
  title VARCHAR(1500) NOT NULL,
  description TEXT NOT NULL,
  service_type VARCHAR(24) NOT NULL,
  price_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  location VARCHAR(8) NOT NULL,
  address VARCHAR(1700) NOT NULL,
  service_start_time BIGINT NULL,
  service_end_time BIGINT NULL,
  -- The key of lists sorted by start. Orders without a start come last.
  starts_at BIGINT
    GENERATED ALWAYS AS (COALESCE(service_start_time, 9223372036854775807)) VIRTUAL,
  status VARCHAR(20) NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  source VARCHAR(40) NOT NULL,
  -- When and where the provider's acceptance was decided. NULL while there is no provider.
  accepted_at BIGINT NULL,
  accepted_source VARCHAR(40) NULL,
  -- True if an edge had promised the acceptance immediately, by its right to assign.
  accepted_firm INT NOT NULL DEFAULT 0,
  -- The rule by which the acceptance won, shown to those who lose to it.
  accepted_rule VARCHAR(24) NULL,
  -- The newest message of the payment service about this order: the order's payment status, the
  -- message's version, and the amount in custody.
  payment_status VARCHAR(20) NOT NULL,
  money_version BIGINT NOT NULL DEFAULT 0,
  held_minor BIGINT NOT NULL DEFAULT 0,
  -- The fee of a cancellation and the provider who receives it. NULL if it was free.
  cancel_fee_minor BIGINT NULL,
  cancel_fee_to BINARY(16) NULL,
  -- Lists page by (created_at, id), so the index of each list ends with these columns.
  KEY idx_customer_id (customer_id, created_at, id),
  KEY idx_provider_id (provider_id, created_at, id),
  KEY idx_status (status, created_at, id),
  KEY idx_service_type (service_type),
  KEY idx_order_customer_status (customer_id, status, created_at, id),
  KEY idx_order_region_status (location, status, created_at, id),
  KEY idx_order_code (code),
  KEY idx_order_created (created_at, id),
  -- The hub compares a region's orders by id, whatever their status.
  KEY idx_order_region_id (location, id),
  -- The payment service compares its rows with orders in the order of their changes.
  KEY idx_order_changed (updated_at, id),
  -- Lists with filters, by provider or by region.
  KEY idx_order_provider_state (provider_id, status, created_at, id),
  KEY idx_order_region_created (location, created_at, id),
  KEY idx_order_region_work (location, status, service_type, created_at, id),
  -- Lists sorted by price or by start.
  KEY idx_order_price (price_minor, id),
  KEY idx_order_status_price (status, price_minor, id),
  KEY idx_order_status_start (status, starts_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The history of each order, in the order of `id`: transactions on one order wait for its row.
CREATE TABLE order_timeline (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  action VARCHAR(12) NULL,
  actor_id BINARY(16) NOT NULL,
  actor_role INT NOT NULL,
  from_status VARCHAR(20) NULL,
  to_status VARCHAR(20) NOT NULL,
  -- Set if the line reports a message of the payment service.
  payment_status VARCHAR(20) NULL,
  code VARCHAR(40) NULL,
  -- Sealed.
  reason VARCHAR(2800) NULL,
  tapped_at BIGINT NULL,
  edge_at BIGINT NULL,
  cloud_at BIGINT NULL,
  command_id BINARY(16) NOT NULL,
  source VARCHAR(40) NOT NULL,
  edge VARCHAR(40) NULL,
  epoch BIGINT NULL,
  seq BIGINT NULL,
  verdict VARCHAR(12) NULL,
  -- The rule that decided the race for the order.
  race_rule VARCHAR(24) NULL,
  -- The firm answer that an edge gave the actor, even in an ended epoch, and why it confers no
  -- right. The right itself is in `fences`.
  promise_edge VARCHAR(40) NULL,
  promise_epoch BIGINT NULL,
  promise_fence BIGINT NULL,
  promise_why VARCHAR(24) NULL,
  -- Why the actor may read the order's address from this line on.
  address_shown VARCHAR(12) NULL,
  UNIQUE KEY order_timeline_command (order_id, command_id, actor_id),
  KEY order_timeline_order (order_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every decided command with its answer, kept forever so that a repeat finds its row. Each user has
-- a separate set of command ids; commands without a verified user have the nil user.
CREATE TABLE commands (
  command_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  hash BINARY(32) NOT NULL,
  applied INT NOT NULL,
  code VARCHAR(40) NULL,
  order_id BINARY(16) NOT NULL,
  order_version BIGINT NULL,
  edge VARCHAR(40) NULL,
  epoch BIGINT NULL,
  seq BIGINT NULL,
  op_hash BINARY(32) NULL,
  decided_at BIGINT NOT NULL,
  PRIMARY KEY (command_id, user_id),
  KEY commands_order (order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Versions of the cancellation fee. Each applies to orders created since `in_force_from`.
CREATE TABLE cancel_policies (
  in_force_from BIGINT NOT NULL PRIMARY KEY,
  -- The share of the price, in basis points, due if the notice before the start is shorter than
  -- `notice_ms`.
  fee_bp BIGINT NOT NULL,
  notice_ms BIGINT NOT NULL,
  -- NULL for the built-in first version.
  set_by BINARY(16) NULL,
  set_at BIGINT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO cancel_policies (in_force_from, fee_bp, notice_ms) VALUES (0, 1000, 86400000);

-- Orders and commands that need an admin. Items of one order, person and kind form one case.
CREATE TABLE case_items (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  kind VARCHAR(24) NOT NULL,
  command_id BINARY(16) NOT NULL,
  code VARCHAR(40) NULL,
  at BIGINT NOT NULL,
  -- The admin who works on the case, and the one who closed it with a sealed reason. All items of a
  -- case have the same values.
  taken_by BINARY(16) NULL,
  taken_at BIGINT NULL,
  closed_by BINARY(16) NULL,
  closed_at BIGINT NULL,
  closed_why VARCHAR(2800) NULL,
  UNIQUE KEY case_items_one (order_id, user_id, kind, command_id),
  KEY case_items_open (closed_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Providers

-- Acceptances and withdrawals that changed an order, with the time of the command. The daily limits
-- count them.
CREATE TABLE provider_acts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  provider_id BINARY(16) NOT NULL,
  act VARCHAR(12) NOT NULL,
  at BIGINT NOT NULL,
  KEY provider_acts_by_day (provider_id, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A transaction locks the provider's row while it counts and uses up the daily limit.
CREATE TABLE provider_locks (
  provider_id BINARY(16) NOT NULL PRIMARY KEY
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Providers that an admin has verified, or whose verification ended, with the newest profile
-- version that was reported.
CREATE TABLE provider_marks (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  verified BOOLEAN NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The right to assign

-- How each region assigns its orders. Deciding transactions share-lock the row; changes lock it.
CREATE TABLE region_assignment (
  region VARCHAR(8) NOT NULL PRIMARY KEY,
  -- Every change of the row increases it.
  policy_version BIGINT NOT NULL DEFAULT 1,
  policy VARCHAR(12) NOT NULL,
  holder VARCHAR(40) NULL,
  epoch BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  -- The assignment that takes effect when the holder gives the right back.
  wanted_policy VARCHAR(12) NULL,
  wanted_holder VARCHAR(40) NULL,
  wanted_epoch BIGINT NULL,
  wanted_by BINARY(16) NULL,
  -- The region's offline rules.
  rules_version BIGINT NOT NULL DEFAULT 1,
  rules VARCHAR(2000) NOT NULL DEFAULT '{}'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO region_assignment (region, policy, holder, epoch, fence) VALUES
  ('NORTH', 'optimistic', NULL, 0, 0),
  ('SOUTH', 'optimistic', NULL, 0, 0),
  ('EAST', 'optimistic', NULL, 0, 0),
  ('WEST', 'optimistic', NULL, 0, 0),
  ('MID', 'optimistic', NULL, 0, 0);

-- Every change of how a region assigns, with the version it created.
CREATE TABLE assignment_changes (
  region VARCHAR(8) NOT NULL,
  version BIGINT NOT NULL,
  what VARCHAR(24) NOT NULL,
  policy VARCHAR(12) NOT NULL,
  holder VARCHAR(40) NULL,
  epoch BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  rules_version BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  -- NULL if a holder or the hub made the change.
  made_by BINARY(16) NULL,
  why VARCHAR(500) NULL,
  PRIMARY KEY (region, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every version of a region's offline rules. A decision of an edge is judged by the version that
-- the edge knew.
CREATE TABLE region_rules (
  region VARCHAR(8) NOT NULL,
  version BIGINT NOT NULL,
  rules VARCHAR(2000) NOT NULL,
  made_at BIGINT NOT NULL,
  made_by BINARY(16) NULL,
  PRIMARY KEY (region, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO region_rules (region, version, rules, made_at, made_by) VALUES
  ('NORTH', 1, '{}', 0, NULL),
  ('SOUTH', 1, '{}', 0, NULL),
  ('EAST', 1, '{}', 0, NULL),
  ('WEST', 1, '{}', 0, NULL),
  ('MID', 1, '{}', 0, NULL);

-- Every right to assign that was granted, and how it ended.
CREATE TABLE fences (
  region VARCHAR(8) NOT NULL,
  fence BIGINT NOT NULL,
  holder VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  -- The digest of the region's open orders at the time of the grant.
  digest BINARY(32) NOT NULL,
  granted_at BIGINT NOT NULL,
  granted_by BINARY(16) NOT NULL,
  ended_at BIGINT NULL,
  ended_how VARCHAR(40) NULL,
  ended_by BINARY(16) NULL,
  ended_why VARCHAR(500) NULL,
  PRIMARY KEY (region, fence),
  KEY fences_holder (holder, epoch)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The newest ended epoch of each edge. Neither it nor an earlier epoch is granted a right.
CREATE TABLE ended_epochs (
  edge VARCHAR(40) NOT NULL PRIMARY KEY,
  epoch BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  why VARCHAR(24) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
