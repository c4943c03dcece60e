-- The photo that a message names.
ALTER TABLE order_messages ADD COLUMN photo_hash BINARY(32) NULL;
ALTER TABLE order_messages ADD COLUMN photo_bytes BIGINT NULL;
-- True for the photo of a message: it goes with the message, and its file has another place.
ALTER TABLE order_photos ADD COLUMN in_message BOOLEAN NOT NULL DEFAULT FALSE;
