-- Acceptances that lost, numbered without a gap in each region, for pages that watch. The last ones are kept.
CREATE TABLE lost_acceptances (
  region VARCHAR(16) NOT NULL,
  number BIGINT NOT NULL,
  order_id BINARY(16) NOT NULL,
  PRIMARY KEY (region, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
ALTER TABLE regions ADD COLUMN lost BIGINT NOT NULL DEFAULT 0;
