-- The keys that an edge has had before the present one. They verify its older receipts and let nobody in.
CREATE TABLE former_keys (
  edge VARCHAR(40) NOT NULL,
  public_key BINARY(32) NOT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (edge, public_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
