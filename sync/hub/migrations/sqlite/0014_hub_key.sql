-- The public key by which edges know the hub. A replica with another key does not start.
CREATE TABLE hub_key (
  one INTEGER NOT NULL PRIMARY KEY,
  public_key BLOB NOT NULL
) STRICT;
-- By its newest Hello: the edge checks no hub's key; its link goes over plain HTTP to another machine.
ALTER TABLE edges ADD COLUMN takes_any_hub INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN plain_line INTEGER NOT NULL DEFAULT 0;
