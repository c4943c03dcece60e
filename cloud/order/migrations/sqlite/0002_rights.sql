-- The right to assign: what a region's row says beside holder and fence, what comes once the right is
-- given back, and the version that every change raises.
ALTER TABLE region_assignment ADD COLUMN policy_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE region_assignment ADD COLUMN wanted_policy TEXT NULL;
ALTER TABLE region_assignment ADD COLUMN wanted_holder TEXT NULL;
ALTER TABLE region_assignment ADD COLUMN wanted_epoch INTEGER NULL;
ALTER TABLE region_assignment ADD COLUMN wanted_by BLOB NULL;
ALTER TABLE region_assignment ADD COLUMN rules_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE region_assignment ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';

-- The digest of the open orders a right was granted on, who granted it, and who ended it and why.
ALTER TABLE fences ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE fences ADD COLUMN granted_by BLOB NOT NULL DEFAULT x'';
ALTER TABLE fences ADD COLUMN ended_by BLOB NULL;
ALTER TABLE fences ADD COLUMN ended_why TEXT NULL;
CREATE INDEX fences_holder ON fences (holder, epoch);

-- Every version of a region's offline rules: what an edge decided is judged by the one it knew.
CREATE TABLE region_rules (
  region TEXT NOT NULL,
  version INTEGER NOT NULL,
  rules TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  made_by BLOB NULL,
  PRIMARY KEY (region, version)
) STRICT;

INSERT INTO region_rules (region, version, rules, made_at, made_by) VALUES
  ('NORTH', 1, '{}', 0, NULL),
  ('SOUTH', 1, '{}', 0, NULL),
  ('EAST', 1, '{}', 0, NULL),
  ('WEST', 1, '{}', 0, NULL),
  ('MID', 1, '{}', 0, NULL);

-- Every change of how a region assigns, by the version it made: who, when and why.
CREATE TABLE assignment_changes (
  region TEXT NOT NULL,
  version INTEGER NOT NULL,
  what TEXT NOT NULL,
  policy TEXT NOT NULL,
  holder TEXT NULL,
  epoch INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  rules_version INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  -- Empty where a holder or the hub made it.
  made_by BLOB NULL,
  why TEXT NULL,
  PRIMARY KEY (region, version)
) STRICT;

-- The newest epoch of each edge that is over: no right is granted to it or to one before it.
CREATE TABLE ended_epochs (
  edge TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT;

-- What a person has to look at. Items of one order, person and kind are one case.
CREATE TABLE case_items (
  id INTEGER PRIMARY KEY,
  order_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  command_id BLOB NOT NULL,
  code TEXT NULL,
  at INTEGER NOT NULL,
  UNIQUE (order_id, user_id, kind, command_id)
) STRICT;

-- Whether an edge had promised the acceptance at once, by the right to assign.
ALTER TABLE orders ADD COLUMN accepted_firm INTEGER NOT NULL DEFAULT 0;
