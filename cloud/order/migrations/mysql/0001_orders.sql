-- Every listing pages by (created_at, id), so each index a list uses ends with them.
CREATE TABLE orders (
  id BINARY(16) NOT NULL PRIMARY KEY,
  code VARCHAR(12) NOT NULL,
  customer_id BINARY(16) NOT NULL,
  provider_id BINARY(16) NULL,
  title VARCHAR(120) NOT NULL,
  description VARCHAR(4000) NOT NULL,
  service_type VARCHAR(24) NOT NULL,
  price_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  location VARCHAR(8) NOT NULL,
  address VARCHAR(300) NOT NULL,
  service_start_time BIGINT NULL,
  service_end_time BIGINT NULL,
  status VARCHAR(20) NOT NULL,
  payment_status VARCHAR(20) NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  source VARCHAR(40) NOT NULL,
  -- When and by which way the provider's acceptance was decided; empty while there is no provider.
  accepted_at BIGINT NULL,
  accepted_source VARCHAR(40) NULL,
  KEY idx_customer_id (customer_id, created_at, id),
  KEY idx_provider_id (provider_id, created_at, id),
  KEY idx_status (status, created_at, id),
  KEY idx_service_type (service_type),
  KEY idx_order_customer_status (customer_id, status, created_at, id),
  KEY idx_order_region_status (location, status, created_at, id),
  KEY idx_order_code (code),
  KEY idx_order_created (created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The history of an order, in the order of id: writers of one order queue for its row.
CREATE TABLE order_timeline (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  action VARCHAR(12) NULL,
  actor_id BINARY(16) NOT NULL,
  actor_role INT NOT NULL,
  from_status VARCHAR(20) NULL,
  to_status VARCHAR(20) NOT NULL,
  code VARCHAR(40) NULL,
  reason VARCHAR(500) NULL,
  tapped_at BIGINT NULL,
  edge_at BIGINT NULL,
  cloud_at BIGINT NULL,
  command_id BINARY(16) NOT NULL,
  source VARCHAR(40) NOT NULL,
  edge VARCHAR(40) NULL,
  epoch BIGINT NULL,
  seq BIGINT NULL,
  verdict VARCHAR(12) NULL,
  UNIQUE KEY order_timeline_command (order_id, command_id, actor_id),
  KEY order_timeline_order (order_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every decided command with its answer, kept for ever: a repeat finds its row here. An id is its
-- user's own; the nil user stands for commands that nobody vouches for.
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

-- How each region assigns its orders. Deciding transactions share-lock the row, changes lock it.
CREATE TABLE region_assignment (
  region VARCHAR(8) NOT NULL PRIMARY KEY,
  policy VARCHAR(12) NOT NULL,
  holder VARCHAR(40) NULL,
  epoch BIGINT NOT NULL,
  fence BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO region_assignment (region, policy, holder, epoch, fence) VALUES
  ('NORTH', 'optimistic', NULL, 0, 0),
  ('SOUTH', 'optimistic', NULL, 0, 0),
  ('EAST', 'optimistic', NULL, 0, 0),
  ('WEST', 'optimistic', NULL, 0, 0),
  ('MID', 'optimistic', NULL, 0, 0);

-- Every right to assign ever granted, and how it ended.
CREATE TABLE fences (
  region VARCHAR(8) NOT NULL,
  fence BIGINT NOT NULL,
  holder VARCHAR(40) NOT NULL,
  epoch BIGINT NOT NULL,
  granted_at BIGINT NOT NULL,
  ended_at BIGINT NULL,
  ended_how VARCHAR(40) NULL,
  PRIMARY KEY (region, fence)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
