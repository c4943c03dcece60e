-- The photo that a message names.
ALTER TABLE order_messages ADD COLUMN photo_hash BLOB;
ALTER TABLE order_messages ADD COLUMN photo_bytes INTEGER;
-- True for the photo of a message: it goes with the message, and its file has another place.
ALTER TABLE order_photos ADD COLUMN in_message INTEGER NOT NULL DEFAULT 0;
