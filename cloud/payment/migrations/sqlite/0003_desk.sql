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

-- When the last word about an order's money was told: the order service is asked whether it has taken it.
ALTER TABLE dues ADD COLUMN told_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dues_told ON dues (told_at, order_id);
CREATE INDEX dues_saga ON dues (saga, order_status);

-- All that changed before this moment has been compared with the order service. One row.
CREATE TABLE compared_until (
  id INTEGER NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;

-- The report sums what was booked since a moment, by journal.
CREATE INDEX transactions_at ON transactions (at, journal_id, amount_minor);
CREATE INDEX transactions_journal ON transactions (journal_id);
CREATE INDEX journals_at ON journals (at, seq);
CREATE INDEX chargebacks_payment ON chargebacks (payment_id);

-- The daily reports: how much differed, and how much waited.
CREATE TABLE reconciliations (
  at INTEGER NOT NULL PRIMARY KEY,
  differences INTEGER NOT NULL,
  waiting INTEGER NOT NULL
) STRICT;

-- What came in from the adapter, true or forged: it moves nothing, and is kept as it came.
CREATE TABLE callbacks (
  id BLOB NOT NULL PRIMARY KEY,
  adapter TEXT NOT NULL,
  verdict TEXT NOT NULL,
  -- As the message says it.
  movement_id BLOB,
  claim TEXT,
  amount_minor INTEGER,
  body_hash BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX callbacks_at ON callbacks (at, id);
CREATE INDEX callbacks_movement ON callbacks (movement_id, at, id);

-- What is booked stays booked: the database itself refuses to change or to remove a journal or a posting. A mistake is
-- mended by another journal.
CREATE TRIGGER journals_not_changed BEFORE UPDATE ON journals
  BEGIN SELECT RAISE(ABORT, 'bookings are never changed'); END;
CREATE TRIGGER journals_not_removed BEFORE DELETE ON journals
  BEGIN SELECT RAISE(ABORT, 'bookings are never changed'); END;
CREATE TRIGGER transactions_not_changed BEFORE UPDATE ON transactions
  BEGIN SELECT RAISE(ABORT, 'bookings are never changed'); END;
CREATE TRIGGER transactions_not_removed BEFORE DELETE ON transactions
  BEGIN SELECT RAISE(ABORT, 'bookings are never changed'); END;
CREATE TRIGGER callbacks_not_changed BEFORE UPDATE ON callbacks
  BEGIN SELECT RAISE(ABORT, 'what came in is never changed'); END;
CREATE TRIGGER callbacks_not_removed BEFORE DELETE ON callbacks
  BEGIN SELECT RAISE(ABORT, 'what came in is never changed'); END;
