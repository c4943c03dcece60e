-- The document that an event was written with, as COLLECTION/ID: it is kept until its events have left.
ALTER TABLE outbox ADD COLUMN document TEXT;
CREATE INDEX outbox_document ON outbox (document) WHERE document IS NOT NULL AND sent_at IS NULL;
