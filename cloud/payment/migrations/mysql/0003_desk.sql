-- What admins did about money by their own decision, each with its reason, which is sealed.
CREATE TABLE money_acts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  kind VARCHAR(20) NOT NULL,
  -- The refund, or the provider who is compensated.
  subject BINARY(16) NULL,
  amount_minor BIGINT NULL,
  by_id BINARY(16) NOT NULL,
  reason VARCHAR(2800) NOT NULL,
  at BIGINT NOT NULL,
  KEY money_acts_order (order_id, at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A case is open until an admin closes it; the reason is among the acts.
ALTER TABLE money_cases
  ADD COLUMN closed_at BIGINT NULL,
  ADD COLUMN closed_by BINARY(16) NULL,
  ADD KEY money_cases_open (closed_at, id);

-- When the last word about an order's money was told: the order service is asked whether it has taken it.
ALTER TABLE dues
  ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0,
  ADD KEY dues_told (told_at, order_id),
  ADD KEY dues_saga (saga, order_status);

-- All that changed before this moment has been compared with the order service. One row.
CREATE TABLE compared_until (
  id INT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The report sums what was booked since a moment, by journal.
ALTER TABLE transactions ADD KEY transactions_at (at, journal_id, amount_minor);
ALTER TABLE transactions ADD KEY transactions_journal (journal_id);
ALTER TABLE journals ADD KEY journals_at (at, seq);
ALTER TABLE chargebacks ADD KEY chargebacks_payment (payment_id);

-- The daily reports: how much differed, and how much waited.
CREATE TABLE reconciliations (
  at BIGINT NOT NULL PRIMARY KEY,
  differences BIGINT NOT NULL,
  waiting BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What came in from the adapter, true or forged: it moves nothing, and is kept as it came.
CREATE TABLE callbacks (
  id BINARY(16) NOT NULL PRIMARY KEY,
  adapter VARCHAR(16) NOT NULL,
  verdict VARCHAR(12) NOT NULL,
  -- As the message says it.
  movement_id BINARY(16) NULL,
  claim VARCHAR(24) NULL,
  amount_minor BIGINT NULL,
  body_hash BINARY(32) NOT NULL,
  at BIGINT NOT NULL,
  KEY callbacks_at (at, id),
  KEY callbacks_movement (movement_id, at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What is booked stays booked: the database itself refuses to change or to remove a journal or a posting. A mistake is
-- mended by another journal.
-- A server that writes a binary log lets only its administrators make triggers, unless it runs with
-- log_bin_trust_function_creators = 1.
CREATE TRIGGER journals_not_changed BEFORE UPDATE ON journals FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bookings are never changed';
CREATE TRIGGER journals_not_removed BEFORE DELETE ON journals FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bookings are never changed';
CREATE TRIGGER transactions_not_changed BEFORE UPDATE ON transactions FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bookings are never changed';
CREATE TRIGGER transactions_not_removed BEFORE DELETE ON transactions FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bookings are never changed';
CREATE TRIGGER callbacks_not_changed BEFORE UPDATE ON callbacks FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what came in is never changed';
CREATE TRIGGER callbacks_not_removed BEFORE DELETE ON callbacks FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'what came in is never changed';
