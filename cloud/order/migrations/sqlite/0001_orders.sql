-- Every listing pages by (created_at, id), so each index a list uses ends with them.
CREATE TABLE orders (
  id BLOB NOT NULL PRIMARY KEY,
  code TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  provider_id BLOB,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  service_type TEXT NOT NULL,
  price_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  location TEXT NOT NULL,
  address TEXT NOT NULL,
  service_start_time INTEGER,
  service_end_time INTEGER,
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  source TEXT NOT NULL,
  -- When and by which way the provider's acceptance was decided; empty while there is no provider.
  accepted_at INTEGER,
  accepted_source TEXT
) STRICT;
CREATE INDEX idx_customer_id ON orders (customer_id, created_at, id);
CREATE INDEX idx_provider_id ON orders (provider_id, created_at, id);
CREATE INDEX idx_status ON orders (status, created_at, id);
CREATE INDEX idx_service_type ON orders (service_type);
CREATE INDEX idx_order_customer_status ON orders (customer_id, status, created_at, id);
CREATE INDEX idx_order_region_status ON orders (location, status, created_at, id);
CREATE INDEX idx_order_code ON orders (code);
CREATE INDEX idx_order_created ON orders (created_at, id);

-- The history of an order, in the order of id: writers of one order queue for the write lock.
CREATE TABLE order_timeline (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id BLOB NOT NULL,
  version INTEGER NOT NULL,
  action TEXT,
  actor_id BLOB NOT NULL,
  actor_role INTEGER NOT NULL,
  from_status TEXT,
  to_status TEXT NOT NULL,
  code TEXT,
  reason TEXT,
  tapped_at INTEGER,
  edge_at INTEGER,
  cloud_at INTEGER,
  command_id BLOB NOT NULL,
  source TEXT NOT NULL,
  edge TEXT,
  epoch INTEGER,
  seq INTEGER,
  verdict TEXT
) STRICT;
CREATE UNIQUE INDEX order_timeline_command ON order_timeline (order_id, command_id, actor_id);
CREATE INDEX order_timeline_order ON order_timeline (order_id, id);

-- Every decided command with its answer, kept for ever: a repeat finds its row here. An id is its
-- user's own; the nil user stands for commands that nobody vouches for.
CREATE TABLE commands (
  command_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  hash BLOB NOT NULL,
  applied INTEGER NOT NULL,
  code TEXT,
  order_id BLOB NOT NULL,
  order_version INTEGER,
  edge TEXT,
  epoch INTEGER,
  seq INTEGER,
  op_hash BLOB,
  decided_at INTEGER NOT NULL,
  PRIMARY KEY (command_id, user_id)
) STRICT;
CREATE INDEX commands_order ON commands (order_id);

-- How each region assigns its orders. The write lock that every deciding transaction holds guards it.
CREATE TABLE region_assignment (
  region TEXT NOT NULL PRIMARY KEY,
  policy TEXT NOT NULL,
  holder TEXT,
  epoch INTEGER NOT NULL,
  fence INTEGER NOT NULL
) STRICT;

INSERT INTO region_assignment (region, policy, holder, epoch, fence) VALUES
  ('NORTH', 'optimistic', NULL, 0, 0),
  ('SOUTH', 'optimistic', NULL, 0, 0),
  ('EAST', 'optimistic', NULL, 0, 0),
  ('WEST', 'optimistic', NULL, 0, 0),
  ('MID', 'optimistic', NULL, 0, 0);

-- Every right to assign ever granted, and how it ended.
CREATE TABLE fences (
  region TEXT NOT NULL,
  fence INTEGER NOT NULL,
  holder TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  granted_at INTEGER NOT NULL,
  ended_at INTEGER,
  ended_how TEXT,
  PRIMARY KEY (region, fence)
) STRICT;
