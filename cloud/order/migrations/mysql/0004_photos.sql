-- The photos that the history of an order names, each from its first chunk on. A name with another
-- length is another photo: one of the two is false and never becomes whole.
CREATE TABLE order_photos (
  id BINARY(16) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL,
  command_id BINARY(16) NOT NULL,
  -- SHA-256 of its bytes.
  hash BINARY(32) NOT NULL,
  bytes BIGINT NOT NULL,
  -- The author of the command. The file store has the photo under this person.
  owner_id BINARY(16) NOT NULL,
  -- How many bytes from the start are in photo_chunks, until the photo is settled.
  staged BIGINT NOT NULL,
  begun_at BIGINT NOT NULL,
  -- When it was kept or refused; it has no chunks any more.
  settled_at BIGINT NULL,
  -- The media type of a kept photo.
  kind VARCHAR(20) NULL,
  -- Why it was refused.
  refused VARCHAR(40) NULL,
  UNIQUE KEY order_photos_name (order_id, command_id, hash, bytes),
  KEY order_photos_unsettled (settled_at, begun_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE photo_chunks (
  photo_id BINARY(16) NOT NULL,
  first_byte BIGINT NOT NULL,
  -- Sealed.
  body MEDIUMBLOB NOT NULL,
  PRIMARY KEY (photo_id, first_byte)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
