-- How often an accept that waits has failed alone. After three times it is handed in no more until an
-- operator says so, which stands below with who did.
ALTER TABLE asks ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;

CREATE TABLE ask_retries (
  command_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  at BIGINT NOT NULL,
  made_by BINARY(16) NOT NULL,
  KEY ask_retries_ask (command_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
