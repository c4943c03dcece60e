-- Whom an admin has verified, by the newest version of their profile that was told.
CREATE TABLE provider_marks (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  verified BOOLEAN NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
