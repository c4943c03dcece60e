-- The right to assign: what a region's row says beside holder and fence, what comes once the right is
-- given back, and the version that every change raises.
ALTER TABLE region_assignment
  ADD COLUMN policy_version BIGINT NOT NULL DEFAULT 1,
  ADD COLUMN wanted_policy VARCHAR(12) NULL,
  ADD COLUMN wanted_holder VARCHAR(40) NULL,
  ADD COLUMN wanted_epoch BIGINT NULL,
  ADD COLUMN wanted_by BINARY(16) NULL,
  ADD COLUMN rules_version BIGINT NOT NULL DEFAULT 1,
  ADD COLUMN rules VARCHAR(2000) NOT NULL DEFAULT '{}';

-- The digest of the open orders a right was granted on, who granted it, and who ended it and why.
ALTER TABLE fences
  ADD COLUMN digest BINARY(32) NOT NULL,
  ADD COLUMN granted_by BINARY(16) NOT NULL,
  ADD COLUMN ended_by BINARY(16) NULL,
  ADD COLUMN ended_why VARCHAR(500) NULL,
  ADD KEY fences_holder (holder, epoch);

-- Every version of a region's offline rules: what an edge decided is judged by the one it knew.
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

-- Every change of how a region assigns, by the version it made: who, when and why.
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
  -- Empty where a holder or the hub made it.
  made_by BINARY(16) NULL,
  why VARCHAR(500) NULL,
  PRIMARY KEY (region, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The newest epoch of each edge that is over: no right is granted to it or to one before it.
CREATE TABLE ended_epochs (
  edge VARCHAR(40) NOT NULL PRIMARY KEY,
  epoch BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  why VARCHAR(24) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a person has to look at. Items of one order, person and kind are one case.
CREATE TABLE case_items (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  kind VARCHAR(24) NOT NULL,
  command_id BINARY(16) NOT NULL,
  code VARCHAR(40) NULL,
  at BIGINT NOT NULL,
  UNIQUE KEY case_items_one (order_id, user_id, kind, command_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Whether an edge had promised the acceptance at once, by the right to assign.
ALTER TABLE orders ADD COLUMN accepted_firm INT NOT NULL DEFAULT 0;
