-- One fact told to one person: an id, the columns that are searched by, and the rest as JSON.
CREATE TABLE notifications (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL,
    role       INTEGER NOT NULL,
    event_id   BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    is_read    INTEGER NOT NULL DEFAULT 0,
    read_at    INTEGER,
    body       TEXT    NOT NULL CHECK (json_valid(body))
) STRICT;

-- A redelivered event doubles nothing.
CREATE UNIQUE INDEX notifications_once ON notifications (user_id, event_id);
CREATE INDEX notifications_newest ON notifications (user_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, is_read);
CREATE INDEX notifications_read ON notifications (read_at) WHERE is_read = 1;
