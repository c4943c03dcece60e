-- Answers that were given under a person's Idempotency-Key, sealed. One without an answer is claimed until then.
CREATE TABLE answers (
  person_id BINARY(16) NOT NULL,
  key_id BINARY(16) NOT NULL,
  holder BINARY(16) NOT NULL,
  until_ms BIGINT NOT NULL,
  answer MEDIUMBLOB NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (person_id, key_id),
  KEY answers_newest (person_id, at),
  KEY answers_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
