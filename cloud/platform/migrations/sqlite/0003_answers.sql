-- Answers that were given under a person's Idempotency-Key, sealed. One without an answer is claimed until then.
CREATE TABLE answers (
  person_id BLOB NOT NULL,
  key_id BLOB NOT NULL,
  holder BLOB NOT NULL,
  until_ms INTEGER NOT NULL,
  answer BLOB,
  at INTEGER NOT NULL,
  PRIMARY KEY (person_id, key_id)
) STRICT;
CREATE INDEX answers_newest ON answers (person_id, at);
CREATE INDEX answers_at ON answers (at);
