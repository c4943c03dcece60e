-- How often an accept that waits has failed alone. After three times it is handed in no more until an
-- operator says so, which stands below with who did.
ALTER TABLE asks ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;

CREATE TABLE ask_retries (
  command_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  made_by BLOB NOT NULL
) STRICT;
CREATE INDEX ask_retries_ask ON ask_retries (command_id, user_id);
