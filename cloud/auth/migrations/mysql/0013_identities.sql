-- The accounts of people at other services, by a keyed hash of the name that the service gives them.
CREATE TABLE identities (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  issuer VARCHAR(200) NOT NULL,
  subject_hash BINARY(32) NOT NULL,
  -- The account was registered by it; any other one was linked later.
  is_origin BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE KEY identities_subject (issuer, subject_hash),
  UNIQUE KEY identities_user (user_id, issuer),
  CONSTRAINT identities_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Visits at issuers that were ended, until their tickets would be too old anyway.
CREATE TABLE ended_visits (
  id BINARY(16) NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL,
  KEY ended_visits_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
