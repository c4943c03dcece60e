-- The messages between customer and provider of the orders here, as the cloud has told them.
CREATE TABLE messages (
    order_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    provider_id BLOB NOT NULL,
    from_provider INTEGER NOT NULL,
    text TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    PRIMARY KEY (order_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_by_provider ON messages (provider_id);
CREATE INDEX messages_guard ON messages (customer_id, provider_id, id, from_provider, text, sent_at);

-- All messages up to this time are here. No row before the cloud has told them.
CREATE TABLE messages_told (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_told_guard ON messages_told (at);
