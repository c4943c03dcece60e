-- Events. The transaction that makes a change also writes its event here; the relay sends unsent
-- events in the order of `seq`.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id BLOB NOT NULL UNIQUE,
  event TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  sent_at INTEGER,
  -- The document that the change wrote, as COLLECTION/ID. It stays until its events are sent.
  document TEXT
) STRICT;
CREATE INDEX outbox_unsent ON outbox (sent_at, seq);
CREATE INDEX outbox_document ON outbox (document) WHERE document IS NOT NULL AND sent_at IS NULL;

-- Events that a consumer has handled. A second delivery finds its row here.
CREATE TABLE inbox (
  consumer TEXT NOT NULL,
  event_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (consumer, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_at ON inbox (at);

-- Requests to send the events made since `since_ms`, up to the row `last_seq`, to one queue again,
-- in the order in which they were written.
CREATE TABLE replays (
  id BLOB NOT NULL PRIMARY KEY,
  queue TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  done_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  asked_by BLOB NOT NULL,
  asked_at INTEGER NOT NULL,
  done_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX replays_open ON replays (done_at, asked_at);

-- Sealed answers to requests with an Idempotency-Key, for each person.
CREATE TABLE answers (
  person_id BLOB NOT NULL,
  key_id BLOB NOT NULL,
  -- Until `until_ms`, the request that claimed the key may still write its answer.
  holder BLOB NOT NULL,
  until_ms INTEGER NOT NULL,
  answer BLOB,
  at INTEGER NOT NULL,
  PRIMARY KEY (person_id, key_id)
) STRICT;
CREATE INDEX answers_newest ON answers (person_id, at);
CREATE INDEX answers_at ON answers (at);

-- Work that only one replica may do at a time.
CREATE TABLE leases (
  name TEXT NOT NULL PRIMARY KEY,
  holder BLOB NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT;

-- Runs of scheduled jobs. The replica that writes the row of a slot first runs the job.
CREATE TABLE job_runs (
  name TEXT NOT NULL,
  slot INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (name, slot)
) STRICT, WITHOUT ROWID;
