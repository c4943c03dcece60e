-- What admins did about money by their own decision, each with its reason, which is sealed.
CREATE TABLE money_acts (
  id BLOB NOT NULL PRIMARY KEY,
  order_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  -- The refund, or the provider who is compensated.
  subject BLOB,
  amount_minor INTEGER,
  by_id BLOB NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX money_acts_order ON money_acts (order_id, at, id);

-- A case is open until an admin closes it; the reason is among the acts.
ALTER TABLE money_cases ADD COLUMN closed_at INTEGER;
ALTER TABLE money_cases ADD COLUMN closed_by BLOB;
CREATE INDEX money_cases_open ON money_cases (closed_at, id);
