-- Codes that were sent to phones, one for each number, by keyed hashes of both. A code that has opened a session is removed.
CREATE TABLE sign_in_codes (
  id BINARY(16) NOT NULL PRIMARY KEY,
  phone_hash BINARY(32) NOT NULL,
  code_hash BINARY(32) NOT NULL,
  tries BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE KEY sign_in_codes_phone (phone_hash),
  KEY sign_in_codes_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
