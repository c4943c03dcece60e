-- Orders

CREATE TABLE orders (
  id BLOB NOT NULL PRIMARY KEY,
  code TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  provider_id BLOB,
  -- People's texts are sealed.
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  service_type TEXT NOT NULL,
  price_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  location TEXT NOT NULL,
  address TEXT NOT NULL,
  service_start_time INTEGER,
  service_end_time INTEGER,
  -- The key of lists sorted by start. Orders without a start come last.
  starts_at INTEGER
    GENERATED ALWAYS AS (COALESCE(service_start_time, 9223372036854775807)) VIRTUAL,
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  source TEXT NOT NULL,
  -- When and where the provider's acceptance was decided. NULL while there is no provider.
  accepted_at INTEGER,
  accepted_source TEXT,
  -- True if an edge had promised the acceptance immediately, by its right to assign.
  accepted_firm INTEGER NOT NULL DEFAULT 0,
  -- The rule by which the acceptance won, shown to those who lose to it.
  accepted_rule TEXT,
  -- The newest message of the payment service about this order: the order's payment status, the
  -- message's version, and the amount in custody.
  payment_status TEXT NOT NULL,
  money_version INTEGER NOT NULL DEFAULT 0,
  held_minor INTEGER NOT NULL DEFAULT 0,
  -- The fee of a cancellation and the provider who receives it. NULL if it was free.
  cancel_fee_minor INTEGER,
  cancel_fee_to BLOB
) STRICT;
-- Lists page by (created_at, id), so the index of each list ends with these columns.
CREATE INDEX idx_customer_id ON orders (customer_id, created_at, id);
CREATE INDEX idx_status ON orders (status, created_at, id);
CREATE INDEX idx_service_type ON orders (service_type);
CREATE INDEX idx_order_customer_status ON orders (customer_id, status, created_at, id);
CREATE INDEX idx_order_region_status ON orders (location, status, created_at, id);
CREATE INDEX idx_order_code ON orders (code);
CREATE INDEX idx_order_created ON orders (created_at, id);
-- The hub compares a region's orders by id, whatever their status.
CREATE INDEX idx_order_region_id ON orders (location, id);
-- The payment service compares its rows with orders in the order of their changes.
CREATE INDEX order_changed ON orders (updated_at, id);
-- Lists of a region, with filters.
CREATE INDEX idx_order_region_created ON orders (location, created_at, id);
CREATE INDEX idx_order_region_work ON orders (location, status, service_type, created_at, id);
-- Lists of a provider. Orders without a provider are omitted, so that a publish does not write
-- them. They select fewer rows than the indexes by region, so they come after those: of two
-- indexes that look equally good, SQLite uses the later one.
CREATE INDEX idx_provider_id ON orders (provider_id, created_at, id) WHERE provider_id IS NOT NULL;
CREATE INDEX idx_order_provider_state ON orders (provider_id, status, created_at, id)
  WHERE provider_id IS NOT NULL;
-- Lists sorted by price or by start.
CREATE INDEX idx_order_price ON orders (price_minor, id);
CREATE INDEX idx_order_status_price ON orders (status, price_minor, id);
CREATE INDEX idx_order_status_start ON orders (status, starts_at, id);

-- The history of each order, in the order of `id`: one transaction writes at a time.
CREATE TABLE order_timeline (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id BLOB NOT NULL,
  version INTEGER NOT NULL,
  action TEXT,
  actor_id BLOB NOT NULL,
  actor_role INTEGER NOT NULL,
  from_status TEXT,
  to_status TEXT NOT NULL,
  -- Set if the line reports a message of the payment service.
  payment_status TEXT,
  code TEXT,
  -- Sealed.
  reason TEXT,
  tapped_at INTEGER,
  edge_at INTEGER,
  cloud_at INTEGER,
  command_id BLOB NOT NULL,
  source TEXT NOT NULL,
  edge TEXT,
  epoch INTEGER,
  seq INTEGER,
  verdict TEXT,
  -- The rule that decided the race for the order.
  race_rule TEXT,
  -- The firm answer that an edge gave the actor, even in an ended epoch, and why it confers no
  -- right. The right itself is in `fences`.
  promise_edge TEXT,
  promise_epoch INTEGER,
  promise_fence INTEGER,
  promise_why TEXT,
  -- Why the actor may read the order's address from this line on.
  address_shown TEXT
) STRICT;
CREATE UNIQUE INDEX order_timeline_command ON order_timeline (order_id, command_id, actor_id);
CREATE INDEX order_timeline_order ON order_timeline (order_id, id);

-- Every decided command with its answer, kept forever so that a repeat finds its row. Each user has
-- a separate set of command ids; commands without a verified user have the nil user.
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

