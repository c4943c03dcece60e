-- Jobs that repeat. Each occurrence is an order of its own.
CREATE TABLE series (
  id BINARY(16) NOT NULL PRIMARY KEY,
  customer_id BINARY(16) NOT NULL,
  -- As in iCalendar, in the customer's time zone.
  rule VARCHAR(200) NOT NULL,
  time_zone VARCHAR(64) NOT NULL,
  occurrences BIGINT NOT NULL,
  KEY series_customer (customer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE series_orders (
  order_id BINARY(16) NOT NULL PRIMARY KEY,
  series_id BINARY(16) NOT NULL,
  -- From 1 on, in the order of their times when they were published.
  number BIGINT NOT NULL,
  UNIQUE KEY series_orders_number (series_id, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
