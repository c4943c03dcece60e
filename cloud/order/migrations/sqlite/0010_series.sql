-- Jobs that repeat. Each occurrence is an order of its own.
CREATE TABLE series (
  id BLOB NOT NULL PRIMARY KEY,
  customer_id BLOB NOT NULL,
  -- As in iCalendar, in the customer's time zone.
  rule TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  occurrences INTEGER NOT NULL
) STRICT;
CREATE INDEX series_customer ON series (customer_id);

CREATE TABLE series_orders (
  order_id BLOB NOT NULL PRIMARY KEY,
  series_id BLOB NOT NULL,
  -- From 1 on, in the order of their times when they were published.
  number INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX series_orders_number ON series_orders (series_id, number);
