-- The keys that sign tokens, in the order in which they sign. The private half is sealed by the key file of auth and goes
-- once the key signs no more; it is absent from the key that is the file itself.
CREATE TABLE signing_keys (
  kid VARCHAR(43) NOT NULL PRIMARY KEY,
  place BIGINT NOT NULL UNIQUE,
  public_key BINARY(32) NOT NULL,
  sealed VARBINARY(200) NULL,
  in_file BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  trusted_from BIGINT NOT NULL,
  signs_from BIGINT NOT NULL,
  signed_until BIGINT NULL,
  former_at BIGINT NULL,
  rotated_by BINARY(16) NULL,
  rotated_why VARCHAR(500) NULL,
  killed_at BIGINT NULL,
  killed_by BINARY(16) NULL,
  killed_why VARCHAR(500) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
