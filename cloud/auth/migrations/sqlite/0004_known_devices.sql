-- Devices that signed in before, by a hash of their secret.
CREATE TABLE known_devices (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  secret_hash BLOB NOT NULL,
  seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX known_devices_secret ON known_devices (secret_hash, user_id);
CREATE INDEX known_devices_user ON known_devices (user_id, seen_at);
CREATE INDEX known_devices_expiry ON known_devices (expires_at);

-- Wrong passwords count for a name at one place: an address or a known device, by its hash.
ALTER TABLE login_failures ADD COLUMN place_hash BLOB NOT NULL DEFAULT x'';
CREATE INDEX login_failures_place ON login_failures (name_hash, place_hash, at);
