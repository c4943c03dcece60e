-- The photo that a message names. Its picture is a file, and comes later.
ALTER TABLE messages ADD COLUMN photo_hash BLOB;
ALTER TABLE messages ADD COLUMN photo_bytes INTEGER;
CREATE INDEX messages_with_photo ON messages (sent_at) WHERE photo_hash IS NOT NULL;
DROP INDEX messages_guard;
CREATE INDEX messages_guard ON messages (customer_id, provider_id, id, from_provider, text, sent_at,
    photo_hash, photo_bytes);
