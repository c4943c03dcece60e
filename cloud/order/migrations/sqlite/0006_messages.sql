-- Messages between the customer of an order and its provider at that time.
CREATE TABLE order_messages (
  order_id BLOB NOT NULL,
  -- Counts the messages of the order.
  number INTEGER NOT NULL,
  -- The sender's idempotency key, under which a message is stored once.
  id BLOB NOT NULL,
  provider_id BLOB NOT NULL,
  from_provider INTEGER NOT NULL,
  -- Sealed.
  text TEXT NOT NULL,
  sent_at INTEGER NOT NULL,
  -- When its recipient opened it.
  read_at INTEGER,
  -- When its recipient gets a line in their inbox. NULL if they have read it, if they got the line,
  -- or if the line of an earlier unread message covers it.
  notice_at INTEGER,
  PRIMARY KEY (order_id, number)
) STRICT;
CREATE UNIQUE INDEX order_messages_id ON order_messages (order_id, from_provider, id);
CREATE INDEX order_messages_notice ON order_messages (notice_at);

-- Reports of a message by its recipient, each a case for an admin.
CREATE TABLE message_reports (
  order_id BLOB NOT NULL,
  number INTEGER NOT NULL,
  -- Sealed.
  why TEXT NOT NULL,
  reported_at INTEGER NOT NULL,
  PRIMARY KEY (order_id, number)
) STRICT;

-- People whose messages a person does not want, about any order.
CREATE TABLE message_blocks (
  blocker_id BLOB NOT NULL,
  blocked_id BLOB NOT NULL,
  blocked_at INTEGER NOT NULL,
  PRIMARY KEY (blocker_id, blocked_id)
) STRICT;
