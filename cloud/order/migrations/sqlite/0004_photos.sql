-- The photos that the history of an order names, each from its first chunk on. A name with another
-- length is another photo: one of the two is false and never becomes whole.
CREATE TABLE order_photos (
  id BLOB NOT NULL PRIMARY KEY,
  order_id BLOB NOT NULL,
  command_id BLOB NOT NULL,
  -- SHA-256 of its bytes.
  hash BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  -- The author of the command. The file store has the photo under this person.
  owner_id BLOB NOT NULL,
  -- How many bytes from the start are in photo_chunks, until the photo is settled.
  staged INTEGER NOT NULL,
  begun_at INTEGER NOT NULL,
  -- When it was kept or refused; it has no chunks any more.
  settled_at INTEGER,
  -- The media type of a kept photo.
  kind TEXT,
  -- Why it was refused.
  refused TEXT
) STRICT;
CREATE UNIQUE INDEX order_photos_name ON order_photos (order_id, command_id, hash, bytes);
CREATE INDEX order_photos_unsettled ON order_photos (settled_at, begun_at);

CREATE TABLE photo_chunks (
  photo_id BLOB NOT NULL,
  first_byte INTEGER NOT NULL,
  -- Sealed.
  body BLOB NOT NULL,
  PRIMARY KEY (photo_id, first_byte)
) STRICT;
