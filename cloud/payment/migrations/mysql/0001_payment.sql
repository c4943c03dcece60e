-- What is due for orders

-- Each order as the order service last reported it, and how far its money is settled. Every
-- transaction about the order's money locks this row first.
CREATE TABLE dues (
  order_id BINARY(16) NOT NULL PRIMARY KEY,
  order_version BIGINT NOT NULL,
  order_status VARCHAR(20) NOT NULL,
  customer_id BINARY(16) NOT NULL,
  provider_id BINARY(16) NULL,
  price_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  order_created_at BIGINT NOT NULL,
  -- The terms of the cancellation. NULL if it is free.
  cancel_fee_minor BIGINT NULL,
  cancel_fee_to BINARY(16) NULL,
  payment_status VARCHAR(20) NOT NULL,
  money_version BIGINT NOT NULL,
  -- When the newest payment status was published. The report asks the order service if it took it.
  told_at BIGINT NOT NULL DEFAULT 0,
  saga VARCHAR(16) NOT NULL,
  completed_by BINARY(16) NULL,
  completed_heard_at BIGINT NULL,
  granted_minor BIGINT NOT NULL,
  goodwill_minor BIGINT NOT NULL,
  next_at BIGINT NULL,
  looked_at BIGINT NOT NULL,
  KEY dues_next (next_at),
  KEY dues_told (told_at, order_id),
  KEY dues_saga (saga, order_status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Versions of the platform's fees. Each applies to orders created since `in_force_from`.
CREATE TABLE fee_policies (
  in_force_from BIGINT NOT NULL PRIMARY KEY,
  platform_fee_bp BIGINT NOT NULL,
  cancel_fee_bp BIGINT NOT NULL,
  cancel_notice_ms BIGINT NOT NULL,
  -- NULL for the built-in first version.
  set_by BINARY(16) NULL,
  set_at BIGINT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO fee_policies (in_force_from, platform_fee_bp, cancel_fee_bp, cancel_notice_ms)
  VALUES (0, 1000, 1000, 86400000);

-- Requests of people by their keys, kept forever so that a repeat finds the movement that the first
-- request started.
CREATE TABLE request_keys (
  user_id BINARY(16) NOT NULL,
  request_key BINARY(16) NOT NULL,
  order_id BINARY(16) NOT NULL,
  kind VARCHAR(12) NOT NULL,
  amount_minor BIGINT NOT NULL,
  movement_id BINARY(16) NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (user_id, request_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Payment methods that a customer stored: tokens of the adapter, never card data.
CREATE TABLE kept_methods (
  customer_id BINARY(16) NOT NULL,
  method VARCHAR(64) NOT NULL,
  -- True for at most one method of a customer.
  is_default INT NOT NULL,
  kept_at BIGINT NOT NULL,
  PRIMARY KEY (customer_id, method)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Movements of money through the adapter

-- Attempts to pay an order. The adapter receives the id.
CREATE TABLE payments (
  id BINARY(16) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  customer_id BINARY(16) NOT NULL,
  provider_id BINARY(16) NULL,
  amount_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  payment_method VARCHAR(64) NOT NULL,
  status VARCHAR(12) NOT NULL,
  transaction_id BINARY(16) NOT NULL,
  closing INT NOT NULL,
  ask VARCHAR(8) NOT NULL,
  tries BIGINT NOT NULL,
  ask_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE KEY payments_transaction (transaction_id),
  KEY idx_order_id (order_id, created_at, id),
  KEY idx_customer_id (customer_id, created_at, id),
  KEY idx_status (status, ask_at),
  KEY idx_payment_order_status (order_id, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE refunds (
  id BINARY(16) NOT NULL PRIMARY KEY,
  payment_id BINARY(16) NOT NULL,
  order_id BINARY(16) NOT NULL,
  customer_id BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  source VARCHAR(10) NOT NULL,
  status VARCHAR(12) NOT NULL,
  ask VARCHAR(8) NOT NULL,
  tries BIGINT NOT NULL,
  ask_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  KEY idx_payment_id (payment_id),
  KEY idx_order_id (order_id, created_at, id),
  KEY idx_status (status, ask_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE payouts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  provider_id BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  status VARCHAR(12) NOT NULL,
  ask VARCHAR(8) NOT NULL,
  tries BIGINT NOT NULL,
  ask_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  KEY idx_provider_id (provider_id, created_at, id),
  KEY idx_status (status, ask_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE chargebacks (
  id BINARY(16) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  payment_id BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  is_reversed INT NOT NULL,
  heard_at BIGINT NOT NULL,
  KEY idx_order_id (order_id, heard_at, id),
  KEY chargebacks_payment (payment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The movement that each fee of the adapter belongs to, by the line of its statement. The journal
-- has the amount.
CREATE TABLE adapter_fees (
  id BINARY(16) NOT NULL PRIMARY KEY,
  movement_id BINARY(16) NOT NULL,
  heard_at BIGINT NOT NULL,
  KEY adapter_fees_movement (movement_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Messages that claimed to come from the adapter, genuine or forged. They move no money.
CREATE TABLE callbacks (
  id BINARY(16) NOT NULL PRIMARY KEY,
  adapter VARCHAR(16) NOT NULL,
  verdict VARCHAR(12) NOT NULL,
  -- As the message states it.
  movement_id BINARY(16) NULL,
  claim VARCHAR(24) NULL,
  amount_minor BIGINT NULL,
  body_hash BINARY(32) NOT NULL,
  at BIGINT NOT NULL,
  KEY callbacks_at (at, id),
  KEY callbacks_movement (movement_id, at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The books

-- Journal entries, each booked once under its key. The nil id stands for no party.
CREATE TABLE journals (
  seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id BINARY(16) NOT NULL,
  action VARCHAR(20) NOT NULL,
  subject BINARY(16) NOT NULL,
  party BINARY(16) NOT NULL,
  order_id BINARY(16) NULL,
  currency VARCHAR(3) NOT NULL,
  at BIGINT NOT NULL,
  UNIQUE KEY journals_id (id),
  UNIQUE KEY journals_key (action, subject, party),
  KEY journals_order (order_id, seq),
  KEY journals_at (at, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The postings of journal entries. Debits are positive, and the postings of an entry sum to zero.
CREATE TABLE transactions (
  seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  journal_id BINARY(16) NOT NULL,
  action VARCHAR(20) NOT NULL,
  account VARCHAR(12) NOT NULL,
  owner_id BINARY(16) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_minor BIGINT NOT NULL,
  order_id BINARY(16) NULL,
  at BIGINT NOT NULL,
  KEY transactions_order (order_id, seq),
  KEY transactions_account (account, owner_id, at, journal_id),
  -- The report sums recent postings by journal entry.
  KEY transactions_at (at, journal_id, amount_minor),
  KEY transactions_journal (journal_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Balances. What we owe or have earned is never above zero. Each of the platform's own accounts has
-- several rows, so that orders do not wait for one row; their sum is the balance.
CREATE TABLE accounts (
  account VARCHAR(12) NOT NULL,
  owner_id BINARY(16) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  balance_minor BIGINT NOT NULL,
  PRIMARY KEY (account, owner_id, currency),
  CONSTRAINT accounts_sign CHECK (account IN ('adapter', 'loss') OR balance_minor <= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The work of admins

-- Refunds that customers requested, and the admin's decision.
CREATE TABLE refund_requests (
  id BINARY(16) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  customer_id BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  status VARCHAR(12) NOT NULL,
  -- The customer's text, sealed.
  reason VARCHAR(2800) NOT NULL,
  granted_minor BIGINT NULL,
  decided_by BINARY(16) NULL,
  decided_at BIGINT NULL,
  created_at BIGINT NOT NULL,
  KEY idx_order_id (order_id, created_at, id),
  KEY idx_status (status, created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Cases that need an admin.
CREATE TABLE money_cases (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  kind VARCHAR(24) NOT NULL,
  movement_id BINARY(16) NOT NULL,
  opened_at BIGINT NOT NULL,
  -- The admin's reason for closing it is in `money_acts`.
  closed_at BIGINT NULL,
  closed_by BINARY(16) NULL,
  UNIQUE KEY money_cases_one (order_id, kind, movement_id),
  KEY money_cases_open (closed_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Decisions of admins about money.
CREATE TABLE money_acts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  kind VARCHAR(20) NOT NULL,
  -- The refund, or the compensated provider.
  subject BINARY(16) NULL,
  amount_minor BIGINT NULL,
  by_id BINARY(16) NOT NULL,
  -- Sealed.
  reason VARCHAR(2800) NOT NULL,
  at BIGINT NOT NULL,
  KEY money_acts_order (order_id, at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Reconciliation

-- One row: everything that changed before `at` has been compared with the order service.
CREATE TABLE compared_until (
  id INT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The daily reports: how many items differed, and how many were still waiting.
CREATE TABLE reconciliations (
  at BIGINT NOT NULL PRIMARY KEY,
  differences BIGINT NOT NULL,
  waiting BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The simulated adapter

-- What the simulated adapter has moved, whatever the books say.
CREATE TABLE simulated_movements (
  id BINARY(16) NOT NULL PRIMARY KEY,
  kind VARCHAR(8) NOT NULL,
  -- The payment that a refund returns.
  payment_id BINARY(16) NULL,
  -- The provider of a charge, or the recipient of a payout.
  provider_id BINARY(16) NULL,
  amount_minor BIGINT NOT NULL,
  -- The adapter's fee.
  fee_minor BIGINT NOT NULL DEFAULT 0,
  method VARCHAR(64) NOT NULL,
  state VARCHAR(12) NOT NULL,
  -- When a simulated customer finishes paying.
  pays_at BIGINT NULL,
  -- How many more calls go unanswered.
  silences BIGINT NOT NULL,
  KEY simulated_movements_provider (provider_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE simulated_chargebacks (
  id BINARY(16) NOT NULL PRIMARY KEY,
  payment_id BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  is_reversed INT NOT NULL,
  KEY simulated_chargebacks_payment (payment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Callbacks that the simulated adapter has yet to send.
CREATE TABLE simulated_callbacks (
  id BINARY(16) NOT NULL PRIMARY KEY,
  movement_id BINARY(16) NOT NULL,
  send_at BIGINT NOT NULL,
  KEY simulated_callbacks_time (send_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The database itself refuses to change or delete a journal entry, a posting or a callback. A
-- further journal entry corrects a mistake.
-- A server with a binary log lets only its administrators create triggers, unless it runs with
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
