-- Tokens of this person from before this moment are good for nothing; 0 for somebody who was never let in again.
ALTER TABLE users ADD COLUMN tokens_since BIGINT NOT NULL DEFAULT 0;

-- People who were revoked and are let in again, with the closing that each ends. The rows stay, as the record.
CREATE TABLE readmissions (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  at BIGINT NOT NULL,
  by_user BINARY(16) NOT NULL,
  why VARCHAR(500) NOT NULL,
  closed_at BIGINT NULL,
  closed_by BINARY(16) NULL,
  closed_why VARCHAR(500) NULL,
  KEY readmissions_user (user_id, at),
  CONSTRAINT readmissions_owner FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
