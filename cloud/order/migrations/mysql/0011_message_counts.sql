-- The highest number that the messages of an order had before a deleted provider's were removed: no
-- number is given twice, because edges and tablets ask for what follows the last one that they have.
CREATE TABLE message_counts (
  order_id BINARY(16) NOT NULL PRIMARY KEY,
  newest BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
