-- Devices that signed in before, by a hash of their secret.
CREATE TABLE known_devices (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  secret_hash BINARY(32) NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE KEY known_devices_secret (secret_hash, user_id),
  KEY known_devices_user (user_id, seen_at),
  KEY known_devices_expiry (expires_at),
  CONSTRAINT known_devices_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Wrong passwords count for a name at one place: an address or a known device, by its hash.
ALTER TABLE login_failures
  ADD COLUMN place_hash BINARY(32) NOT NULL DEFAULT '',
  ADD KEY login_failures_place (name_hash, place_hash, at);
