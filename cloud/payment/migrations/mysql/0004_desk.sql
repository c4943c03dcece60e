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
