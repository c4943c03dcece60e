-- The simulated adapter's own truth: what it has moved, whatever the books say.
CREATE TABLE simulated_movements (
  id BINARY(16) NOT NULL PRIMARY KEY,
  kind VARCHAR(8) NOT NULL,
  -- Of a refund.
  payment_id BINARY(16) NULL,
  amount_minor BIGINT NOT NULL,
  method VARCHAR(64) NOT NULL,
  state VARCHAR(12) NOT NULL,
  -- It is paid from this moment on, as though its customer had taken that long.
  pays_at BIGINT NULL,
  -- So many calls more are answered with silence.
  silences BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE simulated_chargebacks (
  id BINARY(16) NOT NULL PRIMARY KEY,
  payment_id BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  is_reversed INT NOT NULL,
  KEY simulated_chargebacks_payment (payment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
