-- An order as last heard, and how far its money is settled. Every transaction about its money locks this row
-- first.
CREATE TABLE dues (
  order_id BLOB NOT NULL PRIMARY KEY,
  order_version INTEGER NOT NULL,
  order_status TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  provider_id BLOB,
  price_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  order_created_at INTEGER NOT NULL,
  -- The terms of a cancel; empty where it costs nothing.
  cancel_fee_minor INTEGER,
  cancel_fee_to BLOB,
  payment_status TEXT NOT NULL,
  money_version INTEGER NOT NULL,
  saga TEXT NOT NULL,
  completed_by BLOB,
  completed_heard_at INTEGER,
  granted_minor INTEGER NOT NULL,
  goodwill_minor INTEGER NOT NULL,
  next_at INTEGER,
  looked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dues_next ON dues (next_at);

-- One try to pay an order each. The id is the one that the adapter is given.
CREATE TABLE payments (
  id BLOB NOT NULL PRIMARY KEY,
  order_id BLOB NOT NULL,
  customer_id BLOB NOT NULL,
  provider_id BLOB,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  payment_method TEXT NOT NULL,
  status TEXT NOT NULL,
  transaction_id BLOB NOT NULL,
  closing INTEGER NOT NULL,
  ask TEXT NOT NULL,
  tries INTEGER NOT NULL,
  ask_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payments_transaction ON payments (transaction_id);
CREATE INDEX payments_order_id ON payments (order_id, created_at, id);
CREATE INDEX payments_customer_id ON payments (customer_id, created_at, id);
CREATE INDEX payments_status ON payments (status, ask_at);
CREATE INDEX payments_order_status ON payments (order_id, status);

CREATE TABLE refunds (
  id BLOB NOT NULL PRIMARY KEY,
  payment_id BLOB NOT NULL,
  order_id BLOB NOT NULL,
  customer_id BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  source TEXT NOT NULL,
  status TEXT NOT NULL,
  ask TEXT NOT NULL,
  tries INTEGER NOT NULL,
  ask_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_payment_id ON refunds (payment_id);
CREATE INDEX refunds_order_id ON refunds (order_id, created_at, id);
CREATE INDEX refunds_status ON refunds (status, ask_at);

-- A customer's wish to have money back, and an admin's word on it.
CREATE TABLE refund_requests (
  id BLOB NOT NULL PRIMARY KEY,
  order_id BLOB NOT NULL,
  customer_id BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  status TEXT NOT NULL,
  -- People's own words, sealed.
  reason TEXT NOT NULL,
  granted_minor INTEGER,
  decided_by BLOB,
  decided_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refund_requests_order_id ON refund_requests (order_id, created_at, id);
CREATE INDEX refund_requests_status ON refund_requests (status, created_at, id);

CREATE TABLE chargebacks (
  id BLOB NOT NULL PRIMARY KEY,
  order_id BLOB NOT NULL,
  payment_id BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  is_reversed INTEGER NOT NULL,
  heard_at INTEGER NOT NULL
) STRICT;
CREATE INDEX chargebacks_order_id ON chargebacks (order_id, heard_at, id);

CREATE TABLE payouts (
  id BLOB NOT NULL PRIMARY KEY,
  provider_id BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  status TEXT NOT NULL,
  ask TEXT NOT NULL,
  tries INTEGER NOT NULL,
  ask_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX payouts_provider_id ON payouts (provider_id, created_at, id);
CREATE INDEX payouts_status ON payouts (status, ask_at);

-- Facts, each once under its key. The nil id stands for no party.
CREATE TABLE journals (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL,
  action TEXT NOT NULL,
  subject BLOB NOT NULL,
  party BLOB NOT NULL,
  order_id BLOB,
  currency TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX journals_id ON journals (id);
CREATE UNIQUE INDEX journals_key ON journals (action, subject, party);
CREATE INDEX journals_order ON journals (order_id, seq);

-- The postings of journals. Debit is positive, those of a journal sum to zero, and none is ever changed.
CREATE TABLE transactions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  journal_id BLOB NOT NULL,
  action TEXT NOT NULL,
  account TEXT NOT NULL,
  owner_id BLOB NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  order_id BLOB,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX transactions_order ON transactions (order_id, seq);
CREATE INDEX transactions_account ON transactions (account, owner_id, at, journal_id);

-- Balances: what we owe or have earned is never above zero. The platform's own accounts stand in several rows
-- each, so that orders do not queue for one; their sum is the balance.
CREATE TABLE accounts (
  account TEXT NOT NULL,
  owner_id BLOB NOT NULL,
  currency TEXT NOT NULL,
  balance_minor INTEGER NOT NULL,
  PRIMARY KEY (account, owner_id, currency),
  CONSTRAINT accounts_sign CHECK (account IN ('adapter', 'loss') OR balance_minor <= 0)
) STRICT;

-- For a person to look at.
CREATE TABLE money_cases (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  movement_id BLOB NOT NULL,
  opened_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX money_cases_one ON money_cases (order_id, kind, movement_id);

-- The requests of people under their keys, kept for ever: a repeat finds the movement that the first one began.
CREATE TABLE request_keys (
  user_id BLOB NOT NULL,
  request_key BLOB NOT NULL,
  order_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  movement_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (user_id, request_key)
) STRICT;

-- Versions of the platform's fees, each in force from a moment on, for the orders created since.
CREATE TABLE fee_policies (
  in_force_from INTEGER NOT NULL PRIMARY KEY,
  platform_fee_bp INTEGER NOT NULL,
  cancel_fee_bp INTEGER NOT NULL,
  cancel_notice_ms INTEGER NOT NULL
) STRICT;

INSERT INTO fee_policies (in_force_from, platform_fee_bp, cancel_fee_bp, cancel_notice_ms)
  VALUES (0, 1000, 1000, 86400000);
