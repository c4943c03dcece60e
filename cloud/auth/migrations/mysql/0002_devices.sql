-- The tablets that registered a public key, one row for each person and key. The id follows from
-- both.
CREATE TABLE devices (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  -- What its person calls it. Sealed.
  label VARCHAR(400) NOT NULL,
  -- The tablet's name at edges.
  tablet VARCHAR(40) NOT NULL,
  first_seen_at BIGINT NOT NULL,
  -- When it got its newest grant.
  renewed_at BIGINT NOT NULL,
  ended_at BIGINT NULL,
  KEY devices_user (user_id, renewed_at),
  KEY devices_ended (ended_at),
  CONSTRAINT devices_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The device whose key a grant is bound to; NULL for other sessions.
ALTER TABLE sessions ADD COLUMN device_id BINARY(16) NULL;
