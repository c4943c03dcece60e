-- What is due for orders

-- Each order as the order service last reported it, and how far its money is settled. Every
-- transaction about the order's money locks this row first.
CREATE TABLE dues (
  order_id BLOB NOT NULL PRIMARY KEY,
  order_version INTEGER NOT NULL,
  order_status TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  provider_id BLOB,
  price_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  order_created_at INTEGER NOT NULL,
  -- The terms of the cancellation. NULL if it is free.
  cancel_fee_minor INTEGER,
  cancel_fee_to BLOB,
  payment_status TEXT NOT NULL,
  money_version INTEGER NOT NULL,
  -- When the newest payment status was published. The report asks the order service if it took it.
  told_at INTEGER NOT NULL DEFAULT 0,
  saga TEXT NOT NULL,
  completed_by BLOB,
  completed_heard_at INTEGER,
  granted_minor INTEGER NOT NULL,
  goodwill_minor INTEGER NOT NULL,
  next_at INTEGER,
  looked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dues_next ON dues (next_at);
CREATE INDEX dues_told ON dues (told_at, order_id);
CREATE INDEX dues_saga ON dues (saga, order_status);

-- Versions of the platform's fees. Each applies to orders created since `in_force_from`.
CREATE TABLE fee_policies (
  in_force_from INTEGER NOT NULL PRIMARY KEY,
  platform_fee_bp INTEGER NOT NULL,
  cancel_fee_bp INTEGER NOT NULL,
  cancel_notice_ms INTEGER NOT NULL,
  -- NULL for the built-in first version.
  set_by BLOB,
  set_at INTEGER
) STRICT;

INSERT INTO fee_policies (in_force_from, platform_fee_bp, cancel_fee_bp, cancel_notice_ms)
  VALUES (0, 1000, 1000, 86400000);

-- Requests of people by their keys, kept forever so that a repeat finds the movement that the first
-- request started.
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

-- Payment methods that a customer stored: tokens of the adapter, never card data.
CREATE TABLE kept_methods (
  customer_id BLOB NOT NULL,
  method TEXT NOT NULL,
  -- True for at most one method of a customer.
  is_default INTEGER NOT NULL,
  kept_at INTEGER NOT NULL,
  PRIMARY KEY (customer_id, method)
) STRICT;

-- Movements of money through the adapter

-- Attempts to pay an order. The adapter receives the id.
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

CREATE TABLE chargebacks (
  id BLOB NOT NULL PRIMARY KEY,
  order_id BLOB NOT NULL,
  payment_id BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  is_reversed INTEGER NOT NULL,
  heard_at INTEGER NOT NULL
) STRICT;
CREATE INDEX chargebacks_order_id ON chargebacks (order_id, heard_at, id);
CREATE INDEX chargebacks_payment ON chargebacks (payment_id);

-- The movement that each fee of the adapter belongs to, by the line of its statement. The journal
-- has the amount.
CREATE TABLE adapter_fees (
  id BLOB NOT NULL PRIMARY KEY,
  movement_id BLOB NOT NULL,
  heard_at INTEGER NOT NULL
) STRICT;
CREATE INDEX adapter_fees_movement ON adapter_fees (movement_id);

-- Messages that claimed to come from the adapter, genuine or forged. They move no money.
CREATE TABLE callbacks (
  id BLOB NOT NULL PRIMARY KEY,
  adapter TEXT NOT NULL,
  verdict TEXT NOT NULL,
  -- As the message states it.
  movement_id BLOB,
  claim TEXT,
  amount_minor INTEGER,
  body_hash BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX callbacks_at ON callbacks (at, id);
CREATE INDEX callbacks_movement ON callbacks (movement_id, at, id);

-- The books

-- Journal entries, each booked once under its key. The nil id stands for no party.
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
CREATE INDEX journals_at ON journals (at, seq);

-- The postings of journal entries. Debits are positive, and the postings of an entry sum to zero.
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
-- The report sums recent postings by journal entry.
CREATE INDEX transactions_at ON transactions (at, journal_id, amount_minor);
CREATE INDEX transactions_journal ON transactions (journal_id);

-- Balances. What we owe or have earned is never above zero. Each of the platform's own accounts has
-- several rows; their sum is the balance.
CREATE TABLE accounts (
  account TEXT NOT NULL,
  owner_id BLOB NOT NULL,
  currency TEXT NOT NULL,
  balance_minor INTEGER NOT NULL,
  PRIMARY KEY (account, owner_id, currency),
  CONSTRAINT accounts_sign CHECK (account IN ('adapter', 'loss') OR balance_minor <= 0)
) STRICT;

-- The work of admins

-- Refunds that customers requested, and the admin's decision.
CREATE TABLE refund_requests (
  id BLOB NOT NULL PRIMARY KEY,
  order_id BLOB NOT NULL,
  customer_id BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  status TEXT NOT NULL,
  -- The customer's text, sealed.
  reason TEXT NOT NULL,
  granted_minor INTEGER,
  decided_by BLOB,
  decided_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refund_requests_order_id ON refund_requests (order_id, created_at, id);
CREATE INDEX refund_requests_status ON refund_requests (status, created_at, id);

-- Cases that need an admin.
CREATE TABLE money_cases (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  movement_id BLOB NOT NULL,
  opened_at INTEGER NOT NULL,
  -- The admin's reason for closing it is in `money_acts`.
  closed_at INTEGER,
  closed_by BLOB
) STRICT;
CREATE UNIQUE INDEX money_cases_one ON money_cases (order_id, kind, movement_id);
CREATE INDEX money_cases_open ON money_cases (closed_at, id);

-- Decisions of admins about money.
CREATE TABLE money_acts (
  id BLOB NOT NULL PRIMARY KEY,
  order_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  -- The refund, or the compensated provider.
  subject BLOB,
  amount_minor INTEGER,
  by_id BLOB NOT NULL,
  -- Sealed.
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX money_acts_order ON money_acts (order_id, at, id);

-- Reconciliation

-- One row: everything that changed before `at` has been compared with the order service.
CREATE TABLE compared_until (
  id INTEGER NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;

-- The daily reports: how many items differed, and how many were still waiting.
CREATE TABLE reconciliations (
  at INTEGER NOT NULL PRIMARY KEY,
  differences INTEGER NOT NULL,
  waiting INTEGER NOT NULL
) STRICT;

-- The simulated adapter

-- What the simulated adapter has moved, whatever the books say.
CREATE TABLE simulated_movements (
  id BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  -- The payment that a refund returns.
  payment_id BLOB,
  -- The provider of a charge, or the recipient of a payout.
  provider_id BLOB,
  amount_minor INTEGER NOT NULL,
  -- The adapter's fee.
  fee_minor INTEGER NOT NULL DEFAULT 0,
  method TEXT NOT NULL,
  state TEXT NOT NULL,
  -- When a simulated customer finishes paying.
  pays_at INTEGER,
  -- How many more calls go unanswered.
  silences INTEGER NOT NULL
) STRICT;
CREATE INDEX simulated_movements_provider ON simulated_movements (provider_id, id);

CREATE TABLE simulated_chargebacks (
  id BLOB NOT NULL PRIMARY KEY,
  payment_id BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  is_reversed INTEGER NOT NULL
) STRICT;
CREATE INDEX simulated_chargebacks_payment ON simulated_chargebacks (payment_id);

-- Callbacks that the simulated adapter has yet to send.
CREATE TABLE simulated_callbacks (
  id BLOB NOT NULL PRIMARY KEY,
  movement_id BLOB NOT NULL,
  send_at INTEGER NOT NULL
) STRICT;
CREATE INDEX simulated_callbacks_time ON simulated_callbacks (send_at);

-- The database itself refuses to change or delete a journal entry, a posting or a callback. A
-- further journal entry corrects a mistake.
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