-- Versions of the cancellation fee. Each applies to orders created since `in_force_from`.
CREATE TABLE cancel_policies (
  in_force_from INTEGER NOT NULL PRIMARY KEY,
  -- The share of the price, in basis points, due if the notice before the start is shorter than
  -- `notice_ms`.
  fee_bp INTEGER NOT NULL,
  notice_ms INTEGER NOT NULL,
  -- NULL for the built-in first version.
  set_by BLOB,
  set_at INTEGER
) STRICT;

INSERT INTO cancel_policies (in_force_from, fee_bp, notice_ms) VALUES (0, 1000, 86400000);

-- Orders and commands that need an admin. Items of one order, person and kind form one case.
CREATE TABLE case_items (
  id INTEGER PRIMARY KEY,
  order_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  command_id BLOB NOT NULL,
  code TEXT,
  at INTEGER NOT NULL,
  -- The admin who works on the case, and the one who closed it with a sealed reason. All items of a
  -- case have the same values.
  taken_by BLOB,
  taken_at INTEGER,
  closed_by BLOB,
  closed_at INTEGER,
  closed_why TEXT,
  UNIQUE (order_id, user_id, kind, command_id)
) STRICT;
CREATE INDEX case_items_open ON case_items (closed_at, id);

-- Providers

-- Acceptances and withdrawals that changed an order, with the time of the command. The daily limits
-- count them.
CREATE TABLE provider_acts (
  id INTEGER PRIMARY KEY,
  provider_id BLOB NOT NULL,
  act TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX provider_acts_by_day ON provider_acts (provider_id, at);

-- Providers that an admin has verified, or whose verification ended, with the newest profile
-- version that was reported.
CREATE TABLE provider_marks (
  user_id BLOB NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  verified INTEGER NOT NULL
) STRICT;

-- The right to assign

-- How each region assigns its orders. The write lock of every deciding transaction guards it.
CREATE TABLE region_assignment (
  region TEXT NOT NULL PRIMARY KEY,
  -- Every change of the row increases it.
  policy_version INTEGER NOT NULL DEFAULT 1,
  policy TEXT NOT NULL,
  holder TEXT,
  epoch INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  -- The assignment that takes effect when the holder gives the right back.
  wanted_policy TEXT,
  wanted_holder TEXT,
  wanted_epoch INTEGER,
  wanted_by BLOB,
  -- The region's offline rules.
  rules_version INTEGER NOT NULL DEFAULT 1,
  rules TEXT NOT NULL DEFAULT '{}'
) STRICT;

INSERT INTO region_assignment (region, policy, holder, epoch, fence) VALUES
  ('NORTH', 'optimistic', NULL, 0, 0),
  ('SOUTH', 'optimistic', NULL, 0, 0),
  ('EAST', 'optimistic', NULL, 0, 0),
  ('WEST', 'optimistic', NULL, 0, 0),
  ('MID', 'optimistic', NULL, 0, 0);

-- Every change of how a region assigns, with the version it created.
CREATE TABLE assignment_changes (
  region TEXT NOT NULL,
  version INTEGER NOT NULL,
  what TEXT NOT NULL,
  policy TEXT NOT NULL,
  holder TEXT,
  epoch INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  rules_version INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  -- NULL if a holder or the hub made the change.
  made_by BLOB,
  why TEXT,
  PRIMARY KEY (region, version)
) STRICT;

-- Every version of a region's offline rules. A decision of an edge is judged by the version that
-- the edge knew.
CREATE TABLE region_rules (
  region TEXT NOT NULL,
  version INTEGER NOT NULL,
  rules TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  made_by BLOB,
  PRIMARY KEY (region, version)
) STRICT;

INSERT INTO region_rules (region, version, rules, made_at, made_by) VALUES
  ('NORTH', 1, '{}', 0, NULL),
  ('SOUTH', 1, '{}', 0, NULL),
  ('EAST', 1, '{}', 0, NULL),
  ('WEST', 1, '{}', 0, NULL),
  ('MID', 1, '{}', 0, NULL);

-- Every right to assign that was granted, and how it ended.
CREATE TABLE fences (
  region TEXT NOT NULL,
  fence INTEGER NOT NULL,
  holder TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  -- The digest of the region's open orders at the time of the grant.
  digest BLOB NOT NULL DEFAULT x'',
  granted_at INTEGER NOT NULL,
  granted_by BLOB NOT NULL DEFAULT x'',
  ended_at INTEGER,
  ended_how TEXT,
  ended_by BLOB,
  ended_why TEXT,
  PRIMARY KEY (region, fence)
) STRICT;
CREATE INDEX fences_holder ON fences (holder, epoch);

-- The newest ended epoch of each edge. Neither it nor an earlier epoch is granted a right.
CREATE TABLE ended_epochs (
  edge TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT;
