-- Messages between the customer of an order and its provider at that time.
CREATE TABLE order_messages (
  order_id BINARY(16) NOT NULL,
  -- Counts the messages of the order.
  number BIGINT NOT NULL,
  -- The sender's idempotency key, under which a message is stored once.
  id BINARY(16) NOT NULL,
  provider_id BINARY(16) NOT NULL,
  from_provider BOOLEAN NOT NULL,
  -- Sealed.
  text TEXT NOT NULL,
  sent_at BIGINT NOT NULL,
  -- When its recipient opened it.
  read_at BIGINT NULL,
  -- When its recipient gets a line in their inbox. NULL if they have read it, if they got the line,
  -- or if the line of an earlier unread message covers it.
  notice_at BIGINT NULL,
  PRIMARY KEY (order_id, number),
  UNIQUE KEY order_messages_id (order_id, from_provider, id),
  KEY order_messages_notice (notice_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Reports of a message by its recipient, each a case for an admin.
CREATE TABLE message_reports (
  order_id BINARY(16) NOT NULL,
  number BIGINT NOT NULL,
  -- Sealed.
  why VARCHAR(2800) NOT NULL,
  reported_at BIGINT NOT NULL,
  PRIMARY KEY (order_id, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- People whose messages a person does not want, about any order.
CREATE TABLE message_blocks (
  blocker_id BINARY(16) NOT NULL,
  blocked_id BINARY(16) NOT NULL,
  blocked_at BIGINT NOT NULL,
  PRIMARY KEY (blocker_id, blocked_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
