-- An order as last heard, and how far its money is settled. Every transaction about its money locks this row
-- first.
CREATE TABLE dues (
  order_id BINARY(16) NOT NULL PRIMARY KEY,
  order_version BIGINT NOT NULL,
  order_status VARCHAR(20) NOT NULL,
  customer_id BINARY(16) NOT NULL,
  provider_id BINARY(16) NULL,
  price_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  order_created_at BIGINT NOT NULL,
  -- The terms of a cancel; empty where it costs nothing.
  cancel_fee_minor BIGINT NULL,
  cancel_fee_to BINARY(16) NULL,
  payment_status VARCHAR(20) NOT NULL,
  money_version BIGINT NOT NULL,
  saga VARCHAR(16) NOT NULL,
  completed_by BINARY(16) NULL,
  completed_heard_at BIGINT NULL,
  granted_minor BIGINT NOT NULL,
  goodwill_minor BIGINT NOT NULL,
  next_at BIGINT NULL,
  looked_at BIGINT NOT NULL,
  KEY dues_next (next_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One try to pay an order each. The id is the one that the adapter is given.
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

-- A customer's wish to have money back, and an admin's word on it.
CREATE TABLE refund_requests (
  id BINARY(16) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  customer_id BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  status VARCHAR(12) NOT NULL,
  -- People's own words, sealed.
  reason VARCHAR(2800) NOT NULL,
  granted_minor BIGINT NULL,
  decided_by BINARY(16) NULL,
  decided_at BIGINT NULL,
  created_at BIGINT NOT NULL,
  KEY idx_order_id (order_id, created_at, id),
  KEY idx_status (status, created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE chargebacks (
  id BINARY(16) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  payment_id BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  is_reversed INT NOT NULL,
  heard_at BIGINT NOT NULL,
  KEY idx_order_id (order_id, heard_at, id)
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

-- Facts, each once under its key. The nil id stands for no party.
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
  KEY journals_order (order_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The postings of journals. Debit is positive, those of a journal sum to zero, and none is ever changed.
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
  KEY transactions_account (account, owner_id, at, journal_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Balances: what we owe or have earned is never above zero. The platform's own accounts stand in several rows
-- each, so that orders do not queue for one; their sum is the balance.
CREATE TABLE accounts (
  account VARCHAR(12) NOT NULL,
  owner_id BINARY(16) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  balance_minor BIGINT NOT NULL,
  PRIMARY KEY (account, owner_id, currency),
  CONSTRAINT accounts_sign CHECK (account IN ('adapter', 'loss') OR balance_minor <= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- For a person to look at.
CREATE TABLE money_cases (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  kind VARCHAR(24) NOT NULL,
  movement_id BINARY(16) NOT NULL,
  opened_at BIGINT NOT NULL,
  UNIQUE KEY money_cases_one (order_id, kind, movement_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The requests of people under their keys, kept for ever: a repeat finds the movement that the first one began.
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

-- Versions of the platform's fees, each in force from a moment on, for the orders created since.
CREATE TABLE fee_policies (
  in_force_from BIGINT NOT NULL PRIMARY KEY,
  platform_fee_bp BIGINT NOT NULL,
  cancel_fee_bp BIGINT NOT NULL,
  cancel_notice_ms BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO fee_policies (in_force_from, platform_fee_bp, cancel_fee_bp, cancel_notice_ms)
  VALUES (0, 1000, 1000, 86400000);
