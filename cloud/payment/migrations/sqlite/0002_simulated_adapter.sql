-- The simulated adapter's own truth: what it has moved, whatever the books say.
CREATE TABLE simulated_movements (
  id BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  -- Of a refund.
  payment_id BLOB,
  amount_minor INTEGER NOT NULL,
  method TEXT NOT NULL,
  state TEXT NOT NULL,
  -- It is paid from this moment on, as though its customer had taken that long.
  pays_at INTEGER,
  -- So many calls more are answered with silence.
  silences INTEGER NOT NULL
) STRICT;

CREATE TABLE simulated_chargebacks (
  id BLOB NOT NULL PRIMARY KEY,
  payment_id BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  is_reversed INTEGER NOT NULL
) STRICT;
CREATE INDEX simulated_chargebacks_payment ON simulated_chargebacks (payment_id);
